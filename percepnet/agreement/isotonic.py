"""The best rising function of any shape: what stands in for a function that could not be fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import isotonic_regression

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray


def explained(x: FloatArray, y: FloatArray, weights: FloatArray) -> float:
    """Return the share of the variance of y that the best rising function of x explains."""
    _, levels, counts = steps(x, y, weights)
    mean = np.average(y, weights=weights)
    total = weights @ (y - mean) ** 2
    return float(np.clip(counts @ (levels - mean) ** 2 / total, 0.0, 1.0)) if total > 0.0 else float("nan")


def steps(x: FloatArray, y: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the distinct x with a weight, the best rising function there, and the weights, each `[K]`."""
    places, codes = np.unique(x, return_inverse=True)
    counts = np.bincount(codes, weights)
    drawn = counts > 0.0
    means = np.bincount(codes, weights * y)[drawn] / counts[drawn]
    levels = isotonic_regression(means, weights=counts[drawn]).x
    return places[drawn], np.asarray(levels), np.asarray(counts[drawn])
