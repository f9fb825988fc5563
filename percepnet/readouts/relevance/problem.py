"""What is learned from: the terms of every image pair over some channels, and what people said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.agreement.people import BoolArray, People
    from percepnet.readouts.contract import FloatArray
    from percepnet.readouts.distances import Sum
    from percepnet.responses.store import Entry

Float32Array = NDArray[np.float32]


@dataclass(frozen=True)
class Problem:
    """The terms of P judged pairs over K channels of one tap or several.

    Attributes:
        taps: Names of the taps.
        widths: Number of channels of each.
        terms: `[P, K]`, none negative, in a unit in which the mean sum over channels is 1.
        distance: Whose terms they are.
        people: Who judged the pairs.
    """

    taps: tuple[str, ...]
    widths: tuple[int, ...]
    terms: Float32Array
    distance: Sum
    people: People

    @classmethod
    def of(cls, entry: Entry, people: People, taps: Sequence[str], distance: Sum) -> Problem:
        """Return the problem of some taps of an entry laid end to end."""
        shards = [
            [distance.channels(shard[tap]).astype(np.float32) for tap in taps]
            for shard in entry.shards(taps, distance.statistics)
        ]
        widths = tuple(part.shape[1] for part in shards[0])
        terms = np.concatenate([np.concatenate(shard, axis=1) for shard in shards])
        total = float(terms.sum(dtype=np.float64)) / entry.rows
        terms /= np.float32(total if total > 0.0 else 1.0)
        return cls(tuple(taps), widths, terms[people.places], distance, people)

    @property
    def rooted(self) -> bool:
        """Whether the distance is the root of the sum, not the sum itself."""
        return self.distance.last is np.sqrt

    def distances(self, weights: FloatArray, chosen: BoolArray) -> FloatArray:
        """Return the distance `[n]`, up to a unit, of the chosen pairs under some weights `[K]`."""
        sums = self.terms[chosen] @ weights.astype(np.float32)
        return np.asarray(self.distance.last(sums.astype(np.float64)))

    def scaled(self, weights: FloatArray, chosen: BoolArray) -> FloatArray:
        """Return the weights times what gives the chosen pairs the mean distance they have without weights.

        Distances of folds with weights of their own can then be judged together and beside the unweighted
        distance, which needs no scaling: weights that are all alike become 1.
        """
        if np.ptp(weights) == 0.0:
            return np.ones_like(weights)
        plain, learned = (self.distances(each, chosen).mean() for each in (np.ones_like(weights), weights))
        factor = float(plain / learned)
        return weights * (factor**2 if self.rooted else factor)

    def parted(self, weights: FloatArray) -> dict[str, FloatArray]:
        """Return the weights `[K]` tap by tap."""
        parts = np.split(weights, np.cumsum(self.widths)[:-1])
        return dict(zip(self.taps, parts, strict=True))
