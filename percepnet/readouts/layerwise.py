"""One distance per layer, the input image first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from percepnet.readouts.contract import Distances
from percepnet.readouts.distances import distance_called

if TYPE_CHECKING:
    from percepnet.responses.store import Entry


@dataclass(frozen=True)
class Layerwise:
    """Every tap by itself: steps 5 and 6 of the measuring code of Hernandez-Camara et al. (2023).

    Attributes:
        distance: See `percepnet.readouts.distances`.
    """

    name: str = "layerwise"
    distance: str = "euclidean"

    @property
    def statistics(self) -> tuple[str, ...]:
        """The pair statistics it needs."""
        return (distance_called(self.distance).statistic,)

    def read(self, entry: Entry) -> Distances:
        """Return one row of distances per tap."""
        distance = distance_called(self.distance)
        columns = [
            [distance.last(distance.terms(shard[tap])) for tap in entry.taps]
            for shard in entry.shards(entry.taps, self.statistics)
        ]
        return Distances(tuple(entry.taps), tuple(entry.depths), np.concatenate(columns, axis=1))
