"""NIGHTS' table of votes, read strictly: every triplet once, each with one choice."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from percepnet.benchmarks.files import some
from percepnet.benchmarks.score_files import csv_rows, number, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_IMAGES = ("ref_path", "left_path", "right_path")
_NUMBERS = ("left_vote", "right_vote", "votes")
_COLUMNS = ("id", *_NUMBERS, *_IMAGES, "split", "is_imagenet")
_SPLITS = ("train", "val", "test")
_TRUTH = {"true": True, "false": False}
_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Row:
    """One triplet.

    Attributes:
        name: Its id.
        images: Files of the reference, the left and the right image.
        left: Share of votes for the left image.
        right: Share of votes for the right one.
        votes: Number of votes.
        split: `train`, `val` or `test`.
        imagenet: Whether its category is one of ImageNet's.
    """

    name: str
    images: tuple[str, str, str]
    left: float
    right: float
    votes: float
    split: str
    imagenet: bool


def read_rows(path: Path, count: int | None) -> list[Row]:
    """Return every triplet of the table, in its order.

    Args:
        path: `data.csv`; columns are found by name.
        count: Rows that it must have, None for any number.

    Raises:
        InputError: The table cannot be read, is of another release, or has repeated, undefined or
            contradictory rows.
    """
    rows = [_row(fields, at, path) for at, fields in csv_rows(path, _COLUMNS)]
    _check_repeated(rows, path)
    if count is not None and len(rows) != count:
        raise refusal(path, "The table is of another release.", f"{count} triplets", f"{len(rows)}")
    _check_votes(rows, path)
    return rows


def key_of(name: str) -> str:
    """Return the key of an image file: `ref/000/002`."""
    return str(PurePosixPath(name.lower()).with_suffix(""))


def _row(fields: dict[str, str], line: int, path: Path) -> Row:
    values = [number(fields[column]) for column in _NUMBERS]
    found = ", ".join(f"{column} {fields[column]!r}" for column in (*_NUMBERS, "split", "is_imagenet"))
    imagenet = _TRUTH.get(fields["is_imagenet"].lower())
    left, right, votes = values
    if left is None or right is None or votes is None:
        raise refusal(path, f"Line {line} has votes that are no numbers.", "numbers", found)
    if fields["split"] not in _SPLITS or imagenet is None:
        expected = f"split {', '.join(_SPLITS)}; is_imagenet True or False"
        raise refusal(path, f"Line {line} belongs to no split.", expected, found)
    reference, first, second = (fields[column] for column in _IMAGES)
    if not (reference and first and second) or first.lower() == second.lower():
        expected = "a reference and two different images"
        raise refusal(path, f"Line {line} is no triplet.", expected, f"{reference}, {first}, {second}")
    return Row(fields["id"], (reference, first, second), left, right, votes, fields["split"], imagenet)


def _check_repeated(rows: Sequence[Row], path: Path) -> None:
    names = Counter(tuple(name.lower() for name in (row.images[0], *sorted(row.images[1:]))) for row in rows)
    repeated = [images[0] for images, times in names.items() if times > 1]
    if repeated:
        found = f"that of {some(repeated)} more than once"
        raise refusal(path, "Triplets are judged twice.", "each triplet once", found)


def _check_votes(rows: Sequence[Row], path: Path) -> None:
    undefined = [row.name for row in rows if not all(map(math.isfinite, (row.left, row.right, row.votes)))]
    if undefined:
        found = f"NaN or inf for id {some(undefined)}"
        raise refusal(path, "Votes are undefined.", "a number each", found)
    outside = [
        f"{row.left:g} and {row.right:g} for id {row.name}"
        for row in rows
        if not (0.0 <= row.left <= 1.0 and 0.0 <= row.right <= 1.0)
    ]
    if outside:
        raise refusal(path, "Votes are out of range.", "shares from 0 to 1", some(outside))
    unequal = [
        f"{row.left:g} + {row.right:g} for id {row.name}"
        for row in rows
        if abs(row.left + row.right - 1.0) > _SUM_TOLERANCE
    ]
    if unequal:
        raise refusal(path, "Votes do not sum to one.", "left_vote + right_vote = 1", some(unequal))
