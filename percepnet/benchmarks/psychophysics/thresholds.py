"""Threshold experiments: stimuli on ladders of contrasts against their backgrounds, and what people need."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.checks import require_shape
from percepnet.agreement.subsets import with_parts
from percepnet.agreement.thresholds import Measured, rate_thresholds
from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.manifest import Manifested
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from percepnet.agreement.contract import Bootstrap, FloatArray, IntArray, Score
    from percepnet.benchmarks.contract import ImageSource

FEWEST_RUNGS = 3
_HASH_STEPS = 1e6


@dataclass(frozen=True, slots=True)
class Stimulus:
    """One condition of a threshold experiment.

    Attributes:
        name: Unlike every other; `NAME@CONTRAST` is the key of its image at a contrast.
        background: Key of the image that it has to be told from.
        ladder: Contrasts at which it is shown, ascending, all above 0.
        threshold: log10 contrast that the average person needs.
        spread: Standard deviation of that over people, None where unknown.
        cluster: What the bootstrap resamples; "" for the stimulus itself.
        kind: What breakdowns go by.
        level: Within the kind.
    """

    name: str
    background: str
    ladder: tuple[float, ...]
    threshold: float
    spread: float | None = None
    cluster: str = ""
    kind: str = ""
    level: str = ""

    @property
    def pairs(self) -> list[Pair]:
        """One pair per rung of the ladder, contrasts ascending."""
        cluster = self.cluster or self.name
        about = (cluster, self.threshold, self.spread, self.kind, self.level)
        return [Pair(self.background, key_at(self.name, contrast), *about) for contrast in self.ladder]


@dataclass(frozen=True)
class Thresholds(Manifested):
    """A benchmark of thresholds: each stimulus on its ladder of contrasts, against its background.

    Attributes:
        name: The name in results.
        stimuli: Stimuli of one background together; every ladder has the same number of rungs.
        images: Draws backgrounds and stimuli by key.
        observers: log10 thresholds `[observers, stimuli]`, where they are known one by one.
    """

    name: str
    stimuli: Sequence[Stimulus]
    images: ImageSource
    observers: FloatArray | None = None

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Every stimulus at every contrast; `score` is the log10 threshold of the stimulus."""
        return tuple(itertools.chain.from_iterable(stimulus.pairs for stimulus in self.stimuli))

    @property
    def header(self) -> str:
        """What determines the scores beside pairs and images."""
        observers = "" if self.observers is None else steps_digest(self.observers)
        ladders = " ".join(contrast.hex() for stimulus in self.stimuli for contrast in stimulus.ladder)
        return f"thresholds {observers} {ladders}"

    def part(self, clusters: Collection[str]) -> Thresholds:
        """Return the judgements of these clusters alone."""
        chosen = [place for place, one in enumerate(self.stimuli) if (one.cluster or one.name) in clusters]
        observers = None if self.observers is None else self.observers[:, chosen]
        return replace(self, stimuli=[self.stimuli[place] for place in chosen], observers=observers)

    def agreement(self, distances: FloatArray, bootstrap: Bootstrap) -> list[Score]:
        """Score distances `[R, stimuli x contrasts]`: a model's thresholds against those of people."""
        require_shape("distances", distances, (None, len(self.pairs)), "[R taps, P pairs]")
        ladders = np.array([stimulus.ladder for stimulus in self.stimuli])
        human = Measured(
            ladders,
            np.array([stimulus.threshold for stimulus in self.stimuli]),
            [stimulus.cluster or stimulus.name for stimulus in self.stimuli],
            self.observers,
        )
        curves = distances.reshape(len(distances), *ladders.shape)

        def rate(chosen: IntArray) -> list[Score]:
            return rate_thresholds(curves[:, chosen], human.part(chosen), bootstrap)

        kinds, levels = zip(*((stimulus.kind, stimulus.level) for stimulus in self.stimuli), strict=True)
        return with_parts(rate, kinds, levels)


def key_at(name: str, contrast: float) -> str:
    """Return the key of a stimulus at a contrast: `01@0.001`."""
    return f"{name}@{contrast:.6g}"


def text_digest(*words: object) -> str:
    """Return the sha256 of words and numbers; a float counts to its last bit."""
    text = "\t".join(word.hex() if isinstance(word, float) else str(word) for word in words)
    return hashlib.sha256(text.encode()).hexdigest()


def steps_digest(values: FloatArray) -> str:
    """Return the sha256 of values in steps of a millionth: the last bits of exp differ between processors."""
    return hashlib.sha256(np.rint(values * _HASH_STEPS).astype("<i4").tobytes()).hexdigest()


def check_ladder(ladder: Sequence[float], setting: str) -> None:
    """Return if contrasts ascend from above 0 up to 1 and differ in six digits.

    Raises:
        InputError: They do not; `setting` names what to correct.
    """
    keys = {key_at("", contrast) for contrast in ladder}
    rising = all(low < high for low, high in itertools.pairwise(ladder))
    inside = all(0.0 < contrast <= 1.0 for contrast in ladder)
    if not (rising and inside and len(keys) == len(ladder) >= FEWEST_RUNGS):
        raise InputError(
            "The ladder of contrasts cannot be used.",
            expected=f"{FEWEST_RUNGS} or more, ascending, above 0 and up to 1, different in six digits",
            found=str(list(ladder)),
            remedy=f"correct {setting}",
        )
