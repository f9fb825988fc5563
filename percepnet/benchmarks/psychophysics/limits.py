"""When a display counts as showing a stimulus, and on which contrasts it shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from percepnet.benchmarks.psychophysics.display import room, shows
from percepnet.benchmarks.psychophysics.thresholds import FEWEST_RUNGS
from percepnet.errors import InputError

if TYPE_CHECKING:
    from percepnet.benchmarks.psychophysics.display import Colour, Display
    from percepnet.benchmarks.psychophysics.gabors import Patch

TOO_FINE = "its bars are too fine for the pixels"
TOO_WIDE = "its window is too wide for the image"
DARK = "its background is out of the display's gamut"
BEYOND = "its threshold is beyond the contrasts that the display can show"

_SLACK = 1e-9
_CUT = 1.0 - 1e-9
_MOST_DECADES = 6.0


@dataclass(frozen=True)
class Limits:
    """What a display can show of patches, and how finely their contrasts are sampled.

    Attributes:
        display: The display.
        nyquist_share: The highest frequency, as a share of the highest that the pixels can carry.
        window: The least width of an image, in standard deviations of a patch's window.
        rungs: Contrasts of every ladder.
        decades: From the lowest contrast to the highest.

    Raises:
        InputError: A number is out of range.
    """

    display: Display
    nyquist_share: float
    window: float
    rungs: int
    decades: float

    def __post_init__(self) -> None:
        self._check("nyquist_share", self.nyquist_share, 0.0, 1.0)
        self._check("window", self.window, 0.0, math.inf)
        self._check("rungs", self.rungs, FEWEST_RUNGS - 1, math.inf)
        self._check("decades", self.decades, 0.0, _MOST_DECADES)

    def shape_against(self, patch: Patch) -> str:
        """Return why a patch cannot be drawn, "" if it can."""
        if patch.frequency > self.nyquist_share * self.display.nyquist * (1.0 + _SLACK):
            return TOO_FINE
        wide = math.isfinite(patch.sigma) and patch.sigma * self.window > self.display.degrees * (
            1.0 + _SLACK
        )
        return TOO_WIDE if wide else ""

    def light_against(self, light: Colour, swing: Colour, masked: float, threshold: float) -> str:
        """Return why a stimulus cannot be shown in these colours, "" if it can.

        Args:
            light: Of the background.
            swing: What contrast 1 adds to it.
            masked: Contrast of a mask that lies there already, in the same swing.
            threshold: log10 contrast that people need.
        """
        if not shows(light) or room(light, swing) - masked <= 0.0:
            return DARK
        ladder = self.ladder(light, swing, masked)
        return "" if ladder[0] <= 10.0**threshold <= ladder[-1] else BEYOND

    def ladder(self, light: Colour, swing: Colour, masked: float = 0.0) -> tuple[float, ...]:
        """Return contrasts in equal log steps; the highest is what gamut allows, whatever people need.

        It is cut to three digits, so that rounding never takes it out of gamut.
        """
        top = (room(light, swing) - masked) * _CUT
        step = 10.0 ** (math.floor(math.log10(top)) - 2)
        highest = math.floor(top / step) * step
        exponents = [-self.decades * (1.0 - rung / (self.rungs - 1)) for rung in range(self.rungs)]
        return tuple(float(f"{highest * 10.0**exponent:.6g}") for exponent in exponents)

    @staticmethod
    def _check(name: str, value: float, least: float, most: float) -> None:
        if not least < value <= most:
            raise InputError(
                f"This {name} cannot be used.",
                expected=f"a number above {least:g}" + (f" and up to {most:g}" if most < math.inf else ""),
                found=f"{value}",
                remedy=f"correct {name}",
            )
