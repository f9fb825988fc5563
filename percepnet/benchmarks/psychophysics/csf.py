"""Contrast sensitivity: the contrasts at which people see Gabors of many frequencies, sizes and colours.

Human thresholds come from the castleCSF collection (csf_data.py), by default from Wuerger et al. (2020),
Spatio-chromatic contrast sensitivity under mesopic and photopic light levels, J. Vision 20(4):23,
doi:10.1167/jov.20.4.23.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from percepnet.benchmarks.files import entries, layout_folder, require, user_folder
from percepnet.benchmarks.psychophysics.csf_choice import ACHROMATIC, Rules, direction_name, name_of
from percepnet.benchmarks.psychophysics.csf_data import AGGREGATED, FILES, read_conditions
from percepnet.benchmarks.psychophysics.display import Display
from percepnet.benchmarks.psychophysics.gabors import PHASES, Drawings
from percepnet.benchmarks.psychophysics.limits import Limits
from percepnet.benchmarks.psychophysics.shown import ShownThresholds, complete, report, spread
from percepnet.benchmarks.psychophysics.thresholds import Stimulus
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from percepnet.benchmarks.psychophysics.csf_data import Condition

STATED = "stated"
_COLOURS = (STATED, "tabulated")
_SUBFOLDER = "csf"
_LAYOUT = f"castleCSF's {AGGREGATED} and the tables beside it"


@dataclass(frozen=True)
class CSF:
    """Detection thresholds of Gabors on uniform backgrounds, in cone contrast.

    A condition is shown if it stands still at the fovea under a Gaussian window, if its frequency is at most
    `nyquist_share` of the highest that the pixels can carry, if the image is `window` standard deviations
    wide or more, if its background and every contrast of its ladder are in the display's gamut, and if its
    human threshold is within the ladder. What is not shown is reported by name.

    Attributes:
        name: The name in results.
        root: Folder with the collection's files, or with a folder `csf` that has them.
        rows: Of `data_aggregated.csv` in this release.
        studies: By the collection's names.
        directions: `achromatic`, `red-green`, `yellow-violet`, or a study's own label of another.
        luminances: Of the backgrounds, in cd/m2.
        colours: `stated` draws backgrounds called D65 as D65, and achromatic stimuli in the colour of their
            background; `tabulated` draws both from the collection's LMS, by which that of `hdr_csf` is bluish
            and its achromatic direction has 2.3 times the contrast for S cones that it has for L and M.
        phase: `sine` or `cosine`; the collection tells of none.
        size: Height and width of an image in pixels.
        pixels_per_degree: Of visual angle.
        peak_luminance: Of the display's white, in cd/m2.
        encoding: `srgb`, `gamma2.2` or `linear`.
        nyquist_share: See above.
        window: See above.
        rungs: Contrasts of each ladder: one ladder serves all conditions of a direction on a background.
        decades: From the lowest contrast to the highest, which is the highest in gamut.
    """

    name: str = "csf"
    root: str | None = None
    rows: int = 2295
    studies: list[str] = field(default_factory=lambda: ["hdr_csf"])
    directions: list[str] = field(default_factory=lambda: [ACHROMATIC, "red-green", "yellow-violet"])
    luminances: list[float] = field(default_factory=lambda: [2.0, 20.0, 200.0])
    colours: str = STATED
    phase: str = "sine"
    size: int = 256
    pixels_per_degree: float = 30.0
    peak_luminance: float = 500.0
    encoding: str = "srgb"
    nyquist_share: float = 0.5
    window: float = 6.0
    rungs: int = 7
    decades: float = 2.5

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> ShownThresholds:
        """Return the benchmark once its tables are read (a second); images are drawn when they are asked for.

        Raises:
            NothingThereError: No root was named and nothing was fetched.
            InputError: A setting or a file is not what it has to be, or no condition can be shown.
        """
        del mirrors, network  # files are the user's, or were fetched before
        rules = self._rules()
        conditions = read_conditions(self._files(cache), self.studies, self.rows)
        self._check_asked(conditions)
        reasons = {name_of(condition): rules.reason_against(condition) for condition in conditions}
        excluded = {name: reason for name, reason in reasons.items() if reason}
        shown = [condition for condition in conditions if name_of(condition) not in excluded]
        report(self.name, [name_of(condition) for condition in shown], excluded)
        return self._benchmark(sorted(shown, key=_background_name), rules, excluded)

    def _benchmark(
        self, shown: Sequence[Condition], rules: Rules, excluded: Mapping[str, str]
    ) -> ShownThresholds:
        backgrounds = {_background_name(condition): rules.background(condition) for condition in shown}
        targets = {
            name_of(condition): rules.target(condition, _background_name(condition)) for condition in shown
        }
        stimuli = [
            Stimulus(
                name,
                target.background,
                target.ladder,
                condition.threshold,
                spread(condition.observers),
                kind=direction_name(condition),
                level=f"{condition.shown.luminance:g} cd/m2",
            )
            for condition, (name, target) in zip(shown, targets.items(), strict=True)
        ]
        observers = complete([condition.observers for condition in shown])
        drawings = Drawings(rules.limits.display, backgrounds, targets)
        return ShownThresholds(self.name, stimuli, drawings, observers, excluded)

    def _files(self, cache: Path) -> dict[str, Path]:
        root = user_folder(self.root, self.name, _LAYOUT, cache)
        below = root / _SUBFOLDER
        folder = below if below.is_dir() and _has_layout(below) else layout_folder(root, _has_layout, _LAYOUT)
        paths = require(entries(folder), FILES, folder, "copy the whole folder data of castleCSF")
        return dict(zip(FILES, paths, strict=True))

    def _rules(self) -> Rules:
        for setting, value, known in (("phase", self.phase, PHASES), ("colours", self.colours, _COLOURS)):
            if value not in known:
                raise self._refusal(setting, " or ".join(known), value)
        display = Display(self.size, self.pixels_per_degree, self.peak_luminance, self.encoding)
        limits = Limits(display, self.nyquist_share, self.window, self.rungs, self.decades)
        phase, stated = PHASES[self.phase], self.colours == STATED
        return Rules(limits, self.directions, self.luminances, phase, stated)

    def _check_asked(self, conditions: Sequence[Condition]) -> None:
        """Raise InputError if a direction or a luminance was asked for that no study has."""
        has = {
            "directions": {direction_name(condition) for condition in conditions},
            "luminances": {f"{condition.shown.luminance:g}" for condition in conditions},
        }
        asked = {"directions": self.directions, "luminances": [f"{value:g}" for value in self.luminances]}
        for setting, names in asked.items():
            for name in names:
                if name not in has[setting]:
                    raise self._refusal(setting, nearest(name, has[setting]), name)

    def _refusal(self, setting: str, expected: str, found: object) -> InputError:
        return InputError(
            f"{self.name} cannot use its {setting}.",
            expected=expected,
            found=f"{found}",
            remedy=f"correct benchmark.{self.name}.{setting}",
        )


def _has_layout(folder: Path) -> bool:
    return AGGREGATED in {child.name.lower() for child in folder.iterdir()}


def _background_name(condition: Condition) -> str:
    shown = condition.shown
    return f"{shown.study}-background{shown.background}-{shown.luminance:g}"
