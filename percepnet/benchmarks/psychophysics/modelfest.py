"""ModelFest: contrast thresholds of 16 observers for 43 stimuli, which are made from their definitions.

Carney et al. (1999), Development of an image/threshold database for designing and testing human vision
models, Proc. SPIE 3644, 542-551, doi:10.1117/12.348473.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from percepnet.benchmarks.psychophysics.encoding import check_encoding, encode
from percepnet.benchmarks.psychophysics.modelfest_catalogue import modulations
from percepnet.benchmarks.psychophysics.modelfest_data import SIZE, published
from percepnet.benchmarks.psychophysics.shapes import Grid
from percepnet.benchmarks.psychophysics.thresholds import (
    Stimulus,
    Thresholds,
    check_ladder,
    key_at,
    steps_digest,
    text_digest,
)
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from percepnet.agreement.contract import FloatArray

BACKGROUND = "background"
PUBLISHED_RESOLUTION = 120.0
_RUNGS = 9


def _log_ladder() -> list[float]:
    return [round(10.0 ** (-3.0 * (1.0 - rung / (_RUNGS - 1))), 6) for rung in range(_RUNGS)]


@dataclass(frozen=True)
class ModelFest:
    """ModelFest, phase 1: 43 stimuli of 256 x 256 pixels, 16 observers.

    Images hold light relative to a display whose maximum is twice the mean luminance, so that a
    modulation of 1 at contrast 1 just reaches it.

    Attributes:
        name: The name in results.
        root: Folder with the three published files; None to read them from their package archive.
        contrasts: The ladder on which each stimulus is shown, ascending, above 0 and up to 1.
        encoding: `srgb`, `gamma2.2` or `linear`.
        luminance: Mean luminance in cd/m2 that the values stand for; as images are relative to the
            display, it names the condition and changes no image.
        pixels_per_degree: Of the stimuli; 120 is the only one for which two of them exist.
    """

    name: str = "modelfest"
    root: str | None = None
    contrasts: list[float] = field(default_factory=_log_ladder)
    encoding: str = "srgb"
    luminance: float = 30.0
    pixels_per_degree: float = PUBLISHED_RESOLUTION

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> Thresholds:
        """Return the benchmark, its stimuli drawn (under a second), its data file fetched if need be.

        Raises:
            InputError: A setting or a file is not what it has to be.
            UnreachableError: The data file can be had from nowhere.
        """
        self._check()
        data = published(self.root, cache, mirrors, network=network)
        drawn = modulations(Grid.square(SIZE, self.pixels_per_degree), data.pictures)
        means, spreads = data.human.mean(axis=0), data.human.std(axis=0, ddof=1)
        stimuli = [
            Stimulus(_name(number), BACKGROUND, tuple(self.contrasts), float(mean), float(spread))
            for number, mean, spread in zip(drawn, means, spreads, strict=True)
        ]
        return Thresholds(self.name, stimuli, Stimuli(drawn, self.contrasts, self.encoding), data.human)

    def _check(self) -> None:
        check_encoding(self.encoding)
        check_ladder(self.contrasts, "benchmark.modelfest.contrasts")
        if not (math.isfinite(self.luminance) and self.luminance > 0.0):
            raise InputError("The luminance is none.", expected="cd/m2 above 0", found=f"{self.luminance}")
        if self.pixels_per_degree != PUBLISHED_RESOLUTION:
            raise InputError(
                "ModelFest's stimuli exist at one resolution.",
                expected=f"pixels_per_degree {PUBLISHED_RESOLUTION:g}",
                found=f"{self.pixels_per_degree:g}",
                remedy="leave it: two stimuli are pictures of that resolution, others are lines of one pixel",
            )


@dataclass(frozen=True)
class Stimuli:
    """ModelFest's images, drawn when they are asked for.

    Attributes:
        modulations: Of each stimulus, `[256, 256]` in [-1, 1], by number.
        ladder: The contrasts at which each is shown.
        encoding: From light to image values.
    """

    modulations: Mapping[int, FloatArray]
    ladder: Sequence[float]
    encoding: str

    def image(self, key: str) -> NDArray[np.float32]:
        """Return grey float32 `[256, 256, 3]` in [0, 1] of `background` or `01@0.001`, never rounded."""
        number, contrast = self._place(key)
        light = np.full((SIZE, SIZE), 0.5)
        if number is not None:
            light = (1.0 + contrast * self.modulations[number]) / 2.0
        grey = encode(light, self.encoding).astype(np.float32)
        return np.repeat(grey[:, :, np.newaxis], 3, axis=2)

    def digest(self, key: str) -> str:
        """Return the sha256 of what determines the image."""
        number, contrast = self._place(key)
        drawn = "flat" if number is None else self._steps[number]
        return text_digest(self.encoding, SIZE, drawn, contrast)

    def _place(self, key: str) -> tuple[int | None, float]:
        if key == BACKGROUND:
            return None, 0.0
        if key not in self._places:
            raise InputError(f"There is no stimulus {key}.", found=key, remedy=nearest(key, self._places))
        return self._places[key]

    @cached_property
    def _places(self) -> dict[str, tuple[int, float]]:
        every = itertools.product(self.modulations, self.ladder)
        return {key_at(_name(number), contrast): (number, contrast) for number, contrast in every}

    @cached_property
    def _steps(self) -> dict[int, str]:
        return {number: steps_digest(modulation) for number, modulation in self.modulations.items()}


def _name(number: int) -> str:
    return f"{number:02d}"
