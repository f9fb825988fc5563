"""What an extraction needs of disk and memory, told before it is too late.

Disk: exact, from the first results. Memory: an estimate, from the shapes of the responses to one image,
which a pass without numbers gives. Where it says too little the batch is halved.
"""

from __future__ import annotations

import logging
import shutil
from copy import deepcopy
from typing import TYPE_CHECKING

from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from percepnet.networks.network import Network
    from percepnet.responses.plan import Shard

log = logging.getLogger(__name__)

Widths = dict[str, dict[str, int]]
"""tap -> statistic -> K, the numbers per pair."""

HEADER = 110
"""Bytes of a shard's header per tensor, beside its name; rounded up."""
SPARE = 16_000_000
"""Bytes that an extraction leaves free on the disk."""
STAGE_COPIES = 3
"""Of a reference's response at a stage: as it is, its channels sorted, its windows sorted."""
PASS_COPIES = 3
"""Of a batch's response while it is made: a module's input, its output, and what it works with."""
REDUCE_COPIES = 5
"""Of what a thread sorts, at most: in one layout, in order twice, and what sorting takes."""
SHARE = 0.85
"""Of the available memory that is counted on."""

_OUT_OF_MEMORY = (
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "MPS backend out of memory",
)


def stored_bytes(shards: Sequence[Shard], widths: Widths) -> int:
    """Return the bytes of these shards on the disk, rounded up by less than their headers take."""
    numbers = sum(width for kinds in widths.values() for width in kinds.values())
    names = sum(len(f"{tap}|{kind}".encode()) + HEADER for tap, kinds in widths.items() for kind in kinds)
    return sum(4 * (shard.stop - shard.start) * numbers + names + 16 for shard in shards)


def require_room(folder: Path, needed: int) -> None:
    """Make sure that the disk of `folder` can hold `needed` bytes more.

    Raises:
        InputError: It cannot; tells both figures.
    """
    free = shutil.disk_usage(folder).free
    if needed + SPARE > free:
        raise InputError(
            "the disk has no room for the statistics of this network and benchmark",
            expected=f"{(needed + SPARE) / 1e6:.1f} MB: {needed / 1e6:.1f} of statistics, the rest to spare",
            found=f"{free / 1e6:.1f} MB free at {folder}",
            remedy="free some (percepnet store gc), ask for fewer statistics, or use another disk:"
            " sources.cache=DIR (or PERCEPNET_CACHE)",
        )


def response_bytes(network: Network, height: int, width: int) -> dict[str, int]:
    """Return the bytes of the response to one image at each tap, in fp32; nothing is computed.

    Empty where the network's code needs numbers to know its shapes.
    """
    import torch

    sizes: dict[str, int] = {}

    def visit(tap: str, response: torch.Tensor) -> None:
        sizes[tap] = 4 * response[0].numel()

    try:
        image = torch.empty(1, height, width, 3, dtype=torch.uint8, device="meta")
        _without_numbers(network).observe(image, visit)
    except Exception as error:  # noqa: BLE001 (a network may hold any code)
        log.debug("the memory that %s takes is not known beforehand: %s", network.id, error)
        return {}
    return sizes


def _without_numbers(network: Network) -> Network:
    """Return a copy that has shapes alone: what a pass leaves in a module does not reach the real one."""
    import torch

    shapes: dict[int, object] = {}
    for tensor in (*network.parameters(), *network.buffers()):
        bare = tensor.detach().to("meta")
        is_weight = isinstance(tensor, torch.nn.Parameter)
        shapes[id(tensor)] = torch.nn.Parameter(bare, requires_grad=False) if is_weight else bare
    return deepcopy(network, shapes)


def images_at_once(  # noqa: PLR0913 (all that memory depends on)
    sizes: Mapping[str, int],
    stages: AbstractSet[str],
    batch: int,
    free: int | None,
    threads: int,
    *,
    whole: bool = False,
) -> int:
    """Return how many images may pass at once: `batch`, or what fits into `free` bytes, but one at least.

    Args:
        sizes: Bytes of the response to one image at each tap.
        stages: Taps whose sorted responses are kept too.
        batch: The most that are wanted.
        free: Bytes available; None where unknown.
        threads: Images that are reduced at once.
        whole: The responses at all taps exist at the same time, as a compiled trunk leaves them.
    """
    if free is None or not sizes:
        return batch
    largest = max(sizes.values())
    kept = sum(size * (STAGE_COPIES if tap in stages else 1) for tap, size in sizes.items())
    left = SHARE * free - kept - REDUCE_COPIES * largest * threads
    image = PASS_COPIES * largest + (sum(sizes.values()) if whole else 0)
    return max(1, min(batch, int(left // image)))


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether fewer images at once may help: memory was refused, and nothing else went wrong.

    Not so: an illegal access, a library that could not start, a wrong shape. They come again, or leave the
    device in a state where every later number is suspect.
    """
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return type(error) is RuntimeError and any(said in str(error) for said in _OUT_OF_MEMORY)
