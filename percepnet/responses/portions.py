"""How many images pass at once: as many as pay and fit, and half as many once memory was refused."""

from __future__ import annotations

import gc
import logging
import math
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import torch

from percepnet.errors import InputError
from percepnet.heap import trim
from percepnet.responses.crew import Crew
from percepnet.responses.limits import images_at_once, is_out_of_memory, response_bytes
from percepnet.responses.memory import available
from percepnet.responses.plan import SHARD_PAIRS

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from torch import Tensor

    from percepnet.networks.network import Network

log = logging.getLogger(__name__)

Made = TypeVar("Made")
Span = tuple[int, int]
"""Images of a batch: `start <= place < stop`."""

AUTO = "auto"
FIRST = 8
"""Images that pass at once at first where `auto` finds how many; a CPU's thread gains nothing from more."""
EACH = 4
"""Images that each thread of a CPU passes at once, where `auto` tells how many."""
MOST = SHARD_PAIRS + 1
"""A reference and the pairs of a shard: no batch is larger."""
SLOWER = 1.1
"""Times longer per image than before is slower; less than that may be noise, or the reference's share."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many images may pass at once.

    Attributes:
        first: At first.
        most: At most; where it is more than `first`, their number is doubled while that pays.
    """

    first: int
    most: int

    @classmethod
    def of(cls, batch: int | str, device: torch.device, threads: int) -> Room:
        """Return what `compute.batch` means on a device, or for so many threads of a CPU.

        Raises:
            InputError: It is neither `auto` nor a number of images.
        """
        if batch == AUTO and device.type == "cpu":
            batch = max(FIRST, EACH * threads)
        if batch == AUTO:
            return cls(FIRST, MOST)
        if isinstance(batch, int) and batch >= 1:
            return cls(batch, batch)
        expected = "auto, or a whole number from 1"
        raise InputError("compute.batch is no number of images", expected=expected, found=repr(batch))


@dataclass(slots=True)
class Pace:
    """How many images of one size pass at once, found by doubling.

    The first pass of a number does not count: libraries choose or compile their kernels in it.

    Attributes:
        at_once: Images that pass at once now.
        most: That the memory seems to allow.
        settled: Whether their number stays what it is, but for a refusal.
        best: Fewest seconds per image so far.
        proven: The number before the last doubling.
        is_warm: Whether this number has passed before.
    """

    at_once: int
    most: int
    settled: bool = field(init=False)
    best: float = field(init=False, default=math.inf)
    proven: int = field(init=False, default=0)
    is_warm: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.settled = self.at_once >= self.most

    def took(self, seconds: float) -> None:
        """Double the number after a full pass that made no image slower, else go back to the one before."""
        if not self.is_warm:
            self.is_warm = True
            return
        each = seconds / self.at_once
        if each > SLOWER * self.best:
            self.at_once, self.settled = self.proven, True
            return
        self.best, self.proven = min(each, self.best), self.at_once
        self.at_once = min(2 * self.at_once, self.most)
        self.settled = self.at_once == self.proven
        self.is_warm = False

    def refused(self, several: int) -> None:
        """Halve the number for good."""
        self.at_once, self.settled = several // 2, True


@dataclass
class Portions:
    """Passes batches whole where they fit and that pays, else in portions, in the same order.

    Attributes:
        network: Through which they pass.
        stages: Taps at which more is kept of a reference.
        threads: Images that are reduced at once on a CPU.
        room: How many images may pass at once, in all threads together.
        whole: The responses at all taps exist at the same time.
        crew: Threads that pass portions at the same time.
        clock: Tells seconds.
        paces: For every image size that has come, how many pass at once.
    """

    network: Network
    stages: AbstractSet[str]
    threads: int
    room: Room
    whole: bool = False
    crew: Crew = field(default_factory=Crew)
    clock: Callable[[], float] = time.perf_counter
    paces: dict[tuple[int, ...], Pace] = field(default_factory=dict)

    def passed(
        self, images: Tensor, work: Callable[[Tensor, bool], Made], *, has_reference: bool
    ) -> list[Made]:
        """Return what `work` made of portions of a batch, but for one that was the reference alone.

        Where threads share out the others, the reference passes before them.

        Raises:
            InputError: The memory does not suffice for a single image.
        """
        made: dict[int, Made] = {}
        pace = self._pace(images)
        waiting = [(0, len(images))]
        if has_reference and self._is_shared_out(len(images) - 1, pace):
            waiting = [(0, 1), (1, len(images))]
        while waiting:
            first = has_reference and waiting[0][0] == 0  # the others need what it leaves
            portions, waiting = self._cut(waiting, pace, one=first)
            refused: dict[Span, str] = {}

            def attempt(portion: Span, refused: dict[Span, str] = refused) -> None:
                start, stop = portion
                with_reference = has_reference and start == 0
                try:
                    one = self._timed(pace, images[start:stop], work, with_reference)
                except (RuntimeError, MemoryError) as error:
                    if not is_out_of_memory(error):
                        raise
                    refused[portion] = str(error)
                else:
                    if stop - start > with_reference:
                        made[start] = one

            self.crew.each(attempt, portions)
            if refused:
                # outside of the handler: an error holds on to its frames, and they to the responses
                largest = max(stop - start for start, stop in refused)
                several = largest * min(len(portions), self.crew.threads)
                self._halve(pace, images, several, next(iter(refused.values())))
            waiting = sorted(refused) + waiting
        return [made[start] for start in sorted(made)]

    def _is_shared_out(self, several: int, pace: Pace) -> bool:
        """Whether every thread passes images of its own; not where some would have none."""
        return 1 < self.crew.threads <= min(several, pace.at_once)

    def _cut(self, waiting: list[Span], pace: Pace, *, one: bool) -> tuple[list[Span], list[Span]]:
        """Return the portions that pass now, and what is left: one, or one after another by every thread."""
        (start, stop), *left = waiting
        several = stop - start
        if one or not self._is_shared_out(several, pace):
            middle = min(start + pace.at_once, stop)
            return [(start, middle)], [*([(middle, stop)] if middle < stop else []), *left]
        threads = self.crew.threads
        rounds = math.ceil(several / (threads * (pace.at_once // threads)))
        count = min(rounds * threads, several)
        bounds = [start + several * part // count for part in range(count + 1)]
        # larger ones first: those that come last then end together
        return sorted(pairwise(bounds), key=lambda span: span[0] - span[1]), left

    def _timed(
        self, pace: Pace, portion: Tensor, work: Callable[[Tensor, bool], Made], has_reference: bool
    ) -> Made:
        """Return what `work` made of a portion; its time counts if it was a full one."""
        if pace.settled or len(portion) < pace.at_once:
            return work(portion, has_reference)
        _finish(portion.device)
        began = self.clock()
        made = work(portion, has_reference)
        _finish(portion.device)
        pace.took(self.clock() - began)
        if pace.settled:
            log.info("%d images pass at once: more do not fit, or are not faster", pace.at_once)
        return made

    def _pace(self, images: Tensor) -> Pace:
        """Return how many images of this size pass at once, as far as that is known beforehand."""
        height, width = size = (images.shape[1], images.shape[2])
        if size not in self.paces:
            trim()  # of what was kept for images of another size
            free = available(images.device)
            threads = self.threads if images.device.type == "cpu" else 1
            sizes = response_bytes(self.network, height, width)
            fit = images_at_once(sizes, self.stages, self.room.most, free, threads, whole=self.whole)
            wanted = min(self.room.first, len(images))
            if fit < wanted:
                said = "%d instead of %d images of %d x %d pass at once: there is no memory for more"
                log.info(said, fit, wanted, height, width)
            self.paces[size] = Pace(min(self.room.first, fit), fit)
        return self.paces[size]

    def _halve(self, pace: Pace, images: Tensor, several: int, refused: str) -> None:
        if several == 1:
            raise InputError(
                "the memory does not suffice for the responses to a single image",
                expected=f"room for {images.shape[1]} x {images.shape[2]} pixels"
                f" at {len(self.network.taps)} taps",
                found=refused.partition("\n")[0],
                remedy="name fewer places in arch.taps, run fewer jobs at once, or compute.device=cpu",
            )
        pace.refused(several)
        log.warning("out of memory: from now on %d images pass at once, not %d", several // 2, several)
        gc.collect()
        trim()
        if images.device.type == "cuda":
            torch.cuda.empty_cache()


def _finish(device: torch.device) -> None:
    """Wait until the device has done what it was given: it works while the clock is read."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
