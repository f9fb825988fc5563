"""The report's files: the page, every table as CSV, Parquet and LaTeX, every figure as SVG and PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import vl_convert

from percepnet.ablation.report.latex import latex
from percepnet.ablation.report.page import html, sections
from percepnet.ablation.report.parts import Figure, Table, every
from percepnet.ablation.report.study import read_study
from percepnet.ablation.report.themes import PRINT
from percepnet.sources.cache import atomic_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from percepnet.ablation.report.parts import Section


def write_report(
    results: Path, target: Path, study: str | None = None, claims: Sequence[Path] = ()
) -> list[Path]:
    """Write `report.html`, `report.csv` (all rows), `tables/` and `figures/` to a folder; return the files.

    Works while a sweep is still running: it shows the cells that are finished.

    Args:
        results: Folder of results.
        target: Folder to write to.
        study: Only this study.
        claims: Folders of claims beside the paper's.

    Raises:
        NothingThereError: No cell has finished yet.
        InputError: A claim's file is wrong.
    """
    found = read_study(results, study)
    rows = _write(target / "report.csv", found.rows.to_csv(index=False))
    return [*write_page(study or "What sees like a human?", sections(found, claims), target), rows]


def write_page(title: str, chapters: Sequence[Section], target: Path) -> list[Path]:
    """Write a page, its tables and its figures to a folder; return the files."""
    written = [_write(target / "report.html", html(title, chapters))]
    for item in every(chapters):
        written += _table(item, target / "tables") if isinstance(item, Table) else _figure(item, target)
    return written


def _table(table: Table, folder: Path) -> Iterator[Path]:
    yield _write(folder / f"{table.name}.csv", table.frame.to_csv(index=False))
    yield _write(folder / f"{table.name}.tex", latex(table))
    path = folder / f"{table.name}.parquet"
    with atomic_file(path) as temporary:
        table.frame.to_parquet(temporary, index=False)
    yield path


def _figure(figure: Figure, target: Path) -> Iterator[Path]:
    folder = target / "figures"
    svg: str = vl_convert.vegalite_to_svg(dict(figure.chart), config=PRINT)
    yield _write(folder / f"{figure.name}.svg", svg)
    path = folder / f"{figure.name}.png"
    with atomic_file(path) as temporary:
        temporary.write_bytes(vl_convert.svg_to_png(svg, scale=1.5))
    yield path


def _write(path: Path, text: str) -> Path:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path
