"""The score files of TID2008 and TID2013: every combination of reference, type and level once."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.opinion.judged import Release, check_spreads, checked
from percepnet.benchmarks.score_files import no_score, number, refusal, text_lines

if TYPE_CHECKING:
    from pathlib import Path

MOS_FILE = "mos_with_names.txt"
SPREAD_FILE = "mos_std.txt"
HIGHEST_MOS = 9.0
TYPES = (
    "additive gaussian noise",
    "noise in colour more than in luminance",
    "spatially correlated noise",
    "masked noise",
    "high frequency noise",
    "impulse noise",
    "quantization noise",
    "gaussian blur",
    "image denoising",
    "jpeg compression",
    "jpeg2000 compression",
    "jpeg transmission errors",
    "jpeg2000 transmission errors",
    "non eccentricity pattern noise",
    "local block-wise distortions",
    "mean shift",
    "contrast change",
    "change of colour saturation",
    "multiplicative gaussian noise",
    "comfort noise",
    "lossy compression of noisy images",
    "colour quantization with dither",
    "chromatic aberrations",
    "sparse sampling and reconstruction",
)
"""Distortion types 1 .. 24 as published, shortened; TID2008 has the first 17."""

_ROW = re.compile(
    r"(?P<mos>\S+)\s+(?P<name>i(?P<reference>\d+)_(?P<kind>\d+)_(?P<level>\d+)\.bmp)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a distorted image stands in the database: reference, distortion type and level from 1."""

    reference: int
    kind: int
    level: int

    @property
    def reference_key(self) -> str:
        """The key of the reference, `i01`."""
        return f"i{self.reference:02d}"

    @property
    def key(self) -> str:
        """The key of the distorted image, `i01_10_5`."""
        return f"{self.reference_key}_{self.kind:02d}_{self.level}"

    @property
    def kind_name(self) -> str:
        """The distortion type with its number, `10 jpeg compression`; a number alone where it has no name."""
        return " ".join((f"{self.kind:02d}", *TYPES[self.kind - 1 : self.kind]))

    def pair(self, score: float) -> Pair:
        """Return the judged pair, clustered by reference."""
        reference = self.reference_key
        return Pair(reference, self.key, reference, score, None, self.kind_name, str(self.level))


@dataclass(frozen=True, slots=True)
class Design:
    """How many references, distortion types and levels a release of the database has."""

    references: int = 25
    types: int = 24
    levels: int = 5

    @property
    def places(self) -> list[Place]:
        """Every place, reference by reference."""
        counts = (self.references, self.types, self.levels)
        return [Place(*numbers) for numbers in product(*(range(1, count + 1) for count in counts))]

    @property
    def release(self) -> Release:
        """What the score file must hold."""
        images = [place.key for place in self.places]
        return Release("MOS", 0.0, HIGHEST_MOS, len(images), images)


def read_pairs(mos_file: Path, spread_file: Path | None, design: Design) -> dict[Place, Pair]:
    """Return every judged pair by place, sorted by reference, type and level.

    Args:
        mos_file: `mos_with_names.txt`, rows `MOS name`.
        spread_file: `mos_std.txt`, the standard deviation of each MOS (of the mean, not of the
            observers), one per row of `mos_file`; None if there is none.
        design: What the release must hold.

    Raises:
        InputError: A file cannot be read, is of another release, or has missing, repeated or
            undefined rows.
    """
    rows = _rows(mos_file)
    checked([pair for _, pair in rows], mos_file, design.release)
    if spread_file is not None:
        spreads = _spreads(spread_file, len(rows))
        rows = [
            (place, replace(pair, spread=spread)) for (place, pair), spread in zip(rows, spreads, strict=True)
        ]
        check_spreads([pair for _, pair in rows], spread_file)
    return dict(sorted(rows))


def _rows(path: Path) -> list[tuple[Place, Pair]]:
    rows = []
    for at, line in text_lines(path):
        match = _ROW.fullmatch(line)
        score = number(match["mos"]) if match else None
        if match is None or score is None:
            raise no_score(path, at, "rows such as 5.51429 I01_01_1.bmp", line)
        place = Place(int(match["reference"]), int(match["kind"]), int(match["level"]))
        rows.append((place, place.pair(score)))
    return rows


def _spreads(path: Path, rows: int) -> list[float]:
    values = [number(line) for _, line in text_lines(path)]
    if len(values) != rows:
        expected = f"{rows} rows, one per score in {MOS_FILE}"
        raise refusal(path, "The spreads do not belong to the scores.", expected, f"{len(values)} rows")
    return [float("nan") if value is None else value for value in values]
