"""The layer that agrees best with people, chosen on other references than those it is judged by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from percepnet.errors import InputError
from percepnet.readouts.contract import Distances
from percepnet.readouts.distances import distance_called
from percepnet.readouts.folds import held_out
from percepnet.readouts.reading import one_by_one

if TYPE_CHECKING:
    from pathlib import Path

    from percepnet.agreement.people import BoolArray, People
    from percepnet.readouts.contract import FloatArray
    from percepnet.responses.store import Entry


@dataclass(frozen=True)
class Best:
    """In each fold the layer that is most human-like on all other folds; nothing is chosen on what it judges.

    Each fold's distances are divided by their mean over the pairs that chose the layer, so that folds with
    different layers can be judged together. The layer's name in results is the one most often chosen; how
    often follows it.

    Attributes:
        distance: See `percepnet.readouts.distances`.
        folds: Of reference images or stimuli.
        seed: Of the split.
        input: Whether the input image may be chosen.
        train_on: Benchmark whose judgements choose the layer for all others; "" for folds within each.
    """

    name: str = "best"
    distance: str = "euclidean"
    folds: int = 5
    seed: int = 0
    input: bool = False
    train_on: str = ""

    @property
    def statistics(self) -> tuple[str, ...]:
        """The pair statistics it needs."""
        return distance_called(self.distance).statistics

    def learn(self, entry: Entry, people: People, folder: Path) -> Distances:
        """Return a single row of distances.

        Raises:
            InputError: No layer's agreement is defined, or there are too few references for the folds.
        """
        del folder
        taps = self._taps(entry)
        values = one_by_one(entry, taps, distance_called(self.distance))
        judged = values[:, people.places]
        chosen: list[int] = []
        result = np.zeros(values.shape[1])
        for held in held_out(people.groups, self.folds, self.seed):
            best = _best(judged, people, ~held)
            chosen.append(best)
            places = people.places[held]
            result[places] = values[best, places] / _mean(judged[best, ~held])
        [(winner, times)] = Counter(chosen).most_common(1)
        name = f"{taps[winner]} ({times}/{self.folds})"
        depth = float(np.mean([entry.depth(taps[tap]) for tap in chosen]))
        return Distances((name,), (depth,), result[None, :])

    def carry_over(self, known: Entry, people: People, entry: Entry) -> Distances:
        """Return a single row of distances, at the layer that another benchmark's judgements choose.

        Raises:
            InputError: No layer's agreement is defined.
        """
        taps, distance = self._taps(known), distance_called(self.distance)
        judged = one_by_one(known, taps, distance)[:, people.places]
        tap = taps[_best(judged, people, np.ones(judged.shape[1], dtype=np.bool_))]
        name = f"{tap} (by {self.train_on})"
        return Distances((name,), (entry.depth(tap),), one_by_one(entry, [tap], distance))

    def _taps(self, entry: Entry) -> list[str]:
        taps = entry.holding(self.statistics)
        return taps if self.input else taps[1:]


def _best(judged: FloatArray, people: People, chosen: BoolArray) -> int:
    agreement = people.agreement(judged, chosen)
    if np.isnan(agreement).all():
        raise InputError("no layer agrees with people or disagrees with them: all distances are constant")
    return int(np.nanargmax(agreement))


def _mean(distances: FloatArray) -> float:
    mean = float(distances.mean())
    return mean if mean > 0.0 else 1.0
