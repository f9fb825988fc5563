"""Rank correlation across networks, whose scores come from images that could have been others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from percepnet.agreement.comparison import Difference

if TYPE_CHECKING:
    from percepnet.ablation.claims.model import Tail
    from percepnet.agreement.contract import FloatArray

FEWEST = 5
"""Networks: with four, no order of ranks is rarer than 1 in 24 and no two-sided p below 0.08."""


def correlation(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """Return Spearman's rank correlation of each column, `[D]`; mean ranks for ties.

    Args:
        ours: `[N, D]`.
        theirs: `[N, D]`, or `[N, 1]`.
    """
    one, two = (stats.rankdata(side, axis=0) for side in (ours, theirs))
    one, two = one - one.mean(axis=0), two - two.mean(axis=0)
    size = np.sqrt((one**2).sum(axis=0) * (two**2).sum(axis=0))
    products = (one * two).sum(axis=0)
    return np.asarray(np.divide(products, size, out=np.full(size.shape, np.nan), where=size > 0.0))


def across_networks(
    ours: FloatArray, theirs: FloatArray, resamples: int, level: float = 0.95
) -> tuple[Difference, Tail, Tail]:
    """Return what is known of a correlation over networks, were both networks and images drawn anew.

    Interval: Fisher's z with the variance (1 + r^2 / 2) / (N - 3) of Bonett & Wright (2000, Psychometrika 65,
    23-28) for the draw of networks, plus the variance of z over resamples of the images. What the images add
    to each network by itself is in the first part already, so the sum errs on the wide side. A perfect r
    counts as half a step of r below 1. p of no correlation: permutations of the networks, all of few.

    Args:
        ours: `[N, 1 + B]` of N networks: of all data, of each resample.
        theirs: The same, or `[N, 1]`.
        resamples: B; 0 leaves the images' part out.
        level: Coverage.
    """
    found = correlation(ours[:, : 1 + resamples], theirs[:, : 1 + resamples])
    networks = len(ours)
    z = _fisher(found, networks)
    spread = float(np.nanvar(z[1:], ddof=1)) if resamples > 1 else 0.0
    error = float(np.sqrt((1.0 + found[0] ** 2 / 2.0) / (networks - 3) + spread))
    reach = stats.norm.ppf((1.0 + level) / 2.0) * error
    low, high = np.tanh([z[0] - reach, z[0] + reach])

    def above(bound: float) -> float:
        if bound == 0.0:
            return permuted(ours[:, 0], theirs[:, 0])
        return float(stats.norm.sf((z[0] - np.arctanh(bound)) / error))

    def below(bound: float) -> float:
        if bound == 0.0:
            return permuted(ours[:, 0], -theirs[:, 0])
        return float(stats.norm.cdf((z[0] - np.arctanh(bound)) / error))

    p = min(1.0, 2.0 * min(above(0.0), below(0.0)))
    method = "Fisher's z over networks and images"
    known = Difference(
        float(found[0]), float(low), float(high), method, p, float(error * (1 - found[0] ** 2))
    )
    return known, above, below


def permuted(ours: FloatArray, theirs: FloatArray) -> float:
    """Return the one-sided p value of ranks `[N]` not growing together: the share of orders as good."""
    one, two = (rank - rank.mean() for rank in (stats.rankdata(ours), stats.rankdata(theirs)))

    def products(ranks: FloatArray, axis: int = -1) -> FloatArray:
        return np.asarray((ranks * two).sum(axis=axis))

    found = stats.permutation_test(
        (one,), products, permutation_type="pairings", alternative="greater", vectorized=True, rng=0
    )
    return float(found.pvalue)


def _fisher(found: FloatArray, networks: int) -> FloatArray:
    """Return Fisher's z; between 1 and the next smaller r lie 12 / (N^3 - N), of which half is taken off."""
    most = 1.0 - 6.0 / (networks * (networks**2 - 1.0))
    return np.arctanh(np.clip(found, -most, most))
