"""The changes whose visibility is measured: what they are, how large, and from where on people see them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from percepnet.benchmarks.psychophysics.affine_warp import Warp
from percepnet.benchmarks.psychophysics.thresholds import FEWEST_RUNGS, key_at
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HUMAN: Mapping[str, float] = MappingProxyType({"translation": 0.23, "rotation": 3.6, "scale": 1.026})
"""What people just see, in degrees of visual angle, degrees of rotation, as a factor."""

UNCHANGED: Mapping[str, float] = MappingProxyType({"translation": 0.0, "rotation": 0.0, "scale": 1.0})
"""The magnitude that leaves the image as it is."""

DIRECTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"translation": ("right", "down"), "rotation": ("turned",), "scale": ("enlarged",)}
)
"""Ways to change an image by one magnitude; the mean distance over them is that of the magnitude."""

_LEAST_OWN = 0.5


@dataclass(frozen=True, slots=True)
class Ladders:
    """Ascending magnitudes of each kind of change, in physical units.

    Attributes:
        translation: Degrees of visual angle.
        rotation: Degrees.
        scale: Factors above 1.
        pixels_per_degree: Of visual angle.
    """

    translation: tuple[float, ...]
    rotation: tuple[float, ...]
    scale: tuple[float, ...]
    pixels_per_degree: float

    def of(self, kind: str) -> tuple[float, ...]:
        """Return the magnitudes of a kind of change."""
        return {"translation": self.translation, "rotation": self.rotation, "scale": self.scale}[kind]

    def warp(self, direction: str, magnitude: float) -> Warp:
        """Return the change of the image."""
        return {
            "right": Warp(right=magnitude * self.pixels_per_degree),
            "down": Warp(down=magnitude * self.pixels_per_degree),
            "turned": Warp(degrees=magnitude),
            "enlarged": Warp(factor=magnitude),
        }[direction]

    def check(self) -> None:
        """Return if every ladder can be used.

        Raises:
            InputError: Magnitudes do not ascend from the unchanged image, or are too few; no resolution.
        """
        if not 0.0 < self.pixels_per_degree < float("inf"):
            raise InputError(
                "The resolution is none.",
                expected="pixels per degree of visual angle, above 0",
                found=f"{self.pixels_per_degree:g}",
                remedy="correct benchmark.affine.pixels_per_degree",
            )
        for kind, unchanged in UNCHANGED.items():
            _check_ladder(kind, self.of(kind), unchanged)

    def check_size(self, size: tuple[int, int]) -> None:
        """Return if an image of `size` (height, width) still fills half of the picture at every magnitude.

        Raises:
            InputError: A magnitude leaves mostly mirrored border.
        """
        for kind, directions in DIRECTIONS.items():
            largest = self.of(kind)[-1]
            share = min(self.warp(direction, largest).own_share(size) for direction in directions)
            if share < _LEAST_OWN:
                raise InputError(
                    f"A {kind} of {largest:g} leaves too little of the image.",
                    expected=f"a picture of which {_LEAST_OWN:.0%} or more are the image's own pixels",
                    found=f"{share:.0%} of {size[1]} x {size[0]} pixels, the rest its mirrored border",
                    remedy=f"lower the last of benchmark.affine.{kind}",
                )


def _check_ladder(kind: str, magnitudes: Sequence[float], unchanged: float) -> None:
    steps = [unchanged, *magnitudes]
    rising = all(low < high < float("inf") for low, high in itertools.pairwise(steps))
    distinct = len({key_at("", magnitude) for magnitude in steps}) == len(steps)
    if not (rising and distinct and len(magnitudes) >= FEWEST_RUNGS):
        raise InputError(
            f"The magnitudes of {kind} are no ladder.",
            expected=f"{FEWEST_RUNGS} or more, ascending, above {unchanged:g}, different in six digits",
            found=str(list(magnitudes)),
            remedy=f"correct benchmark.affine.{kind}",
        )
