"""From resampled values to scores: the observed value, its interval, its ceiling, its polarity."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from percepnet.agreement.contract import Bootstrap, FloatArray, Score

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
    """Return one score per tap and metric, tap by tap; a single cluster has no interval (NaN)."""
    taps = len(next(iter(metrics.values())).values)
    return [
        Score(
            tap,
            name,
            float(metric.values[tap, 0]),
            *bootstrap.interval(metric.values[tap, 1:] if clusters > 1 else np.empty(0)),
            ceiling=metric.ceiling,
            polarity=metric.polarity,
            n_pairs=pairs,
            n_clusters=clusters,
            ceiling_method=metric.ceiling_method if np.isfinite(metric.ceiling) else "",
        )
        for tap in range(taps)
        for name, metric in metrics.items()
    ]
