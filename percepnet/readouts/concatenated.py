"""Several layers as one long vector, and one distance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from percepnet.errors import InputError, nearest
from percepnet.readouts.contract import Distances
from percepnet.readouts.distances import distance_called

if TYPE_CHECKING:
    from percepnet.responses.store import Entry


@dataclass(frozen=True)
class Concatenated:
    """The responses at several taps laid end to end, unweighted (Hernandez-Camara et al. 2023).

    Attributes:
        layers: Names of taps; `stages` stands for the architecture's own list.
        distance: See `percepnet.readouts.distances`.
    """

    name: str = "concatenated"
    layers: list[str] = field(default_factory=lambda: ["stages"])
    distance: str = "euclidean"

    @property
    def statistics(self) -> tuple[str, ...]:
        """The pair statistics it needs."""
        return (distance_called(self.distance).statistic,)

    def read(self, entry: Entry) -> Distances:
        """Return a single row of distances.

        Raises:
            InputError: A layer that the entry does not hold; tells the nearest.
        """
        taps = self._chosen(entry)
        distance = distance_called(self.distance)
        parts = [
            distance.last(np.sum([distance.terms(shard[tap]) for tap in taps], axis=0))
            for shard in entry.shards(taps, self.statistics)
        ]
        deepest = max(depth for tap, depth in zip(entry.taps, entry.depths, strict=True) if tap in taps)
        return Distances(("+".join(taps),), (deepest,), np.concatenate(parts)[None, :])

    def _chosen(self, entry: Entry) -> list[str]:
        wanted = [tap for name in self.layers for tap in (entry.stages if name == "stages" else [name])]
        for name in wanted:
            if name not in entry.taps:
                raise InputError(
                    f"readout.layers: no layer {name!r} was read",
                    remedy=nearest(name, [*entry.taps, "stages"]),
                )
        return [tap for tap in entry.taps if tap in wanted]
