"""One forward pass per image: every tap reduced at once to pair statistics, written shard by shard."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from percepnet.benchmarks.manifest import distinct
from percepnet.errors import InputError
from percepnet.networks.taps import INPUT
from percepnet.responses import plan
from percepnet.responses.address import address_of, find, lock_of
from percepnet.responses.device import device_called
from percepnet.responses.extractor import Extractor, ShardWriter, predict
from percepnet.responses.images import Images
from percepnet.responses.portions import AUTO, Room
from percepnet.responses.statistics import Kinds, StageStatistic, chosen
from percepnet.responses.store import Unfinished
from percepnet.sources.cache import lock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from percepnet.benchmarks.contract import Benchmark
    from percepnet.networks.network import Network
    from percepnet.responses.store import Entry

    Progressed = Callable[[int, int], object]

log = logging.getLogger(__name__)

PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed, reduced in fp32", "fp16": "fp16-mixed, reduced in fp32"}
"""What they are called in the keys of the store."""

ROUNDS = 3
"""Portions that a CPU's thread takes from a batch: the last is waited for by the others."""


@dataclass(frozen=True, slots=True)
class Compute:
    """How the forward pass is run; only `precision` and `compile` may change numbers: they are in the key.

    A compiled network is the same sum in another order in fp32; under autocast it rounds in other places.

    Attributes:
        device: `auto`, `cpu`, `gpu` or `mps` (Lightning's accelerators).
        precision: `fp32`, or `bf16` / `fp16` under autocast.
        batch: Images per forward pass, at most; `auto`: 4 for each thread of a CPU and 8 at least,
            elsewhere as many as fit and pay.
        workers: Processes that decode images; 0 decodes in the main one.
        channels_last: Memory format of the network; the faster one for convolutions.
        compile: Whether torch.compile makes the forward pass.
    """

    device: str = "auto"
    precision: str = "fp32"
    batch: int | str = AUTO
    workers: int = 0
    channels_last: bool = True
    compile: bool = False


def extract(  # noqa: PLR0913 (all that an extraction is)
    network: Network,
    benchmark: Benchmark,
    statistics: Sequence[str],
    compute: Compute,
    root: Path,
    progress: Progressed | None = None,
) -> tuple[Entry, int]:
    """Return the stored statistics of every two images, and how many passed the network to make them.

    The entry has a row for each of `distinct(benchmark.pairs)`: two images that were judged twice pass once.
    It may hold more statistics than were asked for.

    Zero images pass when the store has the entry already. Two processes that want the same entry make it
    once: the second waits. A process that dies leaves its finished shards to the next.

    Args:
        network: Whose responses are reduced.
        benchmark: Whose images pass.
        statistics: That are needed; `all` for every one.
        compute: How the forward pass is run.
        root: The store.
        progress: Is called with the images that have passed, and those that will have in the end.

    Raises:
        InputError: A setting or an image is not what it has to be, or the disk has no room.
        LostError: This process stood still for so long that another one took over.
    """
    kinds = chosen(statistics)
    key = _key(network, benchmark, kinds, compute)
    if (entry := find(root, key)) is not None:
        return entry, 0
    with lock(lock_of(root, key)) as lease:
        if (entry := find(root, key)) is not None:
            return entry, 0
        unfinished = Unfinished.at(root, address_of(key), lease)
        pairs, _ = distinct(benchmark.pairs)
        shards = plan.shards(pairs)
        taps = [asdict(tap) | {"statistics": _kept(network, tap.name, kinds)} for tap in network.taps]
        names = {"network": network.id, "benchmark": benchmark.name}
        content = {**names, "key": key, "taps": taps, "stages": network.stages, "pairs": len(pairs)}
        unfinished.describe(content)
        passed = _run(network, benchmark, kinds, compute, unfinished, shards, progress)
        return unfinished.finish(shards, content), passed


def _key(network: Network, benchmark: Benchmark, kinds: Kinds, compute: Compute) -> dict[str, Any]:
    return {
        "weights": network.weights_hash,
        "structure": network.structure,
        "taps": [tap.name for tap in network.taps],
        "stages": network.stages,
        "preprocessing": asdict(network.preprocessing),
        "precision": _precision(compute),
        **({"compile": True} if compute.compile else {}),
        "benchmark": benchmark.fingerprint(),
        "rows": len(distinct(benchmark.pairs)[0]),
        "statistics": {name: kind.version for name, kind in kinds.items()},
        "shard_pairs": plan.SHARD_PAIRS,
    }


def _kept(network: Network, tap: str, kinds: Kinds) -> list[str]:
    """Return the statistics that are computed at a tap."""
    stage = tap in (INPUT, *network.stages)
    return [name for name, kind in kinds.items() if stage or not isinstance(kind, StageStatistic)]


def _precision(compute: Compute) -> str:
    if compute.precision not in PRECISIONS:
        raise InputError(
            "unknown compute.precision", expected=", ".join(PRECISIONS), found=repr(compute.precision)
        )
    return PRECISIONS[compute.precision]


def _run(  # noqa: PLR0913 (all that an extraction is)
    network: Network,
    benchmark: Benchmark,
    kinds: Kinds,
    compute: Compute,
    unfinished: Unfinished,
    shards: Sequence[plan.Shard],
    progress: Progressed | None,
) -> int:
    missing = unfinished.missing(shards)
    if not missing:
        return 0
    device = device_called(compute.device)
    threads = torch.get_num_threads()
    room = Room.of(compute.batch, device, threads)
    # a CPU's threads pass images on their own, but for a compiled trunk, which all of them share
    lanes = threads if device.type == "cpu" and not compute.compile else 1
    size = room.most if lanes == 1 else ROUNDS * room.most
    batches = list(plan.batches(distinct(benchmark.pairs)[0], missing, size))
    extractor = Extractor(network, kinds, room, lanes, compute)
    total = sum(len(batch.distorted) + (batch.reference is not None) for batch in batches)
    with _progress() as bar:
        task = bar.add_task(f"{network.id} on {benchmark.name}", total=total)

        def tick() -> None:
            bar.update(task, completed=extractor.images_passed)
            if progress:
                progress(extractor.images_passed, total)

        tick()
        writer = ShardWriter(unfinished, missing, tick)
        images = Images(benchmark, batches)
        predict(extractor, images, writer, device, compute.precision, compute.workers)
    log.info(
        "%d images passed %s for %d pairs of %s",
        extractor.images_passed,
        network.id,
        sum(shard.stop - shard.start for shard in missing),
        benchmark.name,
    )
    return extractor.images_passed


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("images"))
    return Progress(*columns, TimeRemainingColumn())
