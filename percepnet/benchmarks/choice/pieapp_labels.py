"""PieAPP's label files, read strictly: one table per reference, every pair of its images once."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from percepnet.benchmarks.choice.files import inside
from percepnet.benchmarks.files import some
from percepnet.benchmarks.score_files import csv_rows, number, refusal
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_IMAGES = ("ref. image", "distorted image a", "distorted image b")
_TABLE = re.compile(r"(?P<reference>ref_(?P<number>\d+))_pairwise_labels\.csv")


@dataclass(frozen=True, slots=True)
class Judged:
    """One row of a table.

    Attributes:
        reference: Key of the reference, `ref_161`.
        first: Key of image A; the reference's own where it is one of the two.
        second: Key of image B.
        for_first: Share of people who preferred A; None where nobody was asked.
    """

    reference: str
    first: str
    second: str
    for_first: float | None

    @property
    def kind(self) -> str:
        """`reference` if one of the two is the reference, `inter` or `intra` if their names say so."""
        if self.reference in {self.first, self.second}:
            return "reference"
        words = self.first.split("_")
        return next((word for word in ("inter", "intra") if word in words), "distorted")


def label_files(root: Path, split: str, references: int) -> list[Path]:
    """Return the tables of a split, by number of reference.

    Raises:
        InputError: There are more or fewer than `references`.
    """
    found = inside(root, f"labels/{split}", {})
    tables = {int(match["number"]): path for name, path in found.items() if (match := _TABLE.fullmatch(name))}
    if len(tables) != references:
        raise InputError(
            f"{root}: labels/{split} is of another release, or incomplete.",
            expected=f"{references} files such as ref_1_pairwise_labels.csv, one per reference",
            found=f"{len(tables)}: {some(tables[at].name for at in sorted(tables)) or 'none'}",
            remedy="unpack the whole database again",
        )
    return [tables[at] for at in sorted(tables)]


def read_labels(path: Path, count: int, labels: str) -> list[Judged]:
    """Return every row of a table, in its order.

    Args:
        path: `ref_161_pairwise_labels.csv`; its columns are the reference, image A, image B, and the share of
            people who preferred A: raw, and in train and val also processed.
        count: Rows that it must have.
        labels: Which share is wanted, `raw` or `processed`.

    Raises:
        InputError: The table cannot be read, is of another release, or has rows that are repeated,
            undefined or of another reference.
    """
    reference = path.name.lower().removesuffix("_pairwise_labels.csv")
    rows = [_row(fields, at, path, labels) for at, fields in csv_rows(path, _IMAGES)]
    _check_images(rows, reference, path)
    if len(rows) != count:
        raise refusal(path, "The table is of another release.", f"{count} pairs", f"{len(rows)}")
    _check_shares(rows, path)
    return rows


def _row(fields: dict[str, str], line: int, path: Path, labels: str) -> Judged:
    text = fields[_column(fields, path, labels)]
    share = number(text)
    if share is None and (text or labels != "raw"):
        raise refusal(path, f"Line {line} is no preference.", "a number", repr(text))
    reference, first, second = (PurePath(fields[column].lower()).stem for column in _IMAGES)
    return Judged(reference, first, second, share)


def _column(fields: dict[str, str], path: Path, labels: str) -> str:
    for name in fields:
        if "preference" in name and ("processed" in name) == (labels == "processed"):
            return name
    expected = f"a column of {labels} preferences for A"
    raise refusal(path, f"The table has no {labels} labels.", expected, ", ".join(fields))


def _check_images(rows: Sequence[Judged], reference: str, path: Path) -> None:
    foreign = [
        f"{row.first} and {row.second} of {row.reference}" for row in rows if not _fits(row, reference)
    ]
    if foreign:
        raise refusal(path, "Images are of another reference.", f"images of {reference}", some(foreign))
    alone = [row.first for row in rows if row.first == row.second]
    if alone:
        raise refusal(path, "Images are compared with themselves.", "two images", some(alone))
    times = Counter(frozenset((row.first, row.second)) for row in rows)
    repeated = [" and ".join(sorted(pair)) for pair, many in times.items() if many > 1]
    if repeated:
        found = f"{some(repeated)} more than once"
        raise refusal(path, "Pairs are judged twice.", "each pair once", found)


def _fits(row: Judged, reference: str) -> bool:
    start = f"distort_{reference.removeprefix('ref_')}_"
    images = (row.first, row.second)
    return row.reference == reference and all(
        image == reference or image.startswith(start) for image in images
    )


def _check_shares(rows: Sequence[Judged], path: Path) -> None:
    shares = [(row, row.for_first) for row in rows if row.for_first is not None]
    undefined = [f"{row.first} and {row.second}" for row, share in shares if not math.isfinite(share)]
    if undefined:
        raise refusal(
            path, "Preferences are undefined.", "a number each", f"NaN or inf for {some(undefined)}"
        )
    outside = [
        f"{share:g} for {row.first} and {row.second}" for row, share in shares if not 0.0 <= share <= 1.0
    ]
    if outside:
        raise refusal(path, "Preferences are out of range.", "shares from 0 to 1", some(outside))
