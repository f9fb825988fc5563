"""Whether a 95 % interval holds the truth 95 times in 100, when pairs of a cluster are alike."""

from __future__ import annotations

import numpy as np
import pytest

from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.opinion import rate
from tests.agreement.naive import clustered

RHO = -0.7
# Of a bivariate normal distribution with correlation RHO (Kendall & Gibbons 1990, chapter 10).
TRUTH = {"srcc": 6 / np.pi * np.arcsin(RHO / 2), "krcc": 2 / np.pi * np.arcsin(RHO), "plcc": RHO}


def coverage(clusters: int, simulations: int, *, by_pair: bool) -> dict[str, float]:
    hits = dict.fromkeys(TRUTH, 0)
    for seed in range(simulations):
        x, y, names = clustered(seed, clusters=clusters, rho=RHO)
        units = [str(pair) for pair in range(y.size)] if by_pair else names
        for score in rate(x[None], y, units, None, Bootstrap(500, seed=seed), higher_is_better=True):
            hits[score.metric] += bool(score.ci_low <= TRUTH[score.metric] <= score.ci_high)
    return {metric: count / simulations for metric, count in hits.items()}


@pytest.mark.slow
@pytest.mark.parametrize("clusters", [25, 40])
def test_the_cluster_bootstrap_covers(clusters):
    for metric, share in coverage(clusters, 500, by_pair=False).items():
        assert 0.90 <= share <= 0.98, (metric, share)


@pytest.mark.slow
def test_the_pair_bootstrap_does_not():
    for metric, share in coverage(25, 200, by_pair=True).items():
        assert share < 0.85, (metric, share)
