"""`percepnet data check`: whether a benchmark is whole and right, and what is odd about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich import box
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from percepnet.data.inspection import Inspection, inspect
from percepnet.data.manifest_file import write_manifest
from percepnet.data.options import only, remarks
from percepnet.data.published import deviations, psnr_list, wrong
from percepnet.data.summary import summary
from percepnet.errors import PercepnetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from percepnet.benchmarks.contract import Benchmark
    from percepnet.data.options import Wanted


@dataclass(frozen=True)
class Verdict:
    """What came out about one benchmark.

    Attributes:
        name: Its name.
        lines: What is known of it, each with its name.
        notes: What a user should know although nothing is wrong.
        problems: What is wrong.
    """

    name: str
    lines: dict[str, str]
    notes: list[str]
    problems: list[str]


def check(wanted: Sequence[Wanted], console: Console, manifest: Path | None = None) -> int:
    """Print a verdict on each benchmark; return how many have problems.

    Args:
        wanted: The benchmarks.
        console: Where to print, and to show how far it is.
        manifest: CSV file for the pairs of the one benchmark, written if nothing is wrong with it.

    Raises:
        InputError: A manifest of several benchmarks was asked for, or its folder cannot be written.
    """
    if manifest is not None:
        only(wanted)
    failed = 0
    for one in wanted:
        verdict = _verdict(one, console, manifest)
        _print(verdict, console)
        failed += bool(verdict.problems)
    return failed


def _verdict(one: Wanted, console: Console, manifest: Path | None) -> Verdict:
    with remarks() as notes:
        try:
            benchmark = one.load()
            seen = _inspected(benchmark, console)
            problems = list(seen.problems.values())
            listed = psnr_list(benchmark)
            off = deviations(benchmark, seen.rmse, listed)
            problems += wrong(off)
            lines = summary(benchmark, seen, off, len(listed))
        except PercepnetError as error:
            return Verdict(one.name, {}, notes, [str(error)])
    if manifest is not None and not problems:
        write_manifest(manifest, benchmark, seen.images)
        lines["written"] = f"{len(benchmark.pairs)} rows in {manifest}"
    return Verdict(benchmark.name, lines, notes, problems)


def _inspected(benchmark: Benchmark, console: Console) -> Inspection:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("pairs"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(benchmark.name, total=len(benchmark.pairs))
        return inspect(benchmark, lambda: bar.update(task, advance=1))


def _print(verdict: Verdict, console: Console) -> None:
    table = Table(title=verdict.name, box=box.SIMPLE, show_header=False, title_style="bold", padding=(0, 1))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, line in verdict.lines.items():
        table.add_row(name, line)
    if verdict.lines:
        console.print(table)
    for title, words in (("note", verdict.notes), ("problem", verdict.problems)):
        for word in words:
            console.print(f"{title}: {word}", markup=False, highlight=False, soft_wrap=True)
    count = len(verdict.problems)
    end = f"{count} problem{'s' if count > 1 else ''}" if count else "nothing is wrong"
    console.print(f"{verdict.name}: {end}", style="red" if count else "green", highlight=False)
