"""ModelFest: contrast thresholds of 16 observers for 43 stimuli, which are made from their definitions.

Carney et al. (1999), Development of an image/threshold database for designing and testing human vision
models, Proc. SPIE 3644, 542-551, doi:10.1117/12.348473.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.checks import require_shape
from percepnet.agreement.thresholds import rate_thresholds
from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.encoding import check_encoding, encode
from percepnet.benchmarks.modelfest_catalogue import modulations
from percepnet.benchmarks.modelfest_data import SIZE, published
from percepnet.benchmarks.modelfest_stimuli import Grid
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from percepnet.agreement.contract import Bootstrap, FloatArray, Score

BACKGROUND = "background"
PUBLISHED_RESOLUTION = 120.0
_RUNGS = 9
_FEWEST_RUNGS = 3
_HASH_STEPS = 1e6


def _log_ladder() -> list[float]:
    return [round(10.0 ** (-3.0 * (1.0 - rung / (_RUNGS - 1))), 6) for rung in range(_RUNGS)]


@dataclass(frozen=True)
class Thresholds:
    """A benchmark of contrast thresholds: each stimulus on a ladder of contrasts, against the background.

    Attributes:
        name: The name in results.
        modulations: Of each stimulus, `[256, 256]` in [-1, 1], by number.
        contrasts: The ladder, ascending.
        encoding: From light to image values.
        human: log10 contrast thresholds, `[observers, stimuli]`.
    """

    name: str
    modulations: Mapping[int, FloatArray]
    contrasts: tuple[float, ...]
    encoding: str
    human: FloatArray
    _places: dict[str, tuple[int, float]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ladder = itertools.product(self.modulations, self.contrasts)
        places = {_key(number, contrast): (number, contrast) for number, contrast in ladder}
        object.__setattr__(self, "_places", places)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every stimulus at every contrast, stimulus by stimulus, contrasts ascending.

        `score` is the mean log10 threshold of the stimulus, `spread` its deviation over observers.
        """
        means, spreads = self.human.mean(axis=0), self.human.std(axis=0, ddof=1)
        return tuple(
            Pair(BACKGROUND, key, f"{number:02d}", float(means[number - 1]), float(spreads[number - 1]))
            for key, (number, _) in self._places.items()
        )

    def image(self, key: str) -> NDArray[np.float32]:
        """Return grey float32 `[256, 256, 3]` in [0, 1] of `background` or `01@0.001`, never rounded."""
        if key != BACKGROUND and key not in self._places:
            raise InputError(f"There is no stimulus {key}.", found=key, remedy=nearest(key, self._places))
        light = np.full((SIZE, SIZE), 0.5)
        if key != BACKGROUND:
            number, contrast = self._places[key]
            light = (1.0 + contrast * self.modulations[number]) / 2.0
        grey = encode(light, self.encoding).astype(np.float32)
        return np.repeat(grey[:, :, np.newaxis], 3, axis=2)

    def fingerprint(self) -> str:
        """Return the sha256 over stimuli, background, ladder, encoding and human thresholds."""
        ladder = " ".join(contrast.hex() for contrast in self.contrasts)
        digest = hashlib.sha256(f"thresholds {self.encoding} {SIZE} background 0.5\n{ladder}\n".encode())
        for number, modulation in self.modulations.items():
            # in steps of a millionth: the last bits of exp and cos differ between processors
            steps = np.rint(modulation * _HASH_STEPS).astype("<i4")
            digest.update(f"{number}\n".encode() + steps.tobytes())
        digest.update(np.rint(self.human * _HASH_STEPS).astype("<i4").tobytes())
        return digest.hexdigest()

    def agreement(self, distances: FloatArray, bootstrap: Bootstrap) -> list[Score]:
        """Score distances `[R, stimuli x contrasts]`: a model's thresholds against the observers'."""
        require_shape("distances", distances, (None, len(self._places)), "[R taps, P pairs]")
        ladders = distances.reshape(len(distances), len(self.modulations), len(self.contrasts))
        return rate_thresholds(np.array(self.contrasts), ladders, self.human, bootstrap)


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
        return Thresholds(self.name, drawn, tuple(self.contrasts), self.encoding, data.human)

    def _check(self) -> None:
        check_encoding(self.encoding)
        _check_ladder(self.contrasts)
        if not (math.isfinite(self.luminance) and self.luminance > 0.0):
            raise InputError("The luminance is none.", expected="cd/m2 above 0", found=f"{self.luminance}")
        if self.pixels_per_degree != PUBLISHED_RESOLUTION:
            raise InputError(
                "ModelFest's stimuli exist at one resolution.",
                expected=f"pixels_per_degree {PUBLISHED_RESOLUTION:g}",
                found=f"{self.pixels_per_degree:g}",
                remedy="leave it: two stimuli are pictures of that resolution, others are lines of one pixel",
            )


def _key(number: int, contrast: float) -> str:
    return f"{number:02d}@{contrast:.6g}"


def _check_ladder(contrasts: Sequence[float]) -> None:
    keys = {_key(1, contrast) for contrast in contrasts}
    rising = all(low < high for low, high in itertools.pairwise(contrasts))
    inside = all(0.0 < contrast <= 1.0 for contrast in contrasts)
    if not (rising and inside and len(keys) == len(contrasts) >= _FEWEST_RUNGS):
        raise InputError(
            "The ladder of contrasts cannot be used.",
            expected=f"{_FEWEST_RUNGS} or more, ascending, above 0 and up to 1, different in six digits",
            found=str(list(contrasts)),
            remedy="correct benchmark.modelfest.contrasts",
        )
