"""Which conditions of castleCSF are shown, in which colours, and why the others are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from percepnet.benchmarks.psychophysics.colour_space import lms_to_xyz, white, xyz_to_lms
from percepnet.benchmarks.psychophysics.gabors import Background, Layer, Patch, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.agreement.contract import FloatArray
    from percepnet.benchmarks.psychophysics.csf_data import Condition
    from percepnet.benchmarks.psychophysics.display import Colour
    from percepnet.benchmarks.psychophysics.limits import Limits

ACHROMATIC = "achromatic"
_LABELS = {"C1": ACHROMATIC, "C2": "red-green", "C3": "yellow-violet"}
# whose authors measured along these three; others use the same labels for directions of their own
_LABELLED = ("hdr_csf", "hdr_csf_disc", "hansen2009", "kim2013")
_COLORFEST = {"2": "C1", "3": "C2", "4": "C3"}  # no labels, but the vectors are those of hdr_csf
_GREY = 0.02  # deviation of a direction from its background's colour that is none
_D65 = "d65"
_SLACK = 1e-9


def direction_name(condition: Condition) -> str:
    """Return `achromatic`, `red-green` or `yellow-violet`, else the study's own label of the direction."""
    study, label = condition.shown.study, condition.direction
    if study == "colorfest":
        label = _COLORFEST.get(label, label)
    elif study not in _LABELLED:
        contrast = np.array(condition.delta) / np.array(condition.background)
        grey = float(np.ptp(contrast)) <= _GREY * float(np.abs(contrast).max())
        return ACHROMATIC if grey else label
    return _LABELS.get(label, label)


def name_of(condition: Condition) -> str:
    """Return a name unlike every other condition's: `hdr_csf-red-green-20-4cpd-0.125deg`."""
    shown = condition.shown
    place = [f"{shown.luminance:g}", f"{shown.frequency:g}cpd", f"{shown.sigma:.4g}deg"]
    rest = [] if _is_gabor(condition) else [f"background{shown.background}", f"{shown.area:g}deg2"]
    if shown.hertz or shown.eccentricity:
        rest += [f"{shown.hertz:g}hz", f"{shown.eccentricity:g}off", f"{shown.field:g}"]
    return "-".join([shown.study, direction_name(condition), *place, *rest])


@dataclass(frozen=True)
class Rules:
    """What is asked for, and how it is drawn.

    Attributes:
        limits: What the display can show.
        directions: By name.
        luminances: Of backgrounds, in cd/m2.
        phase: Of the bars in their window, in degrees.
        stated: Whether backgrounds called D65 are drawn as D65 and achromatic stimuli in the colour of their
            background, or both from the LMS in the collection's tables.
    """

    limits: Limits
    directions: Sequence[str]
    luminances: Sequence[float]
    phase: float
    stated: bool

    def reason_against(self, condition: Condition) -> str:
        """Return why a condition is left out, "" if it is shown."""
        shown = condition.shown
        checks = (
            ("it moves or flickers", shown.hertz != 0.0),
            ("it lies beside the fovea", shown.eccentricity != 0.0),
            ("its window is not Gaussian", not _is_gabor(condition)),
            ("its direction is not asked for", direction_name(condition) not in self.directions),
            ("its luminance is not asked for", not self._asked(shown.luminance)),
        )
        against = next((reason for reason, holds in checks if holds), "")
        return against or self.limits.shape_against(self._patch(condition)) or self._light_against(condition)

    def background(self, condition: Condition) -> Background:
        """Return the uniform field, at the luminance that the study states."""
        return Background(self.limits.display.colour(lms_to_xyz(self._field(condition))))

    def target(self, condition: Condition, background: str) -> Target:
        """Return the stimulus upon the background of that key; a ladder serves all of a direction there."""
        swing = self._swing(condition)
        ladder = self.limits.ladder(self.background(condition).light, swing)
        return Target(background, Layer(self._patch(condition), swing), ladder)

    def _light_against(self, condition: Condition) -> str:
        light, swing = self.background(condition).light, self._swing(condition)
        return self.limits.light_against(light, swing, 0.0, condition.threshold)

    def _patch(self, condition: Condition) -> Patch:
        shown = condition.shown
        return Patch(shown.frequency, shown.sigma, shown.orientation, self.phase)

    def _swing(self, condition: Condition) -> Colour:
        """Return what a cone contrast of 1 adds to the light."""
        grey = self.stated and direction_name(condition) == ACHROMATIC
        contrast = np.ones(3) if grey else np.array(condition.delta) / np.array(condition.background)
        unit = contrast / float(np.sqrt(np.mean(contrast**2)))
        return self.limits.display.colour(lms_to_xyz(unit * self._field(condition)))

    def _field(self, condition: Condition) -> FloatArray:
        """Return the LMS `[3]` of the background, scaled so that its Y is the luminance of the study.

        The matrix between LMS and XYZ is that of another display's spectra: on the tables' own LMS its Y is
        off by some per cent. Cone contrasts are ratios and stay what they are.
        """
        named = self.stated and condition.white.lower() == _D65
        lms = xyz_to_lms(white()) if named else np.array(condition.background)
        return np.asarray(lms * (condition.shown.luminance / lms_to_xyz(lms)[1]))

    def _asked(self, luminance: float) -> bool:
        return any(abs(luminance - asked) <= _SLACK * asked for asked in self.luminances)


def _is_gabor(condition: Condition) -> bool:
    return (condition.shown.shape, condition.aperture) == ("gabor", "gauss")
