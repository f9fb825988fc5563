"""KADID-10k in its original folder: 10,125 distorted images with mean opinion scores.

Lin, Hosu & Saupe (2019), KADID-10k: a large-scale artificially distorted IQA database, QoMEX,
doi:10.1109/QoMEX.2019.8743252.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.files import DIGESTS, ImageFiles, entries, require
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.benchmarks.opinion.judged import Release, checked, of_mean
from percepnet.benchmarks.score_files import csv_rows, no_score, number
from percepnet.benchmarks.shelves import Layout, Shelf, locate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SCORE_FILE = "dmos.csv"
IMAGES = "images"
COLUMNS = ("dist_img", "ref_img", "dmos", "var")
TYPES = (
    "gaussian blur",
    "lens blur",
    "motion blur",
    "colour diffusion",
    "colour shift",
    "colour quantization",
    "colour saturation in hsv",
    "colour saturation in lab",
    "jpeg2000",
    "jpeg",
    "white noise",
    "white noise in colour",
    "impulse noise",
    "multiplicative noise",
    "denoise",
    "brighten",
    "darken",
    "mean shift",
    "jitter",
    "non-eccentricity patch",
    "pixelate",
    "quantization",
    "colour block",
    "high sharpen",
    "contrast change",
)
"""Distortion types 1 .. 25 as published."""

_NAME = re.compile(r"(?P<reference>i\d\d)_(?P<kind>\d\d)_(?P<level>\d\d)\.png", re.IGNORECASE)


@dataclass(frozen=True)
class KADID10k:
    """KADID-10k as its authors packed it.

    The column called `dmos` is a mean opinion score from 1 to 5, higher is better. The column called `var`
    is not a variance but the ratings' standard deviation with divisor n: the first row, 4.57 and 0.496, is
    17 fives and 13 fours, and no 30 ratings have that mean and 0.496 as their variance. The spread of a mean
    score is therefore `var / sqrt(ratings - 1)`.

    Distorted images at (type, level) (1, 1), (3, 1), (8, 1) and (18, 3) are identical to their references,
    pixel by pixel. They stay in, as people have rated them: any distance is 0 there, and their scores differ.

    Attributes:
        name: The name in results.
        root: Folder with `images/` and `dmos.csv`; letter case does not matter.
        references: Reference images.
        types: Distortion types.
        levels: Levels of each distortion.
        ratings: Ratings that a score is the mean of: 30 for 96 % of the images, fewer for the rest.
        height: Of every image, in pixels.
        width: Of every image, in pixels.
    """

    name: str = "kadid10k"
    root: str | None = None
    references: int = 81
    types: int = 25
    levels: int = 5
    ratings: float = 30.0
    height: int = 384
    width: int = 512

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> OpinionScores:
        """Return the benchmark once its scores are read and every image file is found.

        Raises:
            NothingThereError: No root was named.
            InputError: Scores or image files are missing, repeated or of another release.
        """
        del mirrors, network  # files are the user's, or were fetched before
        folder = Layout(self.name, (IMAGES, SCORE_FILE), f"{IMAGES}/ and {SCORE_FILE}").folder(
            self.root, cache
        )
        [path] = require(entries(folder), [SCORE_FILE], folder, "unpack the whole database again")
        rows = [self._pair(path, at, row) for at, row in csv_rows(path, COLUMNS)]
        pairs = checked(rows, path, self._release())
        keys = {key: f"{key}.png" for pair in pairs for key in (pair.reference, pair.distorted)}
        images = ImageFiles(
            locate(folder, Shelf((IMAGES,), keys)), (self.height, self.width), remember=cache / DIGESTS
        )
        return OpinionScores(self.name, tuple(pairs), images, higher_is_better=True)

    def _pair(self, path: Path, at: int, row: dict[str, str]) -> Pair:
        match = _NAME.fullmatch(row["dist_img"])
        score, deviation = number(row["dmos"]), number(row["var"])
        if match is None or score is None or deviation is None:
            raise no_score(path, at, "a row such as I01_01_01.png,I01.png,4.57,0.496", ",".join(row.values()))
        reference, kind, level = match["reference"].upper(), int(match["kind"]), int(match["level"])
        if row["ref_img"].lower() != f"{reference.lower()}.png":
            raise no_score(path, at, f"{reference}.png as reference", ",".join(row.values()))
        name = " ".join((f"{kind:02d}", *TYPES[kind - 1 : kind]))
        spread = of_mean(deviation, self.ratings - 1.0)
        return Pair(reference, _key(reference, kind, level), reference, score, spread, name, str(level))

    def _release(self) -> Release:
        counts = (self.references, self.types, self.levels)
        numbers = product(*(range(1, count + 1) for count in counts))
        images = [_key(f"I{reference:02d}", kind, level) for reference, kind, level in numbers]
        return Release("dmos", 1.0, 5.0, len(images), images)


def _key(reference: str, kind: int, level: int) -> str:
    return f"{reference}_{kind:02d}_{level:02d}"
