"""The last layer alone: what a network ends with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from percepnet.readouts.contract import Distances
from percepnet.readouts.distances import distance_called
from percepnet.readouts.reading import one_by_one

if TYPE_CHECKING:
    from percepnet.responses.store import Entry


@dataclass(frozen=True)
class Last:
    """The deepest tap that is read.

    Attributes:
        distance: See `percepnet.readouts.distances`.
    """

    name: str = "last"
    distance: str = "euclidean"

    @property
    def statistics(self) -> tuple[str, ...]:
        """The pair statistics it needs."""
        return distance_called(self.distance).statistics

    def read(self, entry: Entry) -> Distances:
        """Return a single row of distances."""
        tap = entry.holding(self.statistics)[-1]
        return Distances(
            (tap,), (entry.depth(tap),), one_by_one(entry, [tap], distance_called(self.distance))
        )
