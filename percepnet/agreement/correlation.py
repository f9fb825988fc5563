"""Pearson, Spearman and Kendall of many resamples at once, each as if its pairs had been written out.

A resample is a row of multiplicities `[C]`: how often each cluster of pairs occurs. The observed data are
the resample of ones. Every function returns one value per resample, NaN where a side is constant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from percepnet.agreement.ordering import dense_ranks, dominance, net_concordance, tied_pairs

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray, IntArray

METRICS = ("srcc", "krcc", "plcc")
# Elements of the largest array over resamples, of ranks [B, P] or products [B, C^2]: 32 MB.
_BUDGET = 1 << 22


def correlations(
    distances: FloatArray, scores: FloatArray, codes: IntArray, multiplicities: IntArray
) -> dict[str, FloatArray]:
    """Return Spearman, Kendall's tau-b and Pearson by name (`METRICS`), each `[R, B]`.

    Args:
        distances: `[R, P]`, one row per tap.
        scores: `[P]`.
        codes: Cluster of each pair `[P]`, in 0 .. C - 1.
        multiplicities: How often each resample holds each cluster, `[B, C]`.
    """
    weights = multiplicities.astype(np.float64)
    x = np.stack([dense_ranks(row) for row in distances])
    y = dense_ranks(scores)
    untied = np.stack([_untied(row, codes, weights) for row in x])
    untied_scores = _untied(y, codes, weights)
    # Exact, as these are whole numbers: 0 where all values of a resample are equal.
    undefined = (untied == 0.0) | (untied_scores == 0.0)
    found = {
        "srcc": _spearman(x, y, codes, weights),
        "krcc": _kendall(x, y, codes, weights, untied * untied_scores),
        "plcc": np.stack([_pearson(row, scores, codes, weights) for row in distances]),
    }
    return {metric: np.where(undefined, np.nan, values) for metric, values in found.items()}


def spearman(distances: FloatArray, scores: FloatArray) -> FloatArray:
    """Return Spearman's rho of each row of `[R, P]` with `[P]`: Pearson's r of mid-ranks, NaN if constant."""
    x = rankdata(distances, axis=1)
    y = rankdata(scores)
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean()
    return ratio(x @ y, (x * x).sum(axis=1) * (y @ y))


def ratio(covariance: FloatArray, product: FloatArray) -> FloatArray:
    """Return `covariance / sqrt(product)` within [-1, 1], NaN unless the product is positive."""
    root = np.sqrt(np.where(product > 0.0, product, np.nan))
    return np.asarray(np.clip(covariance / root, -1.0, 1.0))


def _untied(ranks: IntArray, codes: IntArray, weights: FloatArray) -> FloatArray:
    """Return the number of ordered pairs with unequal values in each resample, `[B]`."""
    clusters = weights.shape[1]
    sizes = np.bincount(codes, minlength=clusters)
    unequal = np.outer(sizes, sizes) - tied_pairs(ranks, codes, clusters)
    return _quadratic(weights, unequal)


def _quadratic(weights: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return `m^T matrix m` for each row m of `weights`, `[B]`."""
    return np.asarray(np.einsum("bc,bc->b", weights @ matrix, weights))


def _kendall(
    x: IntArray, y: IntArray, codes: IntArray, weights: FloatArray, untied: FloatArray
) -> FloatArray:
    """Return tau-b `[R, B]` = (concordant - discordant) / sqrt(untied in x * untied in y) (Kendall 1945).

    Copies of a pair are ties in x and in y: they enter neither the numerator nor the untied counts.
    `untied` is the product of the two counts of ordered pairs, hence the 2 before pairs counted once.
    """
    net = net_concordance(x, y, codes, weights.shape[1])
    return ratio(np.stack([2.0 * _quadratic(weights, table) for table in net]), untied)


def _spearman(x: IntArray, y: IntArray, codes: IntArray, weights: FloatArray) -> FloatArray:
    """Return the Pearson correlation of mid-ranks taken within each resample, `[R, B]`."""
    clusters = weights.shape[1]
    few = clusters**2 <= 2 * y.size
    block, width = (_spearman_of_tables, clusters**2) if few else (_spearman_of_ranks, y.size)
    step = max(1, _BUDGET // width)
    blocks = [block(x, y, codes, weights[first : first + step]) for first in range(0, len(weights), step)]
    return np.concatenate(blocks, axis=1)


def _spearman_of_tables(x: IntArray, y: IntArray, codes: IntArray, weights: FloatArray) -> FloatArray:
    """Return Spearman `[R, b]` where clusters are few: its sums are cubic forms in m, tabled once a tap."""
    clusters = weights.shape[1]
    members = [np.flatnonzero(codes == cluster) for cluster in range(clusters)]
    twice = (weights[:, :, None] * weights[:, None, :]).reshape(len(weights), -1)

    def summed(a: FloatArray, b: FloatArray) -> FloatArray:
        table = np.stack([a[pairs].T @ b[pairs] for pairs in members])
        return np.asarray(np.einsum("bc,bc->b", twice @ table.reshape(clusters, -1).T, weights))

    of_y = dominance(y, codes, clusters)
    variance_y = summed(of_y, of_y)
    rows = []
    for ranks in x:
        of_x = dominance(ranks, codes, clusters)
        rows.append(ratio(summed(of_x, of_y), variance_y * summed(of_x, of_x)))
    return np.stack(rows)


def _spearman_of_ranks(x: IntArray, y: IntArray, codes: IntArray, weights: FloatArray) -> FloatArray:
    """Return Spearman `[R, b]` where clusters are many: every pair's mid-rank in every resample."""
    clusters = weights.shape[1]
    copies = weights[:, codes]
    ranks_y = weights @ dominance(y, codes, clusters).T
    weighted_y = copies * ranks_y
    variance_y = np.einsum("bp,bp->b", weighted_y, ranks_y)
    rows = []
    for ranks in x:
        ranks_x = weights @ dominance(ranks, codes, clusters).T
        covariance = np.einsum("bp,bp->b", weighted_y, ranks_x)
        np.multiply(ranks_x, ranks_x, out=ranks_x)
        rows.append(ratio(covariance, variance_y * np.einsum("bp,bp->b", copies, ranks_x)))
    return np.stack(rows)


def _pearson(x: FloatArray, y: FloatArray, codes: IntArray, weights: FloatArray) -> FloatArray:
    """Return the plain Pearson correlation of each resample, `[B]`, from sums over clusters."""
    a, b = _centred(x), _centred(y)
    terms = (np.ones_like(a), a, b, a * a, b * b, a * b)
    sums = np.stack([np.bincount(codes, term, minlength=weights.shape[1]) for term in terms], axis=1)
    n, sum_a, sum_b, aa, bb, ab = (weights @ sums).T
    product = (n * aa - sum_a * sum_a) * (n * bb - sum_b * sum_b)
    return ratio(n * ab - sum_a * sum_b, product)


def _centred(values: FloatArray) -> FloatArray:
    """Return values about their median, at most 1 in size.

    The median and not the mean: one huge distance must not push all others to one side, where the
    resamples without it would lose their variance to rounding.
    """
    shifted = values - np.median(values)
    largest = np.abs(shifted).max()
    return np.asarray(shifted / largest) if largest > 0.0 else shifted
