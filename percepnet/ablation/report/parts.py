"""What a page is made of: sections of texts, lists, tables, figures and folded parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from percepnet.ablation.report.names import number, p_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pandas as pd


@dataclass(frozen=True)
class Column:
    """A column as people read it.

    Attributes:
        title: Its head.
        show: From a row of the table's frame to its text.
        is_number: Whether it is set flush right.
    """

    title: str
    show: Callable[[Mapping[str, Any]], str]
    is_number: bool = False


def text(key: str, title: str | None = None) -> Column:
    """Return a column of words."""
    return Column(title or key, lambda row: "" if row[key] is None else str(row[key]))


def decimals(key: str, title: str, digits: int = 3) -> Column:
    """Return a column of rounded numbers."""
    return Column(title, lambda row: number(row[key], digits), is_number=True)


def percent(key: str, title: str) -> Column:
    """Return a column of shares."""
    return Column(title, lambda row: "-" if row[key] != row[key] else f"{row[key]:z.0%}", is_number=True)


def chance(key: str, title: str) -> Column:
    """Return a column of p values."""
    return Column(title, lambda row: p_value(row[key]), is_number=True)


def interval(
    title: str, value: str = "value", low: str = "low", high: str = "high", digits: int = 3
) -> Column:
    """Return a column of values with their intervals, from three columns of the frame."""

    def show(row: Mapping[str, Any]) -> str:
        ends = [number(row[key], digits) for key in (low, high)]
        return number(row[value], digits) + (f" ({', '.join(ends)})" if ends != ["-", "-"] else "")

    return Column(title, show, is_number=True)


@dataclass(frozen=True, eq=False)
class Table:
    """A table on the page, and a CSV, a Parquet and a LaTeX file.

    Attributes:
        name: Of its files.
        caption: What it shows.
        frame: Its numbers in full.
        columns: As they are shown; the first heads its rows.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    columns: Sequence[Column]
    kind: ClassVar[str] = "table"

    @property
    def lines(self) -> list[list[str]]:
        """The text of every row."""
        keys = list(self.frame.columns)
        records = (dict(zip(keys, row, strict=True)) for row in self.frame.itertuples(index=False, name=None))
        return [[column.show(record) for column in self.columns] for record in records]


@dataclass(frozen=True, eq=False)
class Figure:
    """A chart on the page, and an SVG and a PNG file.

    Attributes:
        name: Of its files.
        label: Its caption.
        summary: What is seen there, for those who do not see it.
        chart: Its Vega-Lite specification, without a theme.
    """

    name: str
    label: str
    summary: str
    chart: Mapping[str, Any]
    kind: ClassVar[str] = "figure"


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Listing:
    """Short statements, one a line."""

    lines: Sequence[str]
    kind: ClassVar[str] = "listing"


@dataclass(frozen=True)
class Block:
    """A text that is shown as it was written, under a title."""

    title: str
    text: str
    kind: ClassVar[str] = "block"


@dataclass(frozen=True)
class Fold:
    """Parts that are shown when they are asked for."""

    title: str
    parts: Sequence[Part]
    kind: ClassVar[str] = "fold"


Part = Text | Listing | Block | Table | Figure | Fold


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        id: What a link to it says.
        title: Its heading.
        parts: In their order.
        sections: Below it.
    """

    id: str
    title: str
    parts: Sequence[Part] = ()
    sections: Sequence[Section] = field(default=())


def every(sections: Sequence[Section]) -> Iterator[Table | Figure]:
    """Yield all tables and figures of a page."""
    for section in sections:
        yield from _of(section.parts)
        yield from every(section.sections)


def _of(parts: Sequence[Part]) -> Iterator[Table | Figure]:
    for part in parts:
        if isinstance(part, Fold):
            yield from _of(part.parts)
        elif isinstance(part, Table | Figure):
            yield part
