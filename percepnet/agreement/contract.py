"""What an agreement with people is made of: one score, and how its interval is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from percepnet.agreement.interval import METHODS, PERCENTILE
from percepnet.errors import InputError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

GAIN = "_gain"
"""Ends the name of a metric whose value is a difference between two rows; higher is more human-like."""

UNIFORM = " (uniform)"
"""Ends the name of a row without what was learned, which the learned row before it is compared with."""

ALL = "all"
"""The subset that leaves nothing out."""

_MOST_LEFT_OUT = 250


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
        ci_method: How the interval was found; "" where there is none.
        draws: What was resampled, in words that are the same for all scores that share their resamples; ""
            where nothing was.
        fit: How the curve of a fitted metric was found; "" for all others.
        resampled: The value in each of B resamples, then without each of J clusters, `[B + J]`; None where
            nothing was resampled.
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
    ci_method: str = ""
    draws: str = ""
    fit: str = ""
    resampled: FloatArray | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """A bootstrap over clusters: the same resamples for every row of one benchmark, of all its runs.

    Attributes:
        resamples: Number of resamples B; 0 for no intervals.
        level: Coverage of the interval.
        seed: Of NumPy's PCG64.
        against: Pairs of rows of the distances: (0, 1) asks how much more human-like row 0 is than row 1,
            over the same resamples.
        method: How resamples become an interval, see `percepnet.agreement.interval`.
        logistic: Parameters of the curve that opinion scores are fitted by, 4 or 5, before plcc_logistic and
            rmse_logistic; 0: no curve, and no such metrics.

    Raises:
        InputError: Fewer than 0 resamples, a level that is no share, no method of that name, no such curve.
    """

    resamples: int = 1000
    level: float = 0.95
    seed: int = 0
    against: tuple[tuple[int, int], ...] = ()
    method: str = METHODS[0]
    logistic: int = 0

    def __post_init__(self) -> None:
        if self.resamples < 0 or not 0.0 < self.level < 1.0 or self.method not in METHODS:
            raise InputError(
                "this bootstrap cannot be drawn",
                expected=f"resamples of 0 or more, a level between 0 and 1, one of {', '.join(METHODS)}",
                found=f"resamples {self.resamples}, level {self.level}, {self.method}",
            )
        if self.logistic not in (0, 4, 5):
            raise InputError("no such curve", expected="logistic: 0, 4 or 5", found=str(self.logistic))

    def multiplicities(self, clusters: int) -> IntArray:
        """Return how often each cluster was drawn in each resample, `[B, clusters]`."""
        generator = np.random.default_rng(self.seed)
        share = np.full(clusters, 1.0 / clusters)
        return generator.multinomial(clusters, share, size=self.resamples).astype(np.int64)

    def left_out(self, clusters: int) -> int:
        """Return J, how many clusters are left out in turn: all of them if at most 250, else none.

        Beyond that an interval gains nothing from it (its width changes by 0.7 % at 250), and it would cost
        as much as the resamples.
        """
        is_used = self.resamples > 0 and self.method != PERCENTILE
        return clusters if is_used and 1 < clusters <= _MOST_LEFT_OUT else 0

    def draws(self, clusters: int) -> IntArray:
        """Return how often each cluster counts, `[1 + B + J, clusters]`.

        First once each, as observed; then the B resamples; then without each of J clusters in turn (the
        jackknife, which tells how a statistic varies more precisely than resamples do).
        """
        return np.concatenate(
            [
                np.ones((1, clusters), dtype=np.int64),
                self.multiplicities(clusters),
                1 - np.eye(self.left_out(clusters), clusters, dtype=np.int64),
            ]
        )

    def described(self, clusters: int) -> str:
        """Return what was drawn, in words that are the same for all who share it; "" for nothing."""
        if self.resamples == 0:
            return ""
        left_out = self.left_out(clusters)
        more = f", {left_out} left out in turn" if left_out else ""
        return f"{self.resamples} resamples of {clusters} clusters, seed {self.seed}{more}"
