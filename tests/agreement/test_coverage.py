"""Whether a 95 % interval holds the truth 95 times in 100, when pairs of a cluster are alike."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.interval import BCA, EXPANDED, METHODS, PERCENTILE, interval
from percepnet.agreement.opinion import rate
from tests.agreement.naive import clustered, kept

RHO = -0.7
# Of a bivariate normal distribution with correlation RHO (Kendall & Gibbons 1990, chapter 10).
TRUTH = {"srcc": 6 / np.pi * np.arcsin(RHO / 2), "krcc": 2 / np.pi * np.arcsin(RHO), "plcc": RHO}


def coverage(clusters: int, simulations: int, *, by_pair: bool) -> dict[tuple[str, str], float]:
    """Return the share of intervals that hold the truth, by metric and method."""
    hits: Counter[tuple[str, str]] = Counter()
    for seed in range(simulations):
        x, y, names = clustered(seed, clusters=clusters, members=6, rho=RHO)
        units = [f"{pair:04}" for pair in range(y.size)] if by_pair else names
        for score in rate(x[None], y, units, None, Bootstrap(500, seed=seed), higher_is_better=True):
            for method in METHODS:
                low, high, _ = interval(kept(score), score.n_clusters, method=method)
                hits[score.metric, method] += bool(low <= TRUTH[score.metric] <= high)
    return {key: count / simulations for key, count in hits.items()}


@pytest.mark.slow
@pytest.mark.parametrize("clusters", [24, 43, 81])
def test_the_widened_cluster_bootstrap_covers_where_others_fall_short(clusters):
    shares = coverage(clusters, 1000, by_pair=False)
    for metric in TRUTH:
        assert 0.93 <= shares[metric, EXPANDED] <= 0.97, (metric, shares)
    if clusters == 24:  # of BCa with the same widening, and of percentiles without
        for method in (BCA, PERCENTILE):
            assert min(shares[metric, method] for metric in TRUTH) < 0.93, shares


@pytest.mark.slow
def test_the_pair_bootstrap_does_not():
    for key, share in coverage(24, 200, by_pair=True).items():
        assert share < 0.88, (key, share)
