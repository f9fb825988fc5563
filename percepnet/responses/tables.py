"""Compiled loops over tables of channels by channels: see kernels.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from percepnet.responses.kernels import compiled, set_planes

if TYPE_CHECKING:
    from percepnet.responses.kernels import Doubles, Floats

BENEATH = "b66ca986"
"""First digits of the sha256 of kernels.py, which is compiled in: see kernels.py."""
TILE = 1024
"""Positions of few channels that lie in the cache together."""


@compiled
def add_products(one: Floats, other: Floats, out: Doubles) -> None:
    """Add to `out[a, b]` the sum over positions of channel a of one times channel b of the other."""
    positions, channels = one.shape
    planes = np.empty((2, channels, TILE), np.float32)
    for first in range(0, positions, TILE):
        count = min(TILE, positions - first)
        set_planes(one[first : first + count], planes[0])
        set_planes(other[first : first + count], planes[1])
        for a in range(channels):
            for b in range(channels):
                total = 0.0
                for n in range(count):
                    total += np.float64(planes[0, a, n]) * np.float64(planes[1, b, n])
                out[a, b] += total


@compiled
def distance_correlation(gram: Doubles, change: Doubles, smallest: float, shortest: float) -> float:
    """Return what `costly.distance_correlation` says, of symmetric tables `[C, C]`.

    Args:
        gram: Of the reference.
        change: What the other image's has more.
        smallest: Squared distances up to this count as none.
        shortest: The same of distances, and of the tables' norms.
    """
    channels = gram.shape[0]
    x, y, moved = np.empty_like(gram), np.empty_like(gram), np.empty_like(gram)
    means = np.zeros((3, channels))
    for i in range(channels):
        power, added = gram[i, i], change[i, i]
        for j in range(channels):
            square = power + gram[j, j] - 2.0 * gram[i, j]
            more = added + change[j, j] - 2.0 * change[i, j]
            x[i, j] = np.sqrt(square) if square > smallest else 0.0
            y[i, j] = np.sqrt(square + more) if square + more > smallest else 0.0
            # the change of the distances from the change of their squares, so that nothing cancels
            moved[i, j] = more / max(x[i, j] + y[i, j], shortest)
        means[0, i], means[1, i], means[2, i] = x[i].mean(), y[i].mean(), moved[i].mean()
    middle = (means[0].mean(), means[1].mean(), means[2].mean())
    power_x = power_y = product = 0.0
    for i in range(channels):
        for j in range(channels):
            x[i, j] += middle[0] - means[0, i] - means[0, j]
            y[i, j] += middle[1] - means[1, i] - means[1, j]
            moved[i, j] += middle[2] - means[2, i] - means[2, j]
            power_x += x[i, j] * x[i, j]
            power_y += y[i, j] * y[i, j]
            product += moved[i, j] * (x[i, j] + y[i, j])
    length_x, length_y = np.sqrt(power_x), np.sqrt(power_y)
    one = 1.0 / length_x if length_x > shortest else 0.0
    other = 1.0 / length_y if length_y > shortest else 0.0
    shorter = -product / max(length_x + length_y, shortest) * one * other
    total = 0.0
    for i in range(channels):
        for j in range(channels):
            # with a single length there is no change of direction, but a direction that the other has not
            both = moved[i, j] * other + x[i, j] * shorter
            difference = both if one * other > 0.0 else x[i, j] * one - y[i, j] * other
            total += difference * difference
    return 0.5 * total
