"""The slow and obvious: pairs written out as often as their cluster was drawn, then SciPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray, IntArray, Score

ESTIMATORS = {
    "srcc": lambda x, y: stats.spearmanr(x, y).statistic,
    "krcc": lambda x, y: stats.kendalltau(x, y, variant="b").statistic,
    "plcc": lambda x, y: stats.pearsonr(x, y).statistic,
}


def estimate(metric: str, x: FloatArray, y: FloatArray) -> float:
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan
    return float(ESTIMATORS[metric](x, y))


def written_out(codes: IntArray, draw: IntArray) -> IntArray:
    return np.repeat(np.arange(codes.size), draw[codes])


def resampled(
    metric: str, x: FloatArray, y: FloatArray, codes: IntArray, multiplicities: IntArray
) -> FloatArray:
    rows = [written_out(codes, draw) for draw in multiplicities]
    return np.array([estimate(metric, x[row], y[row]) for row in rows])


def clustered(
    seed: int, clusters: int = 30, members: int = 12, rho: float = -0.7, share: float = 0.5
) -> tuple[FloatArray, FloatArray, list[str]]:
    """Return x, y `[P]` and names: correlated rho, with `share` of the variance common to a cluster."""
    generator = np.random.default_rng(seed)
    covariance = [[1.0, rho], [rho, 1.0]]
    common = generator.multivariate_normal([0, 0], covariance, size=clusters)
    own = generator.multivariate_normal([0, 0], covariance, size=(clusters, members))
    x, y = (np.sqrt(share) * common[:, None] + np.sqrt(1 - share) * own).reshape(-1, 2).T
    return x, y, [f"c{c:02}" for c in range(clusters) for _ in range(members)]


def kept(score: Score) -> FloatArray:
    """Return what a score keeps of its draws: its value, those of the resamples, those of the jackknife."""
    assert score.resampled is not None
    return np.concatenate([[score.value], score.resampled])
