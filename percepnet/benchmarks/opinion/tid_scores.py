"""TID2013's score files, read strictly: every combination once, nothing missing, nothing undefined."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.files import some
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOS_FILE = "mos_with_names.txt"
SPREAD_FILE = "mos_std.txt"
HIGHEST_MOS = 9.0

_ROW = re.compile(
    r"(?P<mos>\S+)\s+(?P<name>i(?P<reference>\d+)_(?P<kind>\d+)_(?P<level>\d+)\.bmp)", re.IGNORECASE
)
_TID2008_ROWS = 1700
_REMEDY = f"put the database's own {MOS_FILE} in its place"


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

    def pair(self, score: float, spread: float | None) -> Pair:
        """Return the judged pair, clustered by reference."""
        return Pair(self.reference_key, self.key, self.reference_key, score, spread)


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


def read_pairs(mos_file: Path, spread_file: Path | None, design: Design) -> dict[Place, Pair]:
    """Return every judged pair by place, sorted by reference, type and level.

    Args:
        mos_file: `mos_with_names.txt`, rows `MOS name`.
        spread_file: `mos_std.txt`, one standard deviation per row of `mos_file`; None if there is none.
        design: What the release must hold.

    Raises:
        InputError: A file cannot be read, is of another release, or has missing, repeated or
            undefined rows.
    """
    rows = [_parsed(line, number, mos_file) for number, line in _lines(mos_file)]
    _check_places([place for place, _ in rows], design, mos_file)
    _check_scores(rows, mos_file)
    spreads = _spreads(spread_file, len(rows))
    pairs = {place: place.pair(mos, spread) for (place, mos), spread in zip(rows, spreads, strict=True)}
    return dict(sorted(pairs.items()))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The score file {path.name} cannot be read.",
            expected="a readable text file",
            found=f"{path}: {error}",
            remedy="put the database's own file in its place",
        ) from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, line.strip()


def _parsed(line: str, number: int, path: Path) -> tuple[Place, float]:
    match = _ROW.fullmatch(line)
    score = _number(match["mos"]) if match else None
    if match is None or score is None:
        expected = "rows such as 5.51429 I01_01_1.bmp"
        raise _refusal(path, f"Line {number} is no score.", expected, repr(line[:60]))
    return Place(int(match["reference"]), int(match["kind"]), int(match["level"])), score


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _check_places(places: list[Place], design: Design, path: Path) -> None:
    wanted = set(design.places)
    expected = (
        f"{len(wanted)} rows ({design.references} references, {design.types} types, {design.levels} levels)"
    )
    if len(places) == _TID2008_ROWS != len(wanted):
        raise _refusal(path, "This looks like TID2008, another database.", expected, f"{len(places)} rows")
    repeated = [place.key for place, count in Counter(places).items() if count > 1]
    if repeated:
        raise _refusal(path, "Images are scored twice.", expected, f"{some(repeated)} more than once")
    unknown = sorted(set(places) - wanted)
    if unknown:
        found = some(place.key for place in unknown)
        raise _refusal(
            path, "The scores are of another release.", expected, f"images it does not have: {found}"
        )
    missing = sorted(wanted - set(places))
    if missing:
        found = f"{len(places)} rows, none for {some(place.key for place in missing)}"
        raise _refusal(path, f"{len(missing)} scores are missing.", expected, found)


def _check_scores(rows: list[tuple[Place, float]], path: Path) -> None:
    undefined = [place.key for place, mos in rows if not math.isfinite(mos)]
    if undefined:
        raise _refusal(
            path, "Scores are undefined.", "a number per image", f"NaN or inf for {some(undefined)}"
        )
    outside = [f"{mos:g} for {place.key}" for place, mos in rows if not 0.0 <= mos <= HIGHEST_MOS]
    if outside:
        raise _refusal(path, "Scores are out of range.", f"MOS from 0 to {HIGHEST_MOS:g}", some(outside))


def _spreads(path: Path | None, rows: int) -> list[float] | list[None]:
    if path is None:
        return [None] * rows
    values = [_number(line) for _, line in _lines(path)]
    spreads = [value for value in values if value is not None and math.isfinite(value) and value >= 0.0]
    if len(spreads) != len(values):
        found = f"{len(values) - len(spreads)} rows that are not"
        raise _refusal(path, "Spreads are undefined.", "standard deviations of 0 or more", found)
    if len(spreads) != rows:
        expected = f"{rows} rows, one per score in {MOS_FILE}"
        raise _refusal(path, "The spreads do not belong to the scores.", expected, f"{len(spreads)} rows")
    return spreads


def _refusal(path: Path, problem: str, expected: str, found: str) -> InputError:
    return InputError(f"{path}: {problem}", expected=expected, found=found, remedy=_REMEDY)
