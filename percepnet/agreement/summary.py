"""From resampled values to scores: the observed value, its interval, its ceiling, its polarity."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from percepnet.agreement.contract import GAIN, Bootstrap, FloatArray, Score

if TYPE_CHECKING:
    from collections.abc import Mapping


class Metric(NamedTuple):
    """One metric of all taps.

    Attributes:
        values: `[R, 1 + B]`, the observed value of each tap, then its resamples.
        polarity: +1 where a higher value is more human-like, -1 where a lower one is.
        ceiling: What people reach; NaN where unknown.
        ceiling_method: How that was found.
    """

    values: FloatArray
    polarity: int
    ceiling: float
    ceiling_method: str = ""


def summarise(metrics: Mapping[str, Metric], bootstrap: Bootstrap, pairs: int, clusters: int) -> list[Score]:
    """Return one score per tap and metric, tap by tap; a single cluster has no interval (NaN).

    After a tap that is compared with another (`bootstrap.against`) come its gains over that: for each metric
    with a polarity the difference, signed so that a positive gain is more human-like, resample by resample.
    """
    taps = len(next(iter(metrics.values())).values)
    compared = dict(bootstrap.against)
    return [
        _score(tap, name, metric, bootstrap, (pairs, clusters))
        for tap in range(taps)
        for name, metric in ({**metrics} | _gains(metrics, compared.get(tap))).items()
    ]


def _gains(metrics: Mapping[str, Metric], other: int | None) -> dict[str, Metric]:
    if other is None:
        return {}
    return {
        name + GAIN: Metric(metric.polarity * (metric.values - metric.values[[other]]), 1, float("nan"))
        for name, metric in metrics.items()
        if metric.polarity
    }


def _score(tap: int, name: str, metric: Metric, bootstrap: Bootstrap, counts: tuple[int, int]) -> Score:
    pairs, clusters = counts
    low, high = bootstrap.interval(metric.values[tap, 1:] if clusters > 1 else np.empty(0))
    return Score(
        tap,
        name,
        float(metric.values[tap, 0]),
        low,
        high,
        ceiling=metric.ceiling,
        polarity=metric.polarity,
        n_pairs=pairs,
        n_clusters=clusters,
        ceiling_method=metric.ceiling_method if np.isfinite(metric.ceiling) else "",
    )
