"""Who lies above whom, counted between clusters: what rank correlations of resamples are made of.

A resample repeats whole clusters, cluster c `m_c` times. Whatever compares values two by two is therefore
a quadratic form in m whose matrix `[C, C]` is counted once, from the original pairs alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from percepnet.agreement.contract import FloatArray, IntArray

# Elements of the largest temporary array: 4 M bytes of comparisons fit a processor's cache.
_BUDGET = 1 << 22


def encode(labels: Sequence[str]) -> tuple[IntArray, int]:
    """Return each pair's place `[P]` among the sorted names of clusters, and the number of clusters."""
    places = {name: place for place, name in enumerate(sorted(set(labels)))}
    return np.array([places[label] for label in labels], dtype=np.int64), len(places)


def dense_ranks(values: FloatArray) -> IntArray:
    """Return the ranks 0, 1, ... of the distinct values, equal for ties, `[P]`."""
    return np.unique(values, return_inverse=True)[1].reshape(values.shape).astype(np.int64)


def tied_pairs(ranks: IntArray, codes: IntArray, clusters: int) -> FloatArray:
    """Return how many ordered pairs (i in c, j in d), i = j included, are equal, `[C, C]`."""
    shape = (int(ranks.max()) + 1, clusters)
    members = sparse.csr_array((np.ones(ranks.size), (ranks, codes)), shape=shape)
    return np.asarray((members.T @ members).toarray(), dtype=np.float64)


def dominance(ranks: IntArray, codes: IntArray, clusters: int) -> FloatArray:
    """Return how many values of cluster c lie below minus above value i, `[P, C]`.

    In a resample of n values, `dominance @ m` is `2 r - (n + 1)` with the mid-rank r of each value:
    ranks that are already centred and whole numbers, so exact.
    """
    counts = np.zeros((int(ranks.max()) + 1, clusters))
    np.add.at(counts, (ranks, codes), 1.0)
    up_to = np.cumsum(counts, axis=0)
    # below - above = (up_to - counts) - (total - up_to)
    return np.asarray((2.0 * up_to - counts - up_to[-1])[ranks])


def net_concordance(x: IntArray, y: IntArray, codes: IntArray, clusters: int) -> FloatArray:
    """Return concordant minus discordant pairs (i in c, j in d) with x_j < x_i, `[R, C, C]`.

    Args:
        x: Ranks `[R, P]`.
        y: Ranks `[P]`, compared with every row of `x`.
        codes: Cluster of each pair `[P]`.
        clusters: Number of clusters C.
    """
    # Comparisons are kept as bits, each cluster filling whole bytes: 8 pairs per operation, and a cluster's
    # count is a sum of neighbouring bytes. Padding lies above everything in x, so it is never counted.
    place, starts, width = _byte_layout(codes, clusters)
    padded_x = np.full((len(x), width), x.size, dtype=np.int32)
    padded_x[:, place] = x
    padded_y = np.zeros(width, dtype=np.int32)
    padded_y[place] = y
    net = np.zeros((len(x), clusters, clusters))
    for cluster, rows in _row_blocks(codes, clusters, width):
        below = np.packbits(padded_y < y[rows, None], axis=1)
        above = np.packbits(padded_y > y[rows, None], axis=1)
        for tap, padded in enumerate(padded_x):
            lower = np.packbits(padded < x[tap, rows, None], axis=1)
            signed = _column_counts(lower & below) - _column_counts(lower & above)
            net[tap, cluster] += np.add.reduceat(signed, starts)
    return net


def _byte_layout(codes: IntArray, clusters: int) -> tuple[IntArray, IntArray, int]:
    """Return each pair's bit `[P]`, each cluster's first byte `[C]`, and the number of bits."""
    sizes = np.bincount(codes, minlength=clusters)
    ends = np.cumsum((sizes + 7) // 8)
    starts = np.concatenate([[0], ends[:-1]])
    order = np.argsort(codes, kind="stable")
    within = np.arange(codes.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = np.empty(codes.size, dtype=np.int64)
    place[order] = 8 * np.repeat(starts, sizes) + within
    return place, starts, int(8 * ends[-1])


def _row_blocks(codes: IntArray, clusters: int, width: int) -> Iterator[tuple[int, IntArray]]:
    """Yield each cluster with its pairs, in blocks that keep `rows * width` within the budget."""
    step = max(1, _BUDGET // width)
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(clusters + 1))
    for cluster in range(clusters):
        rows = order[bounds[cluster] : bounds[cluster + 1]]
        for first in range(0, rows.size, step):
            yield cluster, rows[first : first + step]


def _column_counts(bits: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> IntArray:
    """Return the number of set bits in each byte's column, `[bytes]`."""
    return np.asarray(np.bitwise_count(bits).sum(axis=0, dtype=np.int64))
