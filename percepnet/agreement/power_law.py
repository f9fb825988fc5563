"""The power law that turns a model's distances into degradation as people rate it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray, IntArray

# At a step of 0.6 % the parabola through the best three points has the exponent within 0.01 %.
_EXPONENTS = np.geomspace(0.01, 20.0, 1201)


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """`degradation = 10^log_factor * distance^exponent`, one per resample; NaN where none was found.

    Attributes:
        log_factor: log10 of the factor `[B]`.
        exponent: `[B]`, above 0.
    """

    log_factor: FloatArray
    exponent: FloatArray

    def log_distance(self, degradation: float) -> FloatArray:
        """Return log10 of the distance that means this degradation, `[B]`."""
        return np.asarray((np.log10(degradation) - self.log_factor) / self.exponent)


def fit(distances: FloatArray, degradation: FloatArray, codes: IntArray, draws: FloatArray) -> PowerLaw:
    """Return the power law with the least squared error in degradation, for every resample of clusters.

    For a given exponent the best factor is a ratio of two sums, so one exponent is all that is searched:
    on a grid from 0.01 to 20, then by the parabola through the best three points. The sums are taken per
    cluster, which makes a resample a product of small matrices. There is no starting value and nothing
    that could stop in a local optimum. An optimum at an end of the grid is none: the law is NaN where
    distances are constant, or do not grow with degradation.

    Args:
        distances: `[P]`, finite, 0 or more.
        degradation: As people rate it `[P]`.
        codes: Cluster of each pair `[P]`, 0 .. C - 1.
        draws: How often each cluster was drawn `[B, C]`.
    """
    unit = float(distances.max())
    if unit <= 0.0:
        nothing = np.full(len(draws), np.nan)
        return PowerLaw(nothing, nothing)
    powers = (distances[:, np.newaxis] / unit) ** _EXPONENTS
    crossed = draws @ _sums(degradation[:, np.newaxis] * powers, codes, draws.shape[1])
    squared = draws @ _sums(powers**2, codes, draws.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        # the squared error is that of no law at all, less this
        explained, factors = crossed**2 / squared, np.log10(crossed / squared)
    found, log_factor, log_exponent = _vertex(explained, factors)
    exponent = np.exp(log_exponent)
    log_factor -= exponent * np.log10(unit)
    return PowerLaw(np.where(found, log_factor, np.nan), np.where(found, exponent, np.nan))


def _sums(values: FloatArray, codes: IntArray, clusters: int) -> FloatArray:
    """Return the sum of each cluster's rows, `[C, G]` of `[P, G]`."""
    members = np.zeros((clusters, codes.size))
    members[codes, np.arange(codes.size)] = 1.0
    return members @ values


def _vertex(explained: FloatArray, factors: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return whether each row has its optimum inside the grid, and log factor and exponent there, `[B]`."""
    best = np.argmax(np.nan_to_num(explained, nan=-np.inf), axis=1)
    inside = np.clip(best, 1, _EXPONENTS.size - 2)
    around = inside[:, np.newaxis] + np.array([-1, 0, 1])
    low, middle, high = np.take_along_axis(explained, around, axis=1).T
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = 0.5 * (low - high) / (low - 2.0 * middle + high)
    step = float(np.log(_EXPONENTS[1] / _EXPONENTS[0]))
    found = (best == inside) & np.isfinite(shift)
    factor = _parabola(np.take_along_axis(factors, around, axis=1), shift)
    return found, factor, np.log(_EXPONENTS[inside]) + step * shift


def _parabola(values: FloatArray, shift: FloatArray) -> FloatArray:
    """Return at `shift` steps from the middle the parabola through three neighbours, `[B]` of `[B, 3]`."""
    low, middle, high = values.T
    return np.asarray(middle + 0.5 * shift * (high - low) + 0.5 * shift**2 * (low - 2.0 * middle + high))
