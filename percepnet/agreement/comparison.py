"""Differences between rows of results on the same pairs: intervals, tests, many tests, equivalence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from percepnet.agreement.interval import interval

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray


class Difference(NamedTuple):
    """A difference, or any other combination of rows that is 0 where nothing differs.

    Attributes:
        value: Of all data.
        low: Lower end of its interval.
        high: Upper end.
        method: How the interval was found.
        p: Two-sided, of no difference: the value by its bootstrap standard error in Student's t with one
            degree of freedom less than there are clusters.
        error: The bootstrap standard error.
    """

    value: float
    low: float
    high: float
    method: str
    p: float
    error: float


class Equivalence(NamedTuple):
    """Two one-sided tests (Schuirmann 1987) of a difference against a margin.

    Attributes:
        margin: Differences of this size and less do not matter.
        p: The larger of the two one-sided p values.
        low: Lower end of the interval of level 1 - 2 alpha.
        high: Upper end.
    """

    margin: float
    p: float
    low: float
    high: float


def difference(values: FloatArray, left_out: int, clusters: int, level: float = 0.95) -> Difference:
    """Return what is known of one difference.

    Args:
        values: `[1 + B + J]`: of all data, of each resample, and without each cluster in turn.
        left_out: J; 0 where the jackknife was not made.
        clusters: Number of clusters that were resampled.
        level: Coverage of the interval.
    """
    found = interval(values, left_out, level)
    resampled = values[1 : values.size - left_out]
    error = float(np.nanstd(resampled, ddof=1)) if resampled.size > 1 else float("nan")
    return Difference(float(values[0]), *found, _p(float(values[0]), error, clusters), error)


def _p(value: float, error: float, clusters: int) -> float:
    if error == 0.0:
        return 1.0 if value == 0.0 else 0.0
    return float(2.0 * stats.t.sf(abs(value) / error, clusters - 1))


def equivalence(
    values: FloatArray, left_out: int, clusters: int, margin: float, alpha: float = 0.05
) -> Equivalence:
    """Return whether a difference is smaller than a margin: so it is where p < alpha.

    Args:
        values: As in `difference`.
        left_out: As in `difference`.
        clusters: As in `difference`.
        margin: Positive.
        alpha: Of each one-sided test.
    """
    known = difference(values, left_out, clusters, 1.0 - 2.0 * alpha)
    below = stats.t.sf((margin - known.value) / known.error, clusters - 1)
    above = stats.t.sf((known.value + margin) / known.error, clusters - 1)
    return Equivalence(margin, float(max(below, above)), known.low, known.high)


def holm(p: FloatArray) -> FloatArray:
    """Return p values `[n]` adjusted so that the chance of any false finding is kept (Holm 1979)."""
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def false_discovery(p: FloatArray) -> FloatArray:
    """Return p values `[n]` adjusted to keep the share of false findings (Benjamini & Hochberg 1995)."""
    return np.asarray(stats.false_discovery_control(p))
