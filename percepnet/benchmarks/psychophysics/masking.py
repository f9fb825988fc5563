"""Contrast masking: the contrast at which people see a target upon a mask, by the mask's contrast and kind.

Classical measurements are Legge and Foley (1980), Contrast masking in human vision, J. Opt. Soc. Am. 70(12),
1458-1471, doi:10.1364/JOSA.70.001458, and Foley (1994), Human luminance pattern-vision mechanisms: masking
experiments require a new model, J. Opt. Soc. Am. A 11(6), 1710-1719, doi:10.1364/JOSAA.11.001710. No numbers
of theirs could be had whose terms let us ship them: the thresholds are a file of the user's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from percepnet.benchmarks.files import entries, require, user_folder
from percepnet.benchmarks.psychophysics.display import Display
from percepnet.benchmarks.psychophysics.gabors import PHASES, Background, Drawings, Layer, Patch, Target
from percepnet.benchmarks.psychophysics.limits import Limits
from percepnet.benchmarks.psychophysics.masking_data import COLUMNS, Masked, read_masking
from percepnet.benchmarks.psychophysics.shown import ShownThresholds, complete, report, spread
from percepnet.benchmarks.psychophysics.thresholds import Stimulus
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from percepnet.benchmarks.psychophysics.display import Colour
    from percepnet.benchmarks.psychophysics.masking_data import Thresholds

_SUBFOLDER = "masking"


@dataclass(frozen=True)
class Masking:
    """Detection thresholds of grey Gabors upon grey gratings or Gabors; contrasts are of luminance.

    The image that a stimulus has to be told from is its mask alone. Target and mask are shown if they are
    neither too fine nor too wide, and if mask and every contrast of the ladder together are in gamut.

    Attributes:
        name: The name in results.
        root: Folder with `file`, or with a folder `masking` that has it.
        file: A table with the columns of `masking_data.COLUMNS`, or JSON with two lists of contrasts.
        frequency: Of the target, in cycles per degree, for JSON alone, which tells nothing of its stimuli.
        sigma: Of its Gaussian window, in degrees, for JSON alone; its mask fills the image.
        luminance: Mean, in cd/m2, for JSON alone.
        phase: Of the target, `cosine` or `sine`.
        size: Height and width of an image in pixels.
        pixels_per_degree: Of visual angle.
        peak_luminance: Of the display's white, in cd/m2.
        encoding: `srgb`, `gamma2.2` or `linear`.
        nyquist_share: The highest frequency, as a share of the highest that the pixels can carry.
        window: The least width of an image, in standard deviations of a window.
        rungs: Contrasts of each ladder.
        decades: From the lowest to the highest, which is what the mask leaves room for.
    """

    name: str = "masking"
    root: str | None = None
    file: str = "masking.csv"
    frequency: float = 2.0
    sigma: float = 0.5
    luminance: float = 32.0
    phase: str = "cosine"
    size: int = 256
    pixels_per_degree: float = 60.0
    peak_luminance: float = 100.0
    encoding: str = "srgb"
    nyquist_share: float = 0.5
    window: float = 6.0
    rungs: int = 7
    decades: float = 2.5

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> ShownThresholds:
        """Return the benchmark once the file is read; images are drawn when they are asked for.

        Raises:
            NothingThereError: No root was named.
            InputError: A setting or the file is not what it has to be, or no condition can be shown.
        """
        del cache, mirrors, network  # the user supplies the file
        display = Display(self.size, self.pixels_per_degree, self.peak_luminance, self.encoding)
        limits = Limits(display, self.nyquist_share, self.window, self.rungs, self.decades)
        target = self._target()
        measured = read_masking(self._path(), target, self.luminance)
        reasons = {
            shown.name: self._reason_against(shown, _mean(observers), limits)
            for shown, observers in measured.items()
        }
        excluded = {name: reason for name, reason in reasons.items() if reason}
        chosen = sorted((each for each in measured if each.name not in excluded), key=lambda each: each.field)
        report(self.name, [each.name for each in chosen], excluded)
        return self._benchmark({each: measured[each] for each in chosen}, limits, excluded)

    def _benchmark(
        self, measured: Thresholds, limits: Limits, excluded: Mapping[str, str]
    ) -> ShownThresholds:
        backgrounds = {shown.field: self._background(shown) for shown in measured}
        targets = {shown.name: self._drawn(shown, limits) for shown in measured}
        stimuli = [
            Stimulus(
                shown.name,
                shown.field,
                targets[shown.name].ladder,
                _mean(observers),
                spread(observers),
                kind=shown.kind,
                level=f"mask contrast {shown.contrast:g}",
            )
            for shown, observers in measured.items()
        ]
        drawings = Drawings(limits.display, backgrounds, targets)
        return ShownThresholds(
            self.name, stimuli, drawings, complete(list(measured.values())), excluded=excluded
        )

    def _reason_against(self, shown: Masked, threshold: float, limits: Limits) -> str:
        patches = (shown.target,) if shown.mask is None else (shown.target, shown.mask)
        shapes = (limits.shape_against(patch) for patch in patches)
        grey = self._grey(shown)
        return next(filter(None, shapes), "") or limits.light_against(grey, grey, shown.contrast, threshold)

    def _background(self, shown: Masked) -> Background:
        grey = self._grey(shown)
        return Background(grey, () if shown.mask is None else ((shown.contrast, Layer(shown.mask, grey)),))

    def _drawn(self, shown: Masked, limits: Limits) -> Target:
        grey = self._grey(shown)
        return Target(shown.field, Layer(shown.target, grey), limits.ladder(grey, grey, shown.contrast))

    def _grey(self, shown: Masked) -> Colour:
        level = shown.luminance / self.peak_luminance
        return level, level, level

    def _target(self) -> Patch:
        """Return the target of JSON; of a table it is the phase that counts."""
        if self.phase not in PHASES:
            raise self._refusal("phase", " or ".join(PHASES), self.phase)
        for setting in ("frequency", "sigma", "luminance"):
            value = float(getattr(self, setting))
            if not (math.isfinite(value) and value > 0.0):
                raise self._refusal(setting, "a number above 0", value)
        return Patch(self.frequency, self.sigma, phase=PHASES[self.phase])

    def _path(self) -> Path:
        root = user_folder(self.root, self.name, f"{self.file}, columns {', '.join(COLUMNS)}")
        below = root / _SUBFOLDER
        folder = below if below.is_dir() and not (root / self.file).exists() else root
        remedy = f"put it there, or name another: benchmark.{self.name}.file"
        [path] = require(entries(folder), [self.file], folder, remedy)
        return path

    def _refusal(self, setting: str, expected: str, found: object) -> InputError:
        return InputError(
            f"{self.name} cannot use its {setting}.",
            expected=expected,
            found=f"{found}",
            remedy=f"correct benchmark.{self.name}.{setting}",
        )


def _mean(observers: Mapping[str, float]) -> float:
    return float(np.mean(list(observers.values())))
