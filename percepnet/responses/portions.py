"""How many images pass at once: as many as the memory allows, and half as many once it was refused."""

from __future__ import annotations

import gc
import logging
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import torch

from percepnet.errors import InputError
from percepnet.responses.limits import images_at_once, is_out_of_memory, response_bytes
from percepnet.responses.memory import available

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from torch import Tensor

    from percepnet.networks.network import Network

log = logging.getLogger(__name__)

Made = TypeVar("Made")


@dataclass
class Portions:
    """Passes batches whole where they fit into the memory, else in portions, in the same order.

    Attributes:
        network: Through which they pass.
        stages: Taps at which more is kept of a reference.
        threads: Images that are reduced at once on a CPU.
        at_once: For every image size that has come, how many may pass at once.
    """

    network: Network
    stages: AbstractSet[str]
    threads: int
    at_once: dict[tuple[int, ...], int] = field(default_factory=dict)

    def passed(
        self, images: Tensor, work: Callable[[Tensor, bool], Made], *, has_reference: bool
    ) -> list[Made]:
        """Return what `work` made of portions of a batch, but for one that was the reference alone.

        Raises:
            InputError: The memory does not suffice for a single image.
        """
        made = []
        while len(images):
            several = min(len(images), self._allowed(images))
            try:
                one = work(images[:several], has_reference)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                refused = str(error)
            else:
                if several > has_reference:
                    made.append(one)
                images, has_reference = images[several:], False
                continue
            # outside of the handler: an error holds on to its frames, and they to the responses
            self._halve(images, several, refused)
        return made

    def _allowed(self, images: Tensor) -> int:
        """Return how many images of this size may pass at once, as far as that is known beforehand."""
        height, width = size = (images.shape[1], images.shape[2])
        if size not in self.at_once:
            free = available(images.device)
            threads = self.threads if images.device.type == "cpu" else 1
            sizes = response_bytes(self.network, height, width)
            self.at_once[size] = images_at_once(sizes, self.stages, sys.maxsize, free, threads)
            if self.at_once[size] < len(images):
                said = "%d instead of %d images of %d x %d pass at once: there is no memory for more"
                log.info(said, self.at_once[size], len(images), height, width)
        return self.at_once[size]

    def _halve(self, images: Tensor, several: int, refused: str) -> None:
        size = (images.shape[1], images.shape[2])
        if several == 1:
            raise InputError(
                "the memory does not suffice for the responses to a single image",
                expected=f"room for {size[0]} x {size[1]} pixels at {len(self.network.taps)} taps",
                found=refused.partition("\n")[0],
                remedy="name fewer places in arch.taps, run fewer jobs at once, or compute.device=cpu",
            )
        self.at_once[size] = several // 2
        log.warning("out of memory: from now on %d images pass at once, not %d", several // 2, several)
        gc.collect()
        if images.device.type == "cuda":
            torch.cuda.empty_cache()
