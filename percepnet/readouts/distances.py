"""Distances between the responses to two images, computed from stored pair statistics.

A distance is a sum of non-negative terms over channels and taps, then a last step. That is what makes the
concatenation of taps exact: terms add up, the last step comes once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from percepnet.errors import InputError, nearest

FloatArray = NDArray[np.float64]
Kept = Mapping[str, NDArray[np.float32]]
"""statistic -> `[n, C]` of one tap; `positions` is `[n]`."""


@dataclass(frozen=True, slots=True)
class Distance:
    """How a distance is put together.

    Attributes:
        statistic: What it needs to be stored.
        terms: One tap's kept statistics -> `[n]`, additive over taps.
        last: Applied to the sum over taps.
    """

    statistic: str
    terms: Callable[[Kept], FloatArray]
    last: Callable[[FloatArray], FloatArray]


def _squared_euclidean(kept: Kept) -> FloatArray:
    """Return the sum over positions and channels of squared differences, `[n]`."""
    mean = kept["squared_difference"].astype(np.float64)
    squared: FloatArray = mean.sum(axis=1) * kept["positions"]
    return squared


def _unit_normalised(kept: Kept) -> FloatArray:
    """Return the spatial mean of the squared distance between unit feature vectors, `[n]`."""
    terms: FloatArray = kept["unit_squared_difference"].astype(np.float64).sum(axis=1)
    return terms


def _same(values: FloatArray) -> FloatArray:
    return values


DISTANCES: Mapping[str, Distance] = MappingProxyType(
    {
        # sqrt(sum over H, W, C of (f(a) - f(b))^2): the measuring code of Hernandez-Camara et al. (2023).
        "euclidean": Distance("squared_difference", _squared_euclidean, np.sqrt),
        # LPIPS without its learned weights (Zhang et al., CVPR 2018, eq. 1 with w = 1).
        "unit_normalised": Distance("unit_squared_difference", _unit_normalised, _same),
    }
)


def distance_called(name: str) -> Distance:
    """Return the distance of this name.

    Raises:
        InputError: There is none; tells the nearest.
    """
    if name not in DISTANCES:
        raise InputError(f"unknown readout.distance {name!r}", remedy=nearest(name, DISTANCES))
    return DISTANCES[name]
