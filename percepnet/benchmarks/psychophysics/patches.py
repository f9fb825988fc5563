"""Uniform patches of colour: the images of colour-difference experiments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from percepnet.benchmarks.psychophysics.colour_space import in_gamut
from percepnet.benchmarks.psychophysics.encoding import check_encoding, encode
from percepnet.benchmarks.psychophysics.thresholds import steps_digest, text_digest
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from percepnet.agreement.contract import FloatArray


@dataclass(frozen=True)
class Patches:
    """Uniform images, drawn when they are asked for.

    Attributes:
        colours: Linear sRGB `[3]` of each key, all of them in gamut.
        size: Height and width in pixels.
        encoding: From light to image values.
    """

    colours: Mapping[str, FloatArray]
    size: int
    encoding: str

    def image(self, key: str) -> NDArray[np.float32]:
        """Return float32 `[size, size, 3]` in [0, 1], one colour, never rounded to 8 bits.

        Raises:
            InputError: There is no such colour, or it is out of gamut: nothing is clipped but rounding.
        """
        light = self._colour(key)
        if in_gamut(light):
            light = np.clip(light, 0.0, 1.0)  # white comes out of a matrix as 1 + 2e-16
        encoded = encode(light, self.encoding).astype(np.float32)
        return np.tile(encoded, (self.size, self.size, 1))

    def digest(self, key: str) -> str:
        """Return the sha256 of what determines the image."""
        return text_digest(self.encoding, self.size, steps_digest(self._colour(key)))

    def _colour(self, key: str) -> FloatArray:
        if key not in self.colours:
            raise InputError(f"There is no patch {key}.", found=key, remedy=nearest(key, self.colours))
        return self.colours[key]


def check_display(encoding: str, size: int, **luminances: float) -> None:
    """Return if patches of this `size` can be drawn in this encoding and every luminance is above 0 cd/m2.

    Raises:
        InputError: They cannot.
    """
    check_encoding(encoding)
    if size < 1:
        raise InputError("A patch has no pixels.", expected="a size of 1 or more", found=f"{size}")
    for name, value in luminances.items():
        if not (math.isfinite(value) and value > 0.0):
            raise InputError(f"The {name} is none.", expected="cd/m2 above 0", found=f"{value}")


def written(linear: FloatArray) -> str:
    """Return linear sRGB `[3]` in one line, `(1.018, 0.4, -0.02)`."""
    return "(" + ", ".join(f"{value:.4g}" for value in linear) + ")"
