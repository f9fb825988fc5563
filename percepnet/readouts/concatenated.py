"""Several layers as one long vector, and one distance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from percepnet.errors import InputError, nearest
from percepnet.readouts.contract import Distances
from percepnet.readouts.distances import distance_called
from percepnet.readouts.reading import end_to_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.responses.store import Entry

WEIGHTINGS = ("none", "variance", "unit_norm")
MOMENTS = ("reference_mean", "reference_deviation")


@dataclass(frozen=True)
class Concatenated:
    """The responses at several taps laid end to end (unweighted: Hernandez-Camara et al. 2023).

    Attributes:
        layers: Names of taps; `stages` stands for the architecture's own list.
        distance: See `percepnet.readouts.distances`.
        weighting: `none`: as they are, so a layer counts by its size and variance. `variance`: each layer's
            responses at unit variance. `unit_norm`: each layer's responses at unit length, so that its size
            does not count. Variance and squared length are means over the benchmark's reference images, one
            for each image pair; neither sees a human judgement.
    """

    name: str = "concatenated"
    layers: list[str] = field(default_factory=lambda: ["stages"])
    distance: str = "euclidean"
    weighting: str = "none"

    def __post_init__(self) -> None:
        if self.weighting not in WEIGHTINGS:
            raise InputError(
                f"unknown readout.weighting {self.weighting!r}", remedy=nearest(self.weighting, WEIGHTINGS)
            )
        if self.weighting != "none" and distance_called(self.distance).degree == 0:
            raise InputError(
                f"readout.weighting={self.weighting} does nothing for the distance {self.distance}",
                expected="a distance that grows with the responses",
                remedy="use readout.weighting=none, or another readout.distance",
            )

    @property
    def statistics(self) -> tuple[str, ...]:
        """The pair statistics it needs."""
        needed = distance_called(self.distance).statistics
        return needed if self.weighting == "none" else tuple(dict.fromkeys((*needed, *MOMENTS)))

    def read(self, entry: Entry) -> Distances:
        """Return a single row of distances.

        Raises:
            InputError: A layer that the entry does not hold; tells the nearest.
        """
        taps = taps_called(entry, self.layers, self.statistics)
        scales = None if self.weighting == "none" else self._scales(entry, taps)
        values = end_to_end(entry, taps, distance_called(self.distance), scales)
        return Distances(("+".join(taps),), (max(entry.depth(tap) for tap in taps),), values[None, :])

    def _scales(self, entry: Entry, taps: Sequence[str]) -> list[float]:
        """Return what brings each tap's responses to unit variance or length; 0 where nothing responds."""
        powers = np.zeros(len(taps))
        for shard in entry.shards(taps, MOMENTS):
            for place, tap in enumerate(taps):
                means, deviations = (shard[tap][name].astype(np.float64) for name in MOMENTS)
                power = (deviations**2 + means**2).mean(axis=1)
                if self.weighting == "variance":
                    power = power - means.mean(axis=1) ** 2
                else:
                    power = power * means.shape[1] * shard[tap]["positions"]
                powers[place] += power.sum()
        return [float(np.sqrt(entry.rows / power)) if power > 0.0 else 0.0 for power in powers]


def taps_called(entry: Entry, layers: Sequence[str], statistics: Sequence[str]) -> list[str]:
    """Return the taps of these names in forward order; `stages` stands for the architecture's own list.

    Raises:
        InputError: A layer at which the statistics are not kept; tells the nearest.
    """
    held = entry.holding(statistics)
    wanted = [tap for name in layers for tap in (entry.stages if name == "stages" else [name])]
    for name in wanted:
        if name not in held:
            raise InputError(
                f"readout.layers: no layer {name!r} was read", remedy=nearest(name, [*held, "stages"])
            )
    return [tap for tap in held if tap in wanted]
