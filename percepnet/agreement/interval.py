"""Intervals from resampled values of one statistic: BCa, or percentile where that cannot be had."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray


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


def interval(values: FloatArray, left_out: int, level: float = 0.95, method: str = "bca") -> Interval:
    """Return the bootstrap interval of one statistic, NaN if 1 % or more of its resamples are undefined.

    Args:
        values: `[1 + B + J]`: of all data, of each of B resamples of the clusters, and without each of J
            clusters in turn.
        left_out: J; 0 where the jackknife was not made.
        level: Coverage.
        method: `bca` or `percentile`.
    """
    resampled = values[1 : values.size - left_out]
    defined = resampled[np.isfinite(resampled)]
    if defined.size == 0 or defined.size <= 0.99 * resampled.size:
        return Interval(float("nan"), float("nan"), "")
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return Interval(float(low), float(high), "percentile")
