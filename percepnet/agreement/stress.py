"""Agreement of distances with visual colour differences: the STRESS index beside the correlations.

Garcia, Huertas, Melgosa and Cui (2007), Measurement of the relationship between perceived and computed color
differences, J. Opt. Soc. Am. A 24(7), 1823-1829, doi:10.1364/JOSAA.24.001823.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement import opinion
from percepnet.agreement.checks import require, require_shape
from percepnet.agreement.ordering import encode
from percepnet.agreement.summary import Metric, summarise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.agreement.contract import Bootstrap, FloatArray, IntArray, Score


def rate(
    distances: FloatArray,
    differences: FloatArray,
    clusters: Sequence[str],
    weights: FloatArray,
    bootstrap: Bootstrap,
) -> list[Score]:
    """Return stress (0 to 100, less is better), srcc, krcc and plcc of every tap, in this order, tap by tap.

    Args:
        distances: `[R, P]`, one row per tap, 0 or more.
        differences: What people saw `[P]`, 0 or more.
        clusters: What the bootstrap resamples, a name per pair.
        weights: How much each pair counts in the STRESS index `[P]`, above 0; correlations count every pair
            once.
        bootstrap: How the intervals are drawn.

    Raises:
        InputError: Shapes do not fit, or a value is out of range.
    """
    plain = replace(bootstrap, logistic=0)  # STRESS is the measure here, not a curve
    correlations = opinion.rate(distances, differences, clusters, None, plain, higher_is_better=False)
    _check(distances, differences, weights)
    codes, count = encode(clusters)
    found = stress(distances, differences, codes, bootstrap.draws(count), weights)
    metric = Metric(found, -1, float("nan"))
    first = summarise({"stress": metric}, bootstrap, differences.size, count)
    return sorted([*first, *correlations], key=lambda score: score.tap)


def stress(
    distances: FloatArray,
    differences: FloatArray,
    codes: IntArray,
    multiplicities: IntArray,
    weights: FloatArray,
) -> FloatArray:
    """Return the STRESS index `[R, B]`, 0 to 100, of every resample as if its pairs had been written out.

    `100 sqrt(sum (E - F V)^2 / sum (F V)^2)` with `F = sum E^2 / sum E V` (equations 3 and 4) is the sine of
    the angle between E and V: `100 sqrt(sum (E - k V)^2 / sum E^2)` with the k of least squares. NaN where
    all distances or all differences of a resample are 0.

    Args:
        distances: E `[R, P]`.
        differences: V `[P]`.
        codes: Cluster of each pair `[P]`, in 0 .. C - 1.
        multiplicities: How often each resample holds each cluster, `[B, C]`.
        weights: Of each pair in every sum, `[P]`.
    """
    return np.stack([_of_tap(row, differences, codes, multiplicities, weights) for row in distances])


def _of_tap(
    distances: FloatArray,
    differences: FloatArray,
    codes: IntArray,
    multiplicities: IntArray,
    weights: FloatArray,
) -> FloatArray:
    """Return the index `[B]` from sums over clusters, `sum (E - k V)^2 = sum r^2 - (sum r v)^2 / sum v^2`."""
    largest, greatest = distances.max(), differences.max()
    if largest == 0.0 or greatest == 0.0:
        return np.full(len(multiplicities), np.nan)
    e, v = distances / largest, differences / greatest
    r = e - _slope(e, v) * v
    terms = (r * r, r * v, v * v, e * e)
    clusters = multiplicities.shape[1]
    sums = np.stack([np.bincount(codes, weights * term, minlength=clusters) for term in terms], axis=1)
    rr, rv, vv, ee = (multiplicities @ sums).T
    defined = (ee > 0.0) & (vv > 0.0)
    residual = rr - rv * rv / np.where(defined, vv, 1.0)
    share = np.clip(residual, 0.0, None) / np.where(defined, ee, 1.0)
    return np.where(defined, 100.0 * np.sqrt(np.minimum(share, 1.0)), np.nan)


def _slope(e: FloatArray, v: FloatArray) -> float:
    """Return the median of e / v.

    Any slope is right; this one leaves small residuals, which do not cancel where e is nearly proportional
    to v, and one huge distance does not tilt it.
    """
    seen = v > 0.0
    return float(np.median(e[seen] / v[seen]))


def _check(distances: FloatArray, differences: FloatArray, weights: FloatArray) -> None:
    """Raise InputError unless distances and differences are 0 or more and every pair has a weight."""
    require("distances", distances, distances >= 0.0, ("tap", "pair"), "0 or more")
    require("visual differences", differences, differences >= 0.0, ("pair",), "0 or more")
    require_shape("weights", weights, (differences.size,), "[P pairs]")
    require("weights", weights, np.isfinite(weights) & (weights > 0.0), ("pair",), "finite, above 0")
