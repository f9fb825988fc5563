"""ModelFest's 43 stimuli in their published order: which shape, with which numbers.

Frequencies in cycles per degree, standard deviations in degrees. A pair of standard deviations is (across
the bars, along the bars).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from percepnet.benchmarks.psychophysics import shapes as shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from percepnet.agreement.contract import FloatArray
    from percepnet.benchmarks.psychophysics.shapes import Grid

STIMULI = 43
NOISE, SCENE = 35, 43
"""The two stimuli that are pictures, not formulae."""

WIDE = 0.5
ARCMIN = 1.0 / 60.0
ROOT2 = 2.0**0.5

_FIXED_SIZE = (1.12, 2.0, 2.83, 4.0, 5.66, 8.0, 11.3, 16.0, 22.6, 30.0)
_ONE_OCTAVE = ((2.0, 0.28), (4.0, 0.14), (8.0, 0.07), (16.0, 0.035))
_ELONGATED = (
    *((4.0, 0.28, WIDE), (8.0, 0.14, WIDE), (16.0, 0.07, WIDE)),
    *((4.0, 0.14, 0.28), (4.0, 0.14, WIDE), (4.0, 0.28, 0.14), (4.0, WIDE, 0.14)),
)
_SUMS = ((2.0, 2.0 * ROOT2), (2.0, 4.0), (4.0, 4.0 * ROOT2), (4.0, 8.0))
_BLOBS = (30.0 * ARCMIN, 8.43 * ARCMIN, 2.106 * ARCMIN, 1.05 * ARCMIN)
_OCTAVE_4 = 0.14
# published as 2.81, and as a fundamental of 4 along the diagonals of the checks, which is 2.83
_CHECKS = 2.82


def modulations(grid: Grid, pictures: Mapping[int, FloatArray]) -> dict[int, FloatArray]:
    """Return the modulation `[H, W]` in [-1, 1] of every stimulus by number, 1..43.

    Args:
        grid: Where the pixels lie.
        pictures: The modulations of the two stimuli that are no formula, by number.
    """
    drawn = [*_gabors(grid), *_blobs_and_lines(grid)]
    rest = [*_oriented(grid), *_broad(grid)]
    strings = [shape.gabor_string(grid, 8.0, 0.07, signs) for signs in ((1, 1, 1, 1, 1), (1, -1, 1, -1, 1))]
    ordered: Sequence[FloatArray] = [*drawn, *strings, pictures[NOISE], *rest, pictures[SCENE]]
    return dict(enumerate(ordered, start=1))


def _gabors(grid: Grid) -> list[FloatArray]:
    """Return stimuli 1..25."""
    return [
        *(shape.gabor(grid, frequency, WIDE) for frequency in _FIXED_SIZE),
        *(shape.gabor(grid, frequency, sigma) for frequency, sigma in _ONE_OCTAVE),
        *(shape.gabor(grid, frequency, across, along) for frequency, across, along in _ELONGATED),
        *(shape.sum_of_gabors(grid, frequencies, WIDE) for frequencies in _SUMS),
    ]


def _blobs_and_lines(grid: Grid) -> list[FloatArray]:
    """Return stimuli 26..32."""
    return [
        *(shape.window(grid, sigma) for sigma in _BLOBS),
        shape.edge(grid, WIDE),
        shape.lines(grid, (1,), WIDE),
        # a dipole, three pixels high: a bright and a dark line with one pixel between them
        shape.lines(grid, (1, 0, -1), WIDE),
    ]


def _oriented(grid: Grid) -> list[FloatArray]:
    """Return stimuli 36..39."""
    return [
        shape.gabor(grid, 4.0, _OCTAVE_4, orientation=45.0),
        shape.gabor(grid, 4.0, _OCTAVE_4, orientation=90.0),
        shape.plaid(grid, 4.0, _OCTAVE_4, (90.0, 0.0)),
        shape.plaid(grid, 4.0, _OCTAVE_4, (45.0, 0.0)),
    ]


def _broad(grid: Grid) -> list[FloatArray]:
    """Return stimuli 40..42."""
    return [shape.disk(grid, 0.25), shape.bessel(grid, 4.0, WIDE), shape.checkerboard(grid, _CHECKS, WIDE)]
