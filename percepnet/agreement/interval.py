"""Intervals from resampled values of one statistic: percentiles widened for few clusters, BCa, percentiles.

Percentiles of a bootstrap are too narrow where clusters are few: a resample of n clusters varies as if
divided by n instead of n - 1, and they take the normal distribution's tails where Student's are due
(Hesterberg 2015, What teachers should know about the bootstrap, The American Statistician 69(4), 371-386).
The `expanded` interval takes the percentiles Phi(-/+ k t) with t of n - 1 degrees of freedom. Hesterberg's
k = sqrt(n / (n - 1)) is the ratio of the jackknife's to the bootstrap's standard error of a mean; here the
ratio of the statistic itself stands in its place where that is larger, as it is for correlations.

BCa (Efron 1987, Better bootstrap confidence intervals, J. Am. Stat. Assoc. 82(397), 171-185; DiCiccio & Efron
1996, Bootstrap confidence intervals, Statistical Science 11(3), 189-228) corrects bias and skewness, both
estimated. With as few clusters as image databases have these estimates are noise: correlations of clustered
pairs are covered less often by BCa than by `expanded` (tests/agreement/test_coverage.py), so it is not the
default; root mean square errors, which are skewed, a little more often. Its tails are widened likewise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray

EXPANDED, BCA, PERCENTILE = METHODS = ("expanded", "bca", "percentile")
"""The first is the default."""

_NAMES = {
    EXPANDED: "percentile bootstrap over clusters, widened for few clusters",
    BCA: "BCa bootstrap over clusters, widened for few clusters",
    PERCENTILE: "percentile bootstrap over clusters",
}
# A larger ratio of the two standard errors says that the statistic is not smooth (it chooses between layers,
# say); the jackknife fails there (Efron 1979, Bootstrap methods: another look at the jackknife, remark 3.1).
_WIDEST = 1.5
_DEFINED = 0.99


class Interval(NamedTuple):
    """Where the true value lies.

    Attributes:
        low: Lower end, NaN where there is none.
        high: Upper end, NaN where there is none.
        method: How it was found; "" where there is none.
    """

    low: float
    high: float
    method: str


NONE = Interval(float("nan"), float("nan"), "")


def interval(values: FloatArray, left_out: int, level: float = 0.95, method: str = EXPANDED) -> Interval:
    """Return the bootstrap interval of one statistic, NaN if 1 % or more of its resamples are undefined.

    Without the jackknife, or where that is undefined, it is the plain percentile interval, and named so: it
    is left out where clusters are too many to need it. BCa falls back on `expanded` where it does not exist:
    no resample, or every one, lies below the observed value.

    Args:
        values: `[1 + B + J]`: of all data, of each of B resamples of the clusters, and without each of J
            clusters in turn: all of them, or none.
        left_out: J; 0 where the jackknife was not made.
        level: Coverage.
        method: One of `METHODS`.
    """
    resampled, without = values[1 : values.size - left_out], values[values.size - left_out :]
    defined = resampled[np.isfinite(resampled)]
    if not np.isfinite(values[0]) or defined.size == 0 or defined.size <= _DEFINED * resampled.size:
        return NONE
    used = method if left_out > 1 and np.isfinite(without).all() else PERCENTILE
    tail = float(ndtri((1.0 - level) / 2.0)) if used == PERCENTILE else _widened(defined, without, level)
    shares = ndtr([tail, -tail])
    if used == BCA:
        corrected = _corrected(tail, _bias(defined, float(values[0])), acceleration(without))
        used, shares = (EXPANDED, shares) if corrected is None else (BCA, corrected)
    low, high = np.quantile(defined, shares)
    return Interval(float(low), float(high), f"{_NAMES[used]}, {level:g}")


def jackknife_error(without: FloatArray) -> float:
    """Return the jackknife's standard error from the values without each of n clusters `[n]`.

    `sqrt((n - 1) / n sum (v_i - mean v)^2)` (Efron & Stein 1981, The jackknife estimate of variance, Annals
    of Statistics 9(3), 586-596, equation 1.2).
    """
    return float(np.sqrt((without.size - 1.0) * np.var(without)))


def acceleration(without: FloatArray) -> float:
    """Return BCa's acceleration from the values without each of n clusters `[n]`, 0 where all are equal.

    `sum d^3 / (6 (sum d^2)^(3/2))` with `d = mean v - v_i` (DiCiccio & Efron 1996, equation 6.6).
    """
    off = without.mean() - without
    squares = float(np.sum(off**2))
    return float(np.sum(off**3)) / (6.0 * squares**1.5) if squares > 0.0 else 0.0


def _widened(resampled: FloatArray, without: FloatArray, level: float) -> float:
    """Return the normal deviate of the lower percentile: -k t."""
    clusters = without.size
    error = float(np.std(resampled, ddof=1)) if resampled.size > 1 else 0.0
    ratio = jackknife_error(without) / error if error > 0.0 else 0.0
    # the factor of two clusters, 1.41, is the largest that a mean can have
    wider = float(np.clip(ratio, np.sqrt(clusters / (clusters - 1.0)), _WIDEST))
    return wider * float(stdtrit(clusters - 1.0, (1.0 - level) / 2.0))


def _bias(resampled: FloatArray, value: float) -> float:
    """Return BCa's bias correction; of resamples equal to the observed value one half counts as below."""
    below = np.count_nonzero(resampled < value) + 0.5 * np.count_nonzero(resampled == value)
    return float(ndtri(below / resampled.size))


def _corrected(tail: float, bias: float, skew: float) -> FloatArray | None:
    """Return the shares of resamples below BCa's ends, None where there are none."""
    moved = bias + np.array([tail, -tail])
    stretch = 1.0 - skew * moved
    if not np.isfinite(moved).all() or (stretch <= 0.0).any():
        return None
    return np.asarray(ndtr(bias + moved / stretch))
