"""Tables of measurements, read strictly: every column that is needed, numbers where they have to be."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table.

    Attributes:
        path: The file.
        line: Its number from 1; the header is line 1.
        fields: What stands there, by column.
    """

    path: Path
    line: int
    fields: Mapping[str, str]

    def text(self, column: str) -> str:
        """Return what stands in `column`.

        Raises:
            InputError: Nothing does.
        """
        found = self.fields[column]
        if not found:
            raise self.refusal(column, "a name")
        return found

    def number(self, column: str) -> float:
        """Return the number in `column`.

        Raises:
            InputError: It is none, NaN or infinite.
        """
        value = _number(self.fields[column])
        if value is None or not math.isfinite(value):
            raise self.refusal(column, "a finite number")
        return value

    def positive(self, column: str) -> float:
        """Return the number above 0 in `column`.

        Raises:
            InputError: It is none, or not above 0.
        """
        value = self.number(column)
        if value <= 0.0:
            raise self.refusal(column, "a number above 0")
        return value

    def refusal(self, column: str, expected: str) -> InputError:
        """Return the error that `column` does not hold what it has to."""
        found = self.fields[column] or "nothing"
        return refusal(self.path, f"Line {self.line}: {column} cannot be used.", expected, found)


def read_table(path: Path, columns: Sequence[str]) -> list[Row]:
    """Return every row below the header; blank lines are passed over, other columns kept.

    Args:
        path: A file with commas between its fields.
        columns: The columns that it must have, in any order.

    Raises:
        InputError: It cannot be read, lacks a column or has a row of another length.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            lines = list(csv.reader(stream, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise refusal(path, "The table cannot be read.", "a text file with commas", str(error)) from error
    header = [name.strip() for name in lines[0]] if lines else []
    missing = [column for column in columns if column not in header]
    if missing or len(set(header)) != len(header):
        problem = f"There is no column {missing[0]}." if missing else "Two columns have one name."
        raise refusal(path, problem, f"columns {', '.join(columns)}", ", ".join(header) or "an empty file")
    return [_row(path, at, header, fields) for at, fields in enumerate(lines[1:], start=2) if fields]


def refusal(path: Path, problem: str, expected: str, found: str, remedy: str = "") -> InputError:
    """Return the error that a file of measurements is not what it has to be."""
    return InputError(
        f"{path}: {problem}",
        expected=expected,
        found=found,
        remedy=remedy or "put the original file in its place, or correct the line",
    )


def _row(path: Path, line: int, header: Sequence[str], fields: Sequence[str]) -> Row:
    if len(fields) != len(header):
        problem = f"Line {line} is cut off or has fields too many."
        raise refusal(path, problem, f"{len(header)} fields", f"{len(fields)}")
    return Row(path, line, dict(zip(header, (field.strip() for field in fields), strict=True)))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
