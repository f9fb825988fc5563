"""What an agreement with people is made of: one score, and how its interval is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from percepnet.errors import InputError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

GAIN = "_gain"
"""Ends the name of a metric whose value is a difference between two rows; higher is more human-like."""

UNIFORM = " (uniform)"
"""Ends the name of a row without what was learned, which the learned row before it is compared with."""

ALL = "all"
"""The subset that leaves nothing out."""


@dataclass(frozen=True, slots=True)
class Score:
    """How well the distances at one tap agree with people, by one metric.

    Attributes:
        tap: Row of the distance array `[R, P]` that was scored.
        metric: `srcc`, `krcc`, `plcc`, `rmse`, ...
        value: Signed; NaN where the metric is undefined (constant distances).
        ci_low: Lower end of the bootstrap interval.
        ci_high: Upper end of the bootstrap interval.
        ceiling: What a perfect predictor would reach given the spread of the human data,
            with the sign of `polarity` for correlations; NaN where unknown.
        polarity: +1 where a higher value is more human-like, -1 where a lower one is.
        n_pairs: Image pairs (or thresholds) that were scored.
        n_clusters: Units that the bootstrap resampled.
        ceiling_method: How the ceiling was found; "" where there is none.
        subset: `all` judgements, or a part of them such as `kind=jpeg` or `level=3`.
    """

    tap: int
    metric: str
    value: float
    ci_low: float
    ci_high: float
    ceiling: float
    polarity: int
    n_pairs: int
    n_clusters: int
    ceiling_method: str = ""
    subset: str = ALL


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """A percentile bootstrap over clusters: the same resamples for every row of one benchmark.

    Attributes:
        resamples: Number of resamples B; 0 for no intervals.
        level: Coverage of the interval.
        seed: Of NumPy's PCG64.
        against: Pairs of rows of the distances: (0, 1) asks how much more human-like row 0 is than row 1,
            over the same resamples.

    Raises:
        InputError: Fewer than 0 resamples, or a level that is no share.
    """

    resamples: int = 1000
    level: float = 0.95
    seed: int = 0
    against: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.resamples < 0 or not 0.0 < self.level < 1.0:
            raise InputError(
                "this bootstrap cannot be drawn",
                expected="resamples of 0 or more, a level between 0 and 1",
                found=f"resamples {self.resamples}, level {self.level}",
            )

    def multiplicities(self, clusters: int) -> IntArray:
        """Return how often each cluster was drawn in each resample, `[B, clusters]`."""
        generator = np.random.default_rng(self.seed)
        share = np.full(clusters, 1.0 / clusters)
        return generator.multinomial(clusters, share, size=self.resamples).astype(np.int64)

    def interval(self, values: FloatArray) -> tuple[float, float]:
        """Return the percentile interval of resampled `values` `[B]`, NaN if 1 % or more are undefined."""
        defined = values[np.isfinite(values)]
        if defined.size == 0 or defined.size <= 0.99 * values.size:
            return float("nan"), float("nan")
        tail = (1.0 - self.level) / 2.0
        low, high = np.quantile(defined, [tail, 1.0 - tail])
        return float(low), float(high)
