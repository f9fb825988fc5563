"""Affine invisibility: how far an image may be moved, turned or enlarged before a difference is seen.

Alabau-Bosque et al. (2024), Invariance of deep image quality metrics to affine transformations,
arXiv:2407.17927: human thresholds, viewing distance and procedure; see agreement/invisibility.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.invisibility import DETECTION, Calibration, Ladder, rate_invisibility
from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.manifest import Manifested
from percepnet.benchmarks.opinion.tid import TID2013
from percepnet.benchmarks.opinion.tid2013_kodak import TID2013Kodak
from percepnet.benchmarks.psychophysics.affine_changes import DIRECTIONS, HUMAN, UNCHANGED, Ladders
from percepnet.benchmarks.psychophysics.affine_warp import Warp, WarpedImages
from percepnet.benchmarks.psychophysics.thresholds import key_at
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from percepnet.agreement.contract import Bootstrap, FloatArray, Score
    from percepnet.benchmarks.contract import ImageSource
    from percepnet.benchmarks.opinion.benchmark import OpinionScores

CALIBRATION = "calibration"
_DATABASES = {"tid2013_kodak": TID2013Kodak, "tid2013": TID2013}
_ORDERS = (1, 3, 5)


@dataclass(frozen=True)
class Invisibility(Manifested):
    """Rated pairs that calibrate a distance, and the same references changed by growing magnitudes.

    Attributes:
        name: The name in results.
        pairs: Reference by reference: first its rated pairs (`kind` is `calibration`, `score` the MOS), then
            the changed ones (`score` is the human threshold in physical units, `level` the magnitude).
        images: Where the images come from.
        ladders: Magnitudes of each kind of change.
    """

    name: str
    pairs: Sequence[Pair]
    images: ImageSource
    ladders: Ladders

    @property
    def header(self) -> str:
        """What determines the scores beside pairs and images."""
        steps = " ".join(step.hex() for kind in HUMAN for step in self.ladders.of(kind))
        return f"invisibility {DETECTION.hex()} {steps}"

    def part(self, clusters: Collection[str]) -> Invisibility:
        """Return the judgements of these clusters alone."""
        return replace(self, pairs=[pair for pair in self.pairs if pair.cluster in clusters])

    def agreement(self, distances: FloatArray, bootstrap: Bootstrap) -> list[Score]:
        """Score distances `[R, P]`: a model's invisibility thresholds against those of people."""
        rated = [place for place, pair in enumerate(self.pairs) if pair.kind == CALIBRATION]
        calibration = Calibration(
            np.array(rated),
            np.array([degradation(self.pairs[place].score) for place in rated]),
            [self.pairs[place].cluster for place in rated],
        )
        return rate_invisibility(distances, calibration, [self._ladder(kind) for kind in HUMAN], bootstrap)

    def _ladder(self, kind: str) -> Ladder:
        magnitudes = np.array(self.ladders.of(kind))
        places = np.array([place for place, pair in enumerate(self.pairs) if pair.kind == kind])
        rows = places.reshape(-1, magnitudes.size)
        clusters = [self.pairs[row[0]].cluster for row in rows]
        return Ladder(kind, magnitudes, UNCHANGED[kind], HUMAN[kind], rows, clusters)


def degradation(mos: float) -> float:
    """Return the paper's common scale, (10 - MOS) / 10, of a mean opinion score of TID2013 (0 to 9)."""
    return (10.0 - mos) / 10.0


@dataclass(frozen=True)
class Affine:
    """Invisibility thresholds of translation, rotation and scale.

    Every image has the size of the database's own: a Euclidean distance is a sum over places, so that a
    calibration holds for images of one size alone.

    Attributes:
        name: The name in results.
        root: Folder of the database that calibrates: see `TID2013Kodak` and `TID2013`.
        calibration: `tid2013_kodak`, the 480 pairs that can be rebuilt, or `tid2013`, all 3,000, as
            in the paper.
        references: How many reference images are changed, in the order of their names; None for all.
        translation: Ladder, in degrees of visual angle; the content moves to the right, and down.
        rotation: Ladder, in degrees, counter-clockwise about the centre.
        scale: Ladder, factors above 1, about the centre.
        pixels_per_degree: Of visual angle; 29.2 in the paper.
        interpolation: Order of the spline: 1 is bilinear, as in the paper's code, and blurs between pixels;
            3 is cubic and keeps fine detail.
    """

    name: str = "affine"
    root: str | None = None
    calibration: str = "tid2013_kodak"
    references: int | None = 8
    translation: list[float] = field(default_factory=lambda: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0])
    rotation: list[float] = field(default_factory=lambda: [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0])
    scale: list[float] = field(default_factory=lambda: [1.001, 1.002, 1.005, 1.01, 1.02, 1.05, 1.1])
    pixels_per_degree: float = 29.2
    interpolation: int = 3

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> Invisibility:
        """Return the benchmark once the database that calibrates is read and checked.

        Raises:
            NothingThereError: No root was named.
            InputError: A setting, or a file of the database, is not what it has to be.
        """
        self.check()
        database = _DATABASES[self.calibration](root=self.root)
        return self.around(database.load(cache, mirrors, network=network))

    def check(self) -> None:
        """Return if the settings can be used, whatever the images.

        Raises:
            InputError: One of them cannot.
        """
        if self.calibration not in _DATABASES:
            raise InputError(
                "The database that calibrates is unknown.",
                expected=", ".join(_DATABASES),
                found=self.calibration,
                remedy=nearest(self.calibration, _DATABASES),
            )
        if self.interpolation not in _ORDERS:
            raise InputError(
                "The interpolation is unknown.", expected=f"one of {_ORDERS}", found=f"{self.interpolation}"
            )
        self._ladders.check()

    def around(self, database: OpinionScores) -> Invisibility:
        """Return the benchmark with this database as its calibration.

        Raises:
            InputError: It has too few references, or images too small for the ladders.
        """
        chosen = self._chosen(sorted({pair.reference for pair in database.pairs}))
        self._ladders.check_size(database.image(chosen[0]).shape[:2])
        warps: dict[str, tuple[str, Warp]] = {}
        pairs: list[Pair] = []
        for reference, rated in _by_reference(database.pairs).items():
            pairs += [replace(pair, kind=CALIBRATION, level=pair.kind) for pair in rated]
            if reference in chosen:
                for pair, warp in _changed(reference, rated[0].cluster, self._ladders):
                    pairs.append(pair)
                    warps[pair.distorted] = (reference, warp)
        images = WarpedImages(database.images, warps, self.interpolation)
        return Invisibility(self.name, pairs, images, self._ladders)

    @property
    def _ladders(self) -> Ladders:
        steps = (tuple(self.translation), tuple(self.rotation), tuple(self.scale))
        return Ladders(*steps, self.pixels_per_degree)

    def _chosen(self, references: Sequence[str]) -> Sequence[str]:
        count = len(references) if self.references is None else self.references
        if not 1 <= count <= len(references):
            raise InputError(
                "So many reference images cannot be changed.",
                expected=f"1 to {len(references)}, or null for all",
                found=str(count),
                remedy="correct benchmark.affine.references",
            )
        return references[:count]


def _by_reference(pairs: Sequence[Pair]) -> Mapping[str, list[Pair]]:
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        found.setdefault(pair.reference, []).append(pair)
    return found


def _changed(reference: str, cluster: str, ladders: Ladders) -> Iterator[tuple[Pair, Warp]]:
    for kind, directions in DIRECTIONS.items():
        for direction in directions:
            for magnitude in ladders.of(kind):
                key = key_at(f"{reference}_{direction}", magnitude)
                pair = Pair(reference, key, cluster, HUMAN[kind], kind=kind, level=f"{magnitude:g}")
                yield pair, ladders.warp(direction, magnitude)
