"""Every pair statistic once more, in float64 and straight from its definition."""

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance


def squared_difference(x, y):
    return ((x - y) ** 2).mean(axis=(1, 2))


def absolute_difference(x, y):
    return np.abs(x - y).mean(axis=(1, 2))


def unit_squared_difference(x, y):
    units = [one / (np.sqrt((one**2).sum(axis=0)) + 1e-10) for one in (x, y)]
    return squared_difference(*units)


def _direction(x):
    length = np.sqrt((x**2).sum())
    return x / length if length > 0 else x


def cosine_distance(x, y):
    return 0.5 * ((_direction(x) - _direction(y)) ** 2).sum(axis=(1, 2))


def correlation_distance(x, y):
    return cosine_distance(x - x.mean(), y - y.mean())


def reference_mean(x, y):
    return x.mean(axis=(1, 2))


def reference_deviation(x, y):
    return x.std(axis=(1, 2))


def mean_difference(x, y):
    return y.mean(axis=(1, 2)) - x.mean(axis=(1, 2))


def deviation_difference(x, y):
    return y.std(axis=(1, 2)) - x.std(axis=(1, 2))


def _central(x, order):
    return ((x - x.mean(axis=(1, 2), keepdims=True)) ** order).mean(axis=(1, 2))


def third_moment_difference(x, y):
    return np.cbrt(_central(y, 3)) - np.cbrt(_central(x, 3))


def fourth_moment_difference(x, y):
    return _central(y, 4) ** 0.25 - _central(x, 4) ** 0.25


def texture_difference(x, y):
    a, b = x.mean(axis=(1, 2)), y.mean(axis=(1, 2))
    return 1 - (2 * a * b + 1e-6) / (a**2 + b**2 + 1e-6)


def structure_difference(x, y):
    a, b = (one - one.mean(axis=(1, 2), keepdims=True) for one in (x, y))
    covariance = (a * b).mean(axis=(1, 2))
    return 1 - (2 * covariance + 1e-6) / ((a**2).mean(axis=(1, 2)) + (b**2).mean(axis=(1, 2)) + 1e-6)


def gram_squared_difference(x, y):
    grams = [np.einsum("ihw,jhw->ij", one, one) / (x.shape[1] * x.shape[2]) for one in (x, y)]
    return np.array([np.linalg.norm(grams[1] - grams[0]) ** 2])


def wasserstein(x, y):
    return np.array([wasserstein_distance(a.ravel(), b.ravel()) for a, b in zip(x, y, strict=True)])


def local_wasserstein(x, y, side=8):
    rows, columns = (-size % side for size in x.shape[1:])
    a, b = (np.pad(one, ((0, 0), (0, rows), (0, columns)), mode="edge") for one in (x, y))
    windows = [
        wasserstein(a[:, top : top + side, left : left + side], b[:, top : top + side, left : left + side])
        for top in range(0, a.shape[1], side)
        for left in range(0, a.shape[2], side)
    ]
    return np.mean(windows, axis=0)


def distance_correlation(x, y):
    centred = []
    for one in (x, y):
        flat = one.reshape(len(one), -1)
        table = cdist(flat, flat)
        table = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
        centred.append(table)
    a, b = centred
    return np.array([1 - (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())])
