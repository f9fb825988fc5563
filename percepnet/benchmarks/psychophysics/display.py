"""The display that stimuli in physical units are drawn for: its pixels, its peak, and what it can show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from percepnet.benchmarks.psychophysics.colour_space import in_gamut, xyz_to_linear_srgb
from percepnet.benchmarks.psychophysics.encoding import check_encoding, encode
from percepnet.benchmarks.psychophysics.shapes import Grid
from percepnet.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from percepnet.agreement.contract import FloatArray

Colour = tuple[float, float, float]
"""Linear sRGB, the display's white at its peak (1, 1, 1); of a modulation, per unit of contrast."""

_SMALLEST = 32
_NOTHING = 1e-12  # a swing so small takes no colour out of gamut


@dataclass(frozen=True)
class Display:
    """A display with sRGB's primaries, black at 0 cd/m2, seen from a distance.

    Attributes:
        size: Height and width of every image in pixels.
        pixels_per_degree: Of visual angle.
        peak_luminance: Of its white, in cd/m2.
        encoding: From light to image values: `srgb`, `gamma2.2` or `linear`.

    Raises:
        InputError: A setting is none of a display.
    """

    size: int
    pixels_per_degree: float
    peak_luminance: float
    encoding: str

    def __post_init__(self) -> None:
        check_encoding(self.encoding)
        numbers = {"pixels_per_degree": self.pixels_per_degree, "peak_luminance": self.peak_luminance}
        for name, value in numbers.items():
            if not (math.isfinite(value) and value > 0.0):
                raise InputError(
                    f"This {name} is none.",
                    expected="a number above 0",
                    found=f"{value}",
                    remedy=f"correct {name}",
                )
        if self.size < _SMALLEST:
            raise InputError(
                "The images are too small.",
                expected=f"{_SMALLEST} pixels or more",
                found=f"{self.size}",
                remedy="raise size",
            )

    @cached_property
    def grid(self) -> Grid:
        """Where the pixels lie."""
        return Grid.square(self.size, self.pixels_per_degree)

    @property
    def degrees(self) -> float:
        """Width of an image in degrees."""
        return self.size / self.pixels_per_degree

    @property
    def nyquist(self) -> float:
        """The highest frequency that the pixels can carry, in cycles per degree."""
        return self.pixels_per_degree / 2.0

    def colour(self, xyz: FloatArray) -> Colour:
        """Return linear sRGB relative to the peak of XYZ `[3]` in cd/m2, in gamut or not."""
        red, green, blue = (float(value) for value in xyz_to_linear_srgb(xyz / self.peak_luminance))
        return red, green, blue

    def image(self, light: FloatArray) -> NDArray[np.float32]:
        """Return encoded float32 `[H, W, 3]` of linear sRGB `[H, W, 3]` relative to the peak.

        Raises:
            InputError: The light is out of gamut: nothing is clipped.
        """
        return encode(light, self.encoding).astype(np.float32)


def shows(colour: Colour) -> bool:
    """Tell whether the display can show a colour."""
    return bool(in_gamut(np.array(colour)))


def room(colour: Colour, modulation: Colour) -> float:
    """Return the largest contrast at which `modulation`, added to and taken from `colour`, stays in gamut."""
    around, swing = np.array(colour), np.abs(np.array(modulation))
    least = np.minimum(around, 1.0 - around)
    return float(min(limit / size for limit, size in zip(least, swing, strict=True) if size > _NOTHING))
