"""From resampled values to scores: the observed value, its interval, its ceiling, its polarity."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from percepnet.agreement.contract import GAIN, Bootstrap, FloatArray, Score
from percepnet.agreement.interval import NONE, interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Metric(NamedTuple):
    """One metric of all taps.

    Attributes:
        values: `[R, 1 + B + J]`, the observed value of each tap, then its resamples, then without each of J
            clusters, as `Bootstrap.draws` has them.
        polarity: +1 where a higher value is more human-like, -1 where a lower one is.
        ceiling: What people reach; NaN where unknown.
        ceiling_method: How that was found.
        fits: How the curve of each tap was fitted, R of them; empty where there is none.
    """

    values: FloatArray
    polarity: int
    ceiling: float
    ceiling_method: str = ""
    fits: Sequence[str] = ()


def summarise(
    metrics: Mapping[str, Metric],
    bootstrap: Bootstrap,
    pairs: int,
    clusters: int,
    drawn: int | None = None,
) -> list[Score]:
    """Return one score per tap and metric, tap by tap; a single cluster has no interval (NaN).

    After a tap that is compared with another (`bootstrap.against`) come its gains over that: for each metric
    with a polarity the difference, signed so that a positive gain is more human-like, resample by resample.

    Args:
        metrics: By name.
        bootstrap: What they were resampled by.
        pairs: That were scored.
        clusters: That these pairs belong to.
        drawn: Clusters that were drawn from, where the pairs belong to only some of them.
    """
    taps = len(next(iter(metrics.values())).values)
    compared = dict(bootstrap.against)
    counts = _Counts(pairs, clusters, clusters if drawn is None else drawn)
    return [
        _score(tap, name, metric, bootstrap, counts)
        for tap in range(taps)
        for name, metric in ({**metrics} | _gains(metrics, compared.get(tap))).items()
    ]


class _Counts(NamedTuple):
    pairs: int
    clusters: int
    drawn: int


def _gains(metrics: Mapping[str, Metric], other: int | None) -> dict[str, Metric]:
    if other is None:
        return {}
    return {
        name + GAIN: Metric(metric.polarity * (metric.values - metric.values[[other]]), 1, float("nan"))
        for name, metric in metrics.items()
        if metric.polarity
    }


def _score(tap: int, name: str, metric: Metric, bootstrap: Bootstrap, counts: _Counts) -> Score:
    values = metric.values[tap]
    is_resampled = counts.clusters > 1 and bootstrap.resamples > 0
    left_out = bootstrap.left_out(counts.drawn)
    found = interval(values, left_out, bootstrap.level, bootstrap.method) if is_resampled else NONE
    return Score(
        tap,
        name,
        float(values[0]),
        found.low,
        found.high,
        ceiling=metric.ceiling,
        polarity=metric.polarity,
        n_pairs=counts.pairs,
        n_clusters=counts.clusters,
        ceiling_method=metric.ceiling_method if np.isfinite(metric.ceiling) else "",
        ci_method=found.method,
        draws=bootstrap.described(counts.drawn),
        fit=metric.fits[tap] if metric.fits else "",
        resampled=values[1:] if is_resampled else None,
    )
