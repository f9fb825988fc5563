"""Score files that are text: rows with their line numbers, numbers read strictly."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_SHOWN = 60


def text_lines(path: Path) -> list[tuple[int, str]]:
    """Return the lines that are not blank, stripped, with their numbers from 1.

    Raises:
        InputError: The file cannot be read as text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(path, "a readable text file", error) from error
    return [(at, line.strip()) for at, line in enumerate(text.splitlines(), start=1) if line.strip()]


def csv_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row of a table with a header by lower-case column, with its line number.

    Args:
        path: The file; fields are separated by commas.
        columns: Columns that it must have.

    Raises:
        InputError: The file cannot be read, or lacks a column or a field.
    """
    lines = text_lines(path)
    table = csv.reader([line for _, line in lines])
    header = [name.strip().lower() for name in next(table, [])]
    missing = [column for column in columns if column not in header]
    if missing:
        raise refusal(
            path,
            f"The table has no column {missing[0]}.",
            f"columns {', '.join(columns)}",
            ", ".join(header) or "nothing",
        )
    for (at, line), fields in zip(lines[1:], table, strict=True):
        if len(fields) != len(header):
            raise no_score(path, at, f"{len(header)} fields: {', '.join(header)}", line)
        yield at, dict(zip(header, (field.strip() for field in fields), strict=True))


def number(text: str) -> float | None:
    """Return the number that `text` is, None if it is none."""
    try:
        return float(text)
    except ValueError:
        return None


def no_score(path: Path, line: int, expected: str, found: str) -> InputError:
    """Return the error that a line is no score."""
    return refusal(path, f"Line {line} is no score.", expected, repr(found[:_SHOWN]))


def refusal(path: Path, problem: str, expected: str, found: str) -> InputError:
    """Return the error that a score file cannot be used."""
    return InputError(
        f"{path}: {problem}",
        expected=expected,
        found=found,
        remedy=f"put the database's own {path.name} in its place",
    )


def unreadable(path: Path, expected: str, error: Exception) -> InputError:
    """Return the error that a score file cannot be read."""
    return InputError(
        f"The score file {path.name} cannot be read.",
        expected=expected,
        found=f"{path}: {error}",
        remedy="put the database's own file in its place",
    )
