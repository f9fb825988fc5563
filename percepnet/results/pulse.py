"""A running cell's signs of life: its stage, its images, and a status file that never grows old."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from percepnet.errors import PercepnetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from percepnet.results.status import Status

WRITE_S = 2.0
"""A status that changes is written this often, no more."""
BEAT_S = 10.0
"""A status that does not change is written this often too."""
STALE_S = 120.0
"""A running cell whose status has not been written for so long is lost, wherever it ran."""


class Pulse:
    """What a running cell tells of itself; a thread of its own writes it down.

    So no work waits for a disk, and long sums between two images look alive too.
    """

    def __init__(self, status: Status, folder: Path) -> None:
        self.status = status
        self._folder = folder
        self._written = status
        self._born = time.monotonic()
        self._began = 0.0
        self._ended = threading.Event()

    def stage(self, name: str) -> None:
        """Say what is done from now on."""
        self.status = replace(self.status, stage=name, images_done=0, images_total=0, speed=0.0)

    def images(self, done: int, total: int) -> None:
        """Say how many images of an extraction have passed."""
        now = time.monotonic()
        if not done or not self.status.images_total:
            self._began = now
        speed = done / (now - self._began) if now > self._began else 0.0
        self.status = replace(self.status, images_done=done, images_total=total, speed=speed)

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Keep the status file fresh until the block ends; nothing is written after that."""
        thread = threading.Thread(target=self._beat, name="pulse", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _beat(self) -> None:
        last = time.monotonic()
        while not self._ended.wait(WRITE_S):
            current, now = self.status, time.monotonic()
            if current == self._written and now - last < BEAT_S:
                continue
            try:
                current.now(current.state, seconds=now - self._born).write(self._folder)
            except (OSError, PercepnetError):
                continue  # a full disk: the work itself will meet it, and say so
            self._written, last = current, now
