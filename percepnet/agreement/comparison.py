"""Differences between rows of results on the same pairs: intervals, tests, many tests, equivalence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from percepnet.agreement.interval import interval
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from percepnet.agreement.contract import FloatArray

_KNOWN = ("value", "low", "high", "p")


class Difference(NamedTuple):
    """A difference, or any other combination of rows that is 0 where nothing differs.

    Attributes:
        value: Of all data.
        low: Lower end of its interval.
        high: Upper end.
        method: How the interval was found.
        p: Two-sided, of no difference: the value by its standard error in Student's t with one degree of
            freedom less than there are clusters. NaN where there is no interval.
        error: The standard error of the bootstrap, see `difference`.
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
        margin: Differences of this size and more matter.
        p: The larger of the two one-sided p values.
        low: Lower end of the interval of level 1 - 2 alpha.
        high: Upper end.
    """

    margin: float
    p: float
    low: float
    high: float


class Pairwise(NamedTuple):
    """Every row of results compared with every other; `[i, j]` is row i less row j.

    Attributes:
        value: `[R, R]`, of all data; 0 on the diagonal, as are the ends of the intervals.
        low: Lower ends `[R, R]`.
        high: Upper ends `[R, R]`.
        p: Two-sided `[R, R]`, NaN on the diagonal; each pair is in the two adjusted families once.
        holm: `p` adjusted by `holm`.
        false_discovery: `p` adjusted by `false_discovery`.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray
    holm: FloatArray
    false_discovery: FloatArray


def difference(values: FloatArray, left_out: int, clusters: int, level: float = 0.95) -> Difference:
    """Return what is known of one difference.

    The standard error is the standard deviation over the resamples, times sqrt(C / (C - 1)) for C clusters:
    the bootstrap's own error is too small by this factor, exactly so for a mean, whose p is then that of a
    t test (Hesterberg 2015, The American Statistician 69, 371-386, "narrowness bias"). It is NaN, and so are
    the interval and p, for less than two clusters and where 1 % or more of the resamples are undefined.

    Args:
        values: `[1 + B + J]`: of all data, of each resample, and without each cluster in turn.
        left_out: J; 0 where the jackknife was not made.
        clusters: Number of clusters that were resampled, C.
        level: Coverage of the interval.
    """
    value = float(values[0])
    found = interval(values, left_out, level)
    resampled = values[1 : values.size - left_out]
    defined = resampled[np.isfinite(resampled)]
    if clusters < 2 or defined.size < 2 or not np.isfinite([value, found.low, found.high]).all():
        return Difference(value, float("nan"), float("nan"), "", float("nan"), float("nan"))
    error = float(np.std(defined, ddof=1) * np.sqrt(clusters / (clusters - 1.0)))
    p = 2.0 * _beyond(abs(value), error, clusters)
    return Difference(value, *found, min(p, 1.0), error)


def _beyond(distance: float, error: float, clusters: int) -> float:
    """Return how likely Student's t lies beyond `distance`; an error of 0 leaves no doubt."""
    if error == 0.0:
        return 0.0 if distance > 0.0 else 1.0
    return float(stats.t.sf(distance / error, clusters - 1))


def equivalence(
    values: FloatArray, left_out: int, clusters: int, margin: float, alpha: float = 0.05
) -> Equivalence:
    """Return whether a difference is smaller than a margin: so it is where p < alpha.

    Two one-sided t tests, of a difference of -margin or less and of +margin or more; the p is the larger one
    (Schuirmann 1987, J. Pharmacokinetics and Biopharmaceutics 15, 657-680). NaN where `difference` has no p.

    Args:
        values: As in `difference`.
        left_out: As in `difference`.
        clusters: As in `difference`.
        margin: Above 0.
        alpha: Of each one-sided test.

    Raises:
        InputError: A margin that is no number above 0.
    """
    if not (np.isfinite(margin) and margin > 0.0):
        raise InputError(
            "no difference is smaller than this margin",
            expected="a margin above 0, in the units of the values",
            found=f"{margin}",
        )
    known = difference(values, left_out, clusters, 1.0 - 2.0 * alpha)
    inner = _beyond(margin - abs(known.value), known.error, clusters)
    return Equivalence(margin, inner if np.isfinite(known.p) else float("nan"), known.low, known.high)


def pairwise(draws: FloatArray, left_out: int, clusters: int, level: float = 0.95) -> Pairwise:
    """Return every difference between two rows, with p values adjusted for all R (R - 1) / 2 of them.

    Args:
        draws: `[R, 1 + B + J]`, rows of results over the same resamples.
        left_out: As in `difference`.
        clusters: As in `difference`.
        level: Coverage of each interval: of one pair at a time, not of all at once.
    """
    rows, columns = np.triu_indices(len(draws), 1)
    found = [
        difference(draws[row] - draws[column], left_out, clusters, level)
        for row, column in zip(rows, columns, strict=True)
    ]
    value, low, high, p = (np.array([getattr(one, name) for one in found]) for name in _KNOWN)
    count = len(draws)
    tests = (_square(count, test, test, np.nan) for test in (p, holm(p), false_discovery(p)))
    spans = (_square(count, low, -high, 0.0), _square(count, high, -low, 0.0))
    return Pairwise(_square(count, value, -value, 0.0), *spans, *tests)


def _square(count: int, upper: FloatArray, lower: FloatArray, diagonal: float) -> FloatArray:
    """Return `[R, R]` with `upper` above the diagonal, row by row, and `lower` mirrored below it."""
    square = np.full((count, count), diagonal)
    rows, columns = np.triu_indices(count, 1)
    square[rows, columns] = upper
    square[columns, rows] = lower
    return square


def holm(p: FloatArray) -> FloatArray:
    """Return p values `[n]` adjusted so that the chance of any false finding is kept.

    Holm 1979, Scandinavian Journal of Statistics 6, 65-70. An undefined p (NaN) is no part of the family and
    stays NaN.
    """
    return _of_defined(p, _step_down)


def false_discovery(p: FloatArray) -> FloatArray:
    """Return p values `[n]` adjusted to keep the share of false findings among the findings.

    Benjamini & Hochberg 1995, Journal of the Royal Statistical Society B 57, 289-300. An undefined p (NaN)
    is no part of the family and stays NaN.
    """
    return _of_defined(p, stats.false_discovery_control)


def _step_down(p: FloatArray) -> FloatArray:
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def _of_defined(p: FloatArray, adjust: Callable[[FloatArray], FloatArray]) -> FloatArray:
    adjusted = np.full(p.shape, np.nan)
    defined = np.isfinite(p)
    if defined.any():
        adjusted[defined] = adjust(p[defined])
    return adjusted
