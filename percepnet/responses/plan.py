"""Reference-major order: which images pass together, and where the results are cut into shards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from percepnet.benchmarks.contract import Pair

SHARD_PAIRS = 64
"""Pairs per file of the store. It bounds what a killed job has to repeat, and the memory of a reader."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Neighbouring pairs whose statistics share a file: `start <= row < stop`."""

    index: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Images that pass together.

    Attributes:
        shard: The shard to which its rows belong.
        start: First row (pair) of the batch.
        reference: Key of the reference if it passes in this batch, as its first image; None if it has
            passed already and its responses are at hand.
        distorted: Keys of the distorted images, one per row.
    """

    shard: int
    start: int
    reference: str | None
    distorted: tuple[str, ...]


def shards(pairs: Sequence[Pair], size: int = SHARD_PAIRS) -> list[Shard]:
    """Return the cut of all pairs into shards of at most `size`, between references where that is possible.

    The cut depends on the pairs alone, never on batch size or device, so that a resumed run finds it again.
    """
    result: list[Shard] = []
    start = stop = 0
    for _, group in groupby(pairs, key=lambda pair: pair.reference):
        length = len(list(group))
        if stop > start and stop + length - start > size:
            result.append(Shard(len(result), start, stop))
            start = stop
        stop += length
        while stop - start > size:
            result.append(Shard(len(result), start, start + size))
            start += size
    if stop > start:
        result.append(Shard(len(result), start, stop))
    return result


def batches(pairs: Sequence[Pair], wanted: Sequence[Shard], size: int) -> Iterator[Batch]:
    """Yield the batches of the wanted shards: at most `size` images each, never of two references.

    Those of one reference are nearly equal.
    """
    at_hand: str | None = None
    for shard in wanted:
        row = shard.start
        while row < shard.stop:
            reference = pairs[row].reference
            passes = reference != at_hand
            end = row
            while end < shard.stop and pairs[end].reference == reference:
                end += 1
            images = end - row + passes
            stop = row + max(math.ceil(images / math.ceil(images / size)) - passes, 1)
            distorted = tuple(pair.distorted for pair in pairs[row:stop])
            yield Batch(shard.index, row, reference if passes else None, distorted)
            at_hand, row = reference, stop
