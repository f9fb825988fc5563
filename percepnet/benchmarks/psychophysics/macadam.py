"""MacAdam's ellipses: how far a colour must move in the chromaticity diagram before it looks different.

MacAdam (1942), Visual sensitivities to color differences in daylight, J. Opt. Soc. Am. 32(5), 247-274,
doi:10.1364/JOSA.32.000247: 25 ellipses of observer PGN, as tabled by Wyszecki and Stiles (2000), Color
Science, table 2(5.4.1), in the package colour-science.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from percepnet.benchmarks.psychophysics.colour_space import in_gamut, xyy_to_xyz, xyz_to_linear_srgb
from percepnet.benchmarks.psychophysics.macadam_ellipses import Ellipse, published
from percepnet.benchmarks.psychophysics.patches import Patches, check_display
from percepnet.benchmarks.psychophysics.shown import ShownThresholds, report
from percepnet.benchmarks.psychophysics.thresholds import Stimulus, check_ladder, key_at
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from percepnet.agreement.contract import FloatArray

_RUNGS = 9
_SHORTEST = 0.0002


def _log_ladder() -> list[float]:
    return [float(f"{_SHORTEST * 10.0 ** (2.0 * rung / (_RUNGS - 1)):.6g}") for rung in range(_RUNGS)]


@dataclass(frozen=True)
class MacAdam:
    """MacAdam's ellipses, as far as the gamut of sRGB goes: a patch at each centre and patches around it.

    A stimulus is one direction from one centre at constant luminance; what its ladder holds are distances in
    CIE 1931 xy, and the human threshold is the ellipse's radius there: one standard deviation of colour
    matches. What is just noticeable is about three times as much; a common factor changes nothing, as the
    criterion of a model is fitted. Ellipses around colours that sRGB cannot show, and directions whose
    longest step leaves its gamut, are excluded by name.

    Attributes:
        name: The name in results.
        ladder: Distances in xy at which each direction is shown, ascending; the same for all.
        directions: Directions per ellipse, evenly around the circle from that of growing x.
        size: Height and width of a patch in pixels.
        encoding: `srgb`, `gamma2.2` or `linear`.
        luminance: Of every patch in cd/m2; MacAdam's were at 15 millilamberts, 48 cd/m2.
        peak_luminance: Of the display's white in cd/m2; a brighter one shows more colours at `luminance`.
    """

    name: str = "macadam"
    ladder: list[float] = field(default_factory=_log_ladder)
    directions: int = 8
    size: int = 64
    encoding: str = "srgb"
    luminance: float = 48.0
    peak_luminance: float = 400.0

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> ShownThresholds:
        """Return the benchmark; it needs no files.

        Raises:
            InputError: A setting is not what it has to be, or leaves nothing to show.
        """
        del cache, mirrors, network  # the ellipses come with colour-science
        self._check()
        excluded: dict[str, str] = {}
        stimuli: list[Stimulus] = []
        colours: dict[str, FloatArray] = {}
        for ellipse in published():
            centre = self._linear(ellipse.centre)
            if not in_gamut(centre):
                excluded[ellipse.name] = "its centre is outside sRGB"
                continue
            colours[ellipse.name] = centre
            for angle in np.arange(self.directions) * (360.0 / self.directions):
                stimulus, steps = self._direction(ellipse, float(angle))
                if all(map(in_gamut, steps.values())):
                    stimuli.append(stimulus)
                    colours |= steps
                else:
                    excluded[stimulus.name] = "its longest step is outside sRGB"
        report(self.name, [stimulus.name for stimulus in stimuli], excluded)
        images = Patches(colours, self.size, self.encoding)
        return ShownThresholds(self.name, stimuli, images, excluded=excluded)

    def _direction(self, ellipse: Ellipse, angle: float) -> tuple[Stimulus, dict[str, FloatArray]]:
        """Return a direction of an ellipse and the colour of each of its patches by key."""
        name = f"{ellipse.name}:{angle:.6g}"
        threshold = float(np.log10(ellipse.radius(angle)))
        stimulus = Stimulus(name, ellipse.name, tuple(self.ladder), threshold, cluster=ellipse.name)
        way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        steps = {key_at(name, step): self._linear(ellipse.centre + step * way) for step in self.ladder}
        return stimulus, steps

    def _linear(self, xy: FloatArray) -> FloatArray:
        """Return linear sRGB `[3]` of a chromaticity at the patches' luminance, in gamut or not."""
        return xyz_to_linear_srgb(xyy_to_xyz(xy, self.luminance / self.peak_luminance))

    def _check(self) -> None:
        check_ladder(self.ladder, "benchmark.macadam.ladder")
        check_display(self.encoding, self.size, luminance=self.luminance, peak_luminance=self.peak_luminance)
        if self.directions < 1:
            raise InputError("There are no directions.", expected="1 or more", found=f"{self.directions}")
