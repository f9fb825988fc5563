"""Correlation and error of resamples whose values themselves change from one resample to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.correlation import ratio

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray

# Elements of the largest array of comparisons [resamples, S, S]: 32 MB.
_BUDGET = 1 << 22


def pearson(x: FloatArray, y: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the correlation `[B]` of `x` `[B, S]` with `y` `[S]`, value i counted `weights[:, i]` times."""
    repeated = np.broadcast_to(y, x.shape)
    a, b = _centred(x, weights), _centred(repeated, weights)
    covariance = _sum(weights, a * b)
    found = ratio(covariance, _sum(weights, a * a) * _sum(weights, b * b))
    undefined = _constant(x, weights) | _constant(repeated, weights)
    return np.where(undefined, np.nan, found)


def spearman(x: FloatArray, y: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the correlation `[B]` of mid-ranks within each resample; arguments as for `pearson`."""
    step = max(1, _BUDGET // y.size**2)
    blocks = []
    for first in range(0, len(x), step):
        part = slice(first, first + step)
        a, b = _ranks(x[part], weights[part]), _ranks(y[None], weights[part])
        variances = _sum(weights[part], a * a) * _sum(weights[part], b * b)
        blocks.append(ratio(_sum(weights[part], a * b), variances))
    return np.concatenate(blocks) if blocks else np.empty(0)


def rms(errors: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the root of the weighted mean square `[B]` of `errors` `[B, S]`."""
    return np.asarray(np.sqrt(_sum(weights, np.square(errors)) / weights.sum(axis=1)))


def _ranks(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return `2 r - (n + 1)` `[B, S]` with mid-ranks r in a resample of n values: centred whole numbers."""
    above = np.sign(values[:, :, None] - values[:, None, :])
    return np.asarray((above @ weights[:, :, None])[:, :, 0])


def _centred(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return `values` minus their weighted mean in each resample, `[B, S]`."""
    return np.asarray(values - (_sum(weights, values) / weights.sum(axis=1))[:, None])


def _constant(values: FloatArray, weights: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return whether all values drawn by a resample are equal, `[B]`."""
    drawn = weights > 0.0
    highest = np.max(values, axis=1, where=drawn, initial=-np.inf)
    return np.asarray(highest == np.min(values, axis=1, where=drawn, initial=np.inf))


def _sum(weights: FloatArray, values: FloatArray) -> FloatArray:
    """Return the weighted sum of each row, `[B]`."""
    return np.asarray(np.einsum("bs,bs->b", weights, values))
