"""The distance of every two images of a benchmark by one baseline, measured once and kept shard by shard."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from percepnet.benchmarks.manifest import distinct
from percepnet.errors import PercepnetError
from percepnet.responses import plan
from percepnet.responses.store import POSITIONS, Entry, Unfinished, key_of, mark_used
from percepnet.sources.cache import lock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from percepnet.baselines.contract import Ready
    from percepnet.benchmarks.contract import Benchmark, Image, Pair

log = logging.getLogger(__name__)

FloatArray = NDArray[np.float64]
OUTPUT = "output"
"""The name in results of the place where a baseline is read."""

_DISTANCE = "distance"
_VERSION = 1
"""Raised when what percepnet itself does to a baseline changes its numbers."""


def measure(ready: Ready, benchmark: Benchmark, root: Path) -> tuple[FloatArray, int]:
    """Return the distances `[P]` of the pairs of `distinct(benchmark.pairs)`, and how many images were read.

    Kept in the store of responses, float32: zero images are read when they are there already, a process that
    dies leaves its finished shards to the next, and of two processes the second waits.

    Raises:
        NothingThereError: The baseline is not defined for an image pair; names the pair.
        InputError: An image breaks the input contract, or the two of a pair differ in size; names the pair.
    """
    pairs, _ = distinct(benchmark.pairs)
    shards = plan.shards(pairs)
    key = {
        "baseline": ready.name,
        "variant": ready.variant,
        "weights": ready.weights_hash,
        "version": _VERSION,
        "benchmark": benchmark.fingerprint(),
        "rows": len(pairs),
        "shard_pairs": plan.SHARD_PAIRS,
    }
    address = key_of(key)
    final = root / address
    read = 0
    if not final.exists():
        with lock(root / f"{address}.lock") as lease:
            if not final.exists():
                unfinished = Unfinished.at(root, address, lease)
                tap = {"name": OUTPUT, "depth": 1.0, "statistics": [_DISTANCE]}
                names = {"network": ready.name, "benchmark": benchmark.name}
                content = {**names, "key": key, "taps": [tap], "stages": [], "pairs": len(pairs)}
                unfinished.describe(content)
                read = _fill(ready, benchmark, pairs, shards, unfinished)
                unfinished.finish(shards, content)
    mark_used(final)
    parts = [shard[OUTPUT][_DISTANCE] for shard in Entry(final).shards([OUTPUT], [_DISTANCE])]
    return np.concatenate(parts).astype(np.float64), read


def _fill(
    ready: Ready,
    benchmark: Benchmark,
    pairs: Sequence[Pair],
    shards: Sequence[plan.Shard],
    unfinished: Unfinished,
) -> int:
    """Measure and write the shards that are not there yet; return how many images were read."""
    read = 0
    at_hand: tuple[str, Image] | None = None
    for shard in unfinished.missing(shards):
        values, positions = [], []
        for pair in pairs[shard.start : shard.stop]:
            if at_hand is None or at_hand[0] != pair.reference:
                at_hand = (pair.reference, benchmark.image(pair.reference))
                read += 1
            distorted = benchmark.image(pair.distorted)
            read += 1
            values.append(_distance(ready, pair, at_hand[1], distorted))
            positions.append(distorted.shape[0] * distorted.shape[1])
        kept = {_DISTANCE: np.array(values, np.float32), POSITIONS: np.array(positions, np.float32)}
        unfinished.write(shard, {OUTPUT: kept})
        log.info("%s on %s: %d of %d pairs", ready.name, benchmark.name, shard.stop, len(pairs))
    return read


def _distance(ready: Ready, pair: Pair, reference: Image, distorted: Image) -> float:
    try:
        return ready.distance(reference, distorted)
    except PercepnetError as error:
        raise type(error)(f"{pair.reference} and {pair.distorted}: {error}") from error
