"""Threads that share out small tasks, for loops that let other threads run meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Task = TypeVar("Task")


class Crew:
    """Some threads; each takes the next task when it has done its last."""

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        # many small steps of torch gain nothing from threads of their own
        self._pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))

    def each(self, work: Callable[[Task], object], tasks: Sequence[Task]) -> None:
        """Do `work` on every task, in any order; raises what one of them raised.

        The tasks may write into arrays that they share, each into a place of its own.
        """
        waiting = iter(tasks)

        @torch.inference_mode()  # a thread has a mode of its own
        def take() -> None:
            for task in waiting:
                work(task)

        if self.threads == 1 or len(tasks) == 1:
            take()
            return
        for member in [self._pool.submit(take) for _ in range(min(self.threads, len(tasks)))]:
            member.result()
