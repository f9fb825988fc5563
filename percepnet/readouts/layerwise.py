"""One distance per layer, the input image first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from percepnet.readouts.contract import Distances
from percepnet.readouts.distances import distance_called
from percepnet.readouts.reading import one_by_one

if TYPE_CHECKING:
    from percepnet.responses.store import Entry


@dataclass(frozen=True)
class Layerwise:
    """Every tap by itself: steps 5 and 6 of the measuring code of Hernandez-Camara et al. (2023).

    Some statistics are kept at the input and at the architecture's stages alone: then these are the layers.

    Attributes:
        name: In results; a descriptor read layer by layer goes by its own name.
        distance: See `percepnet.readouts.distances`.
    """

    name: str = "layerwise"
    distance: str = "euclidean"

    @property
    def statistics(self) -> tuple[str, ...]:
        """The pair statistics it needs."""
        return distance_called(self.distance).statistics

    def read(self, entry: Entry) -> Distances:
        """Return one row of distances per tap."""
        taps = entry.holding(self.statistics)
        depths = tuple(entry.depth(tap) for tap in taps)
        return Distances(tuple(taps), depths, one_by_one(entry, taps, distance_called(self.distance)))
