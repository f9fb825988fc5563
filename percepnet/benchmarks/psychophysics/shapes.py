"""The shapes that stimuli are made of, as pure functions: modulation in [-1, 1] around a mean luminance.

Written from the published definitions (Carney et al. 1999, doi:10.1117/12.348473; Watson and Ahumada 2005,
doi:10.1167/5.9.6) and compared with the drawings of an independent package in the tests. Positions are in
degrees of visual angle, frequencies in cycles per degree. Gratings are horizontal bars in cosine phase
unless turned: at orientation 0 they vary along y.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import j0

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray

_TIE = 1e-6  # of a pixel: decides which side a centre on a border is on, whatever the rounding


@dataclass(frozen=True)
class Grid:
    """Where the pixels lie.

    Attributes:
        x: Degrees right of the centre, `[1, W]`; one column of pixels lies at 0.
        y: Degrees below the centre, `[H, 1]`; one row of pixels lies at 0.
        pixel: Width of a pixel in degrees.
    """

    x: FloatArray
    y: FloatArray
    pixel: float

    @classmethod
    def square(cls, size: int, pixels_per_degree: float) -> Grid:
        """Return the grid of an image `[size, size]` whose centre is pixel `size // 2`."""
        axis = (np.arange(size, dtype=np.float64) - size // 2) / pixels_per_degree
        return cls(axis[np.newaxis, :], axis[:, np.newaxis], 1.0 / pixels_per_degree)

    def moved(self, x: float, y: float = 0.0) -> Grid:
        """Return the grid as seen from a point `x` degrees right of the centre and `y` below it."""
        return Grid(self.x - x, self.y - y, self.pixel)

    @property
    def radius(self) -> FloatArray:
        """Degrees from the centre, `[H, W]`."""
        return np.hypot(self.x, self.y)


def window(grid: Grid, across: float, along: float | None = None) -> FloatArray:
    """Return a Gaussian `[H, W]` of peak 1 with standard deviation `across` along y and `along` along x."""
    wide = across if along is None else along
    values: FloatArray = np.exp(-((grid.x / wide) ** 2 + (grid.y / across) ** 2) / 2.0)
    return values


def grating(grid: Grid, frequency: float, orientation: float = 0.0) -> FloatArray:
    """Return cosine bars `[H, W]`: horizontal at 0 degrees, turning counter-clockwise, vertical at 90."""
    turn = np.deg2rad(orientation)
    across = grid.x * np.sin(turn) + grid.y * np.cos(turn)
    bars: FloatArray = np.cos(2.0 * np.pi * frequency * across)
    return bars


def gabor(
    grid: Grid, frequency: float, across: float, along: float | None = None, orientation: float = 0.0
) -> FloatArray:
    """Return a Gabor `[H, W]` of peak 1; `across` and `along` are relative to bars at orientation 0."""
    return grating(grid, frequency, orientation) * window(grid, across, along)


def sum_of_gabors(grid: Grid, frequencies: tuple[float, float], sigma: float) -> FloatArray:
    """Return the mean of two Gabors `[H, W]` in one window."""
    first, second = (gabor(grid, frequency, sigma) for frequency in frequencies)
    return (first + second) / 2.0


def plaid(grid: Grid, frequency: float, sigma: float, orientations: tuple[float, float]) -> FloatArray:
    """Return the mean of two Gabors `[H, W]` of different orientation."""
    first, second = (gabor(grid, frequency, sigma, orientation=turn) for turn in orientations)
    return (first + second) / 2.0


def gabor_string(grid: Grid, frequency: float, sigma: float, signs: tuple[int, ...]) -> FloatArray:
    """Return Gabors `[H, W]` of peak 1 side by side along their bars, 5 sigma apart, each with its sign."""
    middle = (len(signs) - 1) / 2.0
    total: FloatArray = np.zeros(np.broadcast_shapes(grid.x.shape, grid.y.shape))
    for place, sign in enumerate(signs):
        total += sign * gabor(grid.moved(5.0 * sigma * (place - middle)), frequency, sigma)
    peak = float(np.abs(total).max())  # not quite 1: neighbours reach a few millionths into each other
    return total / peak


def edge(grid: Grid, sigma: float) -> FloatArray:
    """Return a horizontal edge `[H, W]`, bright below, under a Gaussian."""
    return np.where(grid.y >= 0.0, 1.0, -1.0) * window(grid, sigma)


def lines(grid: Grid, profile: tuple[int, ...], sigma: float) -> FloatArray:
    """Return horizontal lines `[H, W]`, one pixel high each and centred, under a Gaussian.

    `profile` gives their modulation from top to bottom.
    """
    row = np.rint(grid.y / grid.pixel).astype(np.int64) + len(profile) // 2
    inside = (row >= 0) & (row < len(profile))
    values = np.asarray(profile, dtype=np.float64)[np.where(inside, row, 0)]
    return np.where(inside, values, 0.0) * window(grid, sigma)


def disk(grid: Grid, diameter: float) -> FloatArray:
    """Return a uniform disk `[H, W]`, without the pixels whose centres lie on its rim."""
    return (grid.radius < diameter / 2.0 - _TIE * grid.pixel).astype(np.float64)


def bessel(grid: Grid, frequency: float, sigma: float) -> FloatArray:
    """Return a circular grating `[H, W]`, the Bessel function J0 of the radius, under a Gaussian."""
    rings: FloatArray = j0(2.0 * np.pi * frequency * grid.radius)
    return rings * window(grid, sigma)


def checkerboard(grid: Grid, frequency: float, sigma: float) -> FloatArray:
    """Return oblique checks `[H, W]` under a Gaussian, a bright check in the middle.

    `frequency` counts pairs of checks along the checks' own sides, which run at 45 degrees. The checks are
    set off by a fraction of a pixel, so that no border between them runs through the centre of a pixel.
    """
    checks = grid.moved(-grid.pixel / 2.0, grid.pixel / 4.0)
    first, second = (grating(checks, frequency, orientation) for orientation in (45.0, 135.0))
    return np.where(first * second >= 0.0, 1.0, -1.0) * window(grid, sigma)
