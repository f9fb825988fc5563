"""From an entry of the store to distances: shard by shard, so that memory is bounded by a shard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.readouts.contract import FloatArray
    from percepnet.readouts.distances import Angle, Sum
    from percepnet.responses.store import Entry


def one_by_one(entry: Entry, taps: Sequence[str], distance: Sum | Angle) -> FloatArray:
    """Return the distance of every image pair at each of R taps, `[R, P]`."""
    weights = dict(zip(taps, _weights(entry, taps, distance), strict=True))
    columns = [
        [distance.between([shard[tap]], [weights[tap]]) for tap in taps]
        for shard in entry.shards(taps, distance.statistics)
    ]
    return np.concatenate(columns, axis=1)


def end_to_end(
    entry: Entry, taps: Sequence[str], distance: Sum | Angle, scales: Sequence[float] | None = None
) -> FloatArray:
    """Return the distance of every image pair over several taps at once, `[P]`.

    Args:
        entry: Of the store.
        taps: Laid end to end.
        distance: How far apart they are.
        scales: By which each tap's responses are multiplied first; None for 1.
    """
    weights = _weights(entry, taps, distance)
    for place, scale in enumerate(scales or ()):
        weights[place] = weights[place] * scale**distance.degree
    parts = [
        distance.between([shard[tap] for tap in taps], weights)
        for shard in entry.shards(taps, distance.statistics)
    ]
    return np.concatenate(parts)


def _weights(entry: Entry, taps: Sequence[str], distance: Sum | Angle) -> list[float | FloatArray]:
    """Return the weight of each tap: 1, or for an equalised distance 1 / mean over all pairs per channel.

    A channel that never differs has no mean to be divided by, and nothing to add: 0.
    """
    if not distance.equalised:
        return [1.0] * len(taps)
    # the numerator's own mean, not the terms': a term is a mean over channels too
    sums: list[FloatArray] = []
    name = distance.statistics[0]
    for shard in entry.shards(taps, distance.statistics):
        found = [shard[tap][name].astype(np.float64).sum(axis=0) for tap in taps]
        sums = [one + other for one, other in zip(sums, found, strict=True)] if sums else found
    return [np.divide(entry.rows, total, out=np.zeros_like(total), where=total > 0.0) for total in sums]
