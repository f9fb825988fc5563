"""Threads that share out tasks which let other threads run meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from threading import local
from typing import TYPE_CHECKING, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Task = TypeVar("Task")

_here = local()


def _enter() -> None:
    """Begin a member's thread: what it does uses no further threads, neither torch's nor those of a crew."""
    _here.is_member = True
    torch.set_num_threads(1)


class Crew:
    """Some threads; each takes the next task when it has done its last."""

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads, initializer=_enter)

    def each(self, work: Callable[[Task], object], tasks: Sequence[Task]) -> None:
        """Do `work` on every task, in any order; raises what one of them raised, after the last has ended.

        The tasks may write into arrays that they share, each into a place of its own. A single task has all
        of torch's threads; a task that shares out tasks does them itself.
        """
        waiting = iter(tasks)

        @torch.inference_mode()  # a thread has a mode of its own
        def take() -> None:
            try:
                for task in waiting:
                    work(task)
            except BaseException:
                for _ in waiting:  # nobody begins another one
                    pass
                raise

        if self.threads == 1 or len(tasks) == 1 or getattr(_here, "is_member", False):
            take()
            return
        members = [self._pool.submit(take) for _ in range(min(self.threads, len(tasks)))]
        wait(members)
        for member in members:
            member.result()
