"""Tables for the terminal."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from percepnet.errors import PercepnetError
from percepnet.results.progress import as_seen
from percepnet.results.rows import best_layers, read_run, whole
from percepnet.results.status import (
    DONE,
    FAILED,
    FINISHED_BEFORE,
    RUNNING,
    SKIPPED,
    WAITING,
    Status,
    end_plan,
    read_plan,
    read_status,
    read_statuses,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence
    from pathlib import Path

COLOURS = {DONE: "green", SKIPPED: "yellow", FAILED: "red"}
FILE_WIDTH = 130
"""Columns when the output is no terminal: a log should not be broken at 80."""

_SHOWN = (
    *("run_id", "network", "readout", "distance", "benchmark", "subset", "layer", "depth", "metric", "value"),
    *("ci_low", "ci_high", "ceiling", "polarity", "n_pairs", "n_clusters"),
)
"""Columns that the tables of a run take: to carry the other thirty along costs a third more."""


def terminal() -> Console:
    """Return the console that tables are printed to."""
    console = Console()
    return console if console.is_terminal else Console(width=FILE_WIDTH)


def print_layers(rows: pd.DataFrame, console: Console) -> None:
    """Print two tables per benchmark: a line per layer, then a line per part of the judgements."""
    for benchmark, part in rows[list(_SHOWN)].groupby("benchmark", sort=False):
        console.print(_layer_table(str(benchmark), whole(part)))
        best = best_layers(part)
        if len(whole(part)) < len(part) and len(best):
            console.print(_part_table(part, str(best.iloc[0]["layer"])))


def _layer_table(benchmark: str, rows: pd.DataFrame) -> Table:
    first = rows.iloc[0]
    metrics = list(dict.fromkeys(rows["metric"]))
    counts = f"{first['n_pairs']} judgements, {first['n_clusters']} clusters"
    title = f"{first['network']}, {first['readout']}, {first['distance']} on {benchmark} ({counts})"
    table = Table(title=title, box=box.SIMPLE_HEAD, show_footer=True)
    table.add_column("layer", footer="human ceiling")
    table.add_column("depth", justify="right")
    ceilings = rows.drop_duplicates("metric").set_index("metric")["ceiling"]
    for metric in metrics:
        table.add_column(metric, _number(ceilings[metric]), justify="right")
    best = {metric: set(best_layers(rows, metric)["layer"]) for metric in metrics}
    for layer, cells in _by(rows, "layer").items():
        values = [
            _value(cells[metric], best=layer in best[metric]) if metric in cells else "" for metric in metrics
        ]
        table.add_row(_short(layer), f"{next(iter(cells.values()))['depth']:.2f}", *values)
    return table


def _part_table(rows: pd.DataFrame, layer: str) -> Table:
    """Return the scores of every part of the judgements at the layer that is best for all of them."""
    metrics = list(dict.fromkeys(rows["metric"]))
    chosen = rows[rows["layer"] == layer]
    table = Table(title=f"by part, at {_short(layer)}", box=box.SIMPLE_HEAD)
    table.add_column("part")
    table.add_column("judgements", justify="right")
    for metric in metrics:
        table.add_column(metric, justify="right")
    for subset, cells in _by(chosen, "subset").items():
        values = [_value(cells[metric], best=False) if metric in cells else "" for metric in metrics]
        table.add_row(subset, str(next(iter(cells.values()))["n_pairs"]), *values)
    return table


def _by(rows: pd.DataFrame, column: str) -> dict[str, dict[str, dict[Hashable, Any]]]:
    """Return the rows by a column's values and by metric, in their order (faster than groups of a frame)."""
    found: dict[str, dict[str, dict[Hashable, Any]]] = {}
    for row in rows.to_dict("records"):
        found.setdefault(str(row[column]), {})[row["metric"]] = row
    return found


def _value(row: Mapping[Hashable, Any], *, best: bool) -> str:
    text = f"{_number(row['value'])} [dim]{_interval(row)}[/dim]"
    return f"[bold green]{text}[/bold green]" if best else text


def _interval(row: Mapping[Hashable, Any] | pd.Series) -> str:
    return f"({_number(row['ci_low'])}, {_number(row['ci_high'])})"


def _number(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:.3f}"


def _short(text: str, length: int = 30) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def conclude(results: Path, invocation: str) -> int:
    """Print what became of every cell of one command; return 0 unless one failed or none was scored.

    A planned cell that never began (its job was cancelled while it waited) and one that was interrupted are
    unfinished, which counts as failed. The command's plan has come to its end.
    """
    console = terminal()
    statuses = sorted(read_statuses(results, invocation), key=lambda item: item[1].updated)
    statuses += _by_others(results, invocation, {folder.name for folder, _ in statuses})
    console.print(_cell_table(statuses))
    for folder, status in statuses:
        if status.reason and status.reason != FINISHED_BEFORE:
            console.print(f"{_coloured(status.state)} {' '.join(_name(folder, status))}")
            text = f"{status.reason}\n  log:      {folder / 'job.log'}\n"
            console.print(text, highlight=False, markup=False, soft_wrap=True)
    states = {status.state for _, status in statuses}
    try:
        end_plan(results, invocation)
    except PercepnetError as error:  # a full disk
        console.print(f"{error}\n", highlight=False, markup=False, soft_wrap=True)
        return 1
    return 0 if DONE in states and states <= {DONE, SKIPPED} else 1


def _by_others(results: Path, invocation: str, begun: set[str]) -> Iterator[tuple[Path, Status]]:
    """Yield the planned cells whose status is not this command's: at work in another one, or never begun."""
    planned = read_plan(results, invocation)
    blank = Status(WAITING, reason="never begun: its job was not started, or died before it could say so")
    for name in planned.folders if planned else ():
        if name not in begun:
            folder = results / "runs" / name
            status = _settled(folder)
            is_new = status is not None and planned is not None and status.updated >= planned.started
            yield folder, replace(status, images_passed=0) if status is not None and is_new else blank


def _settled(folder: Path) -> Status | None:
    """Return how a cell ended that another command has taken in hand after this one; it is waited for."""
    while (status := as_seen(read_status(folder), folder)) is not None and status.state == RUNNING:
        time.sleep(0.5)
    return status


def _cell_table(statuses: Sequence[tuple[Path, Status]]) -> Table:
    counts = {state: sum(status.state == state for _, status in statuses) for state in COLOURS}
    unfinished = len(statuses) - sum(counts.values())
    summary = ", ".join(f"{count} {state}" for state, count in counts.items())
    summary += f", {unfinished} unfinished" if unfinished else ""
    # a baseline reads images, no network does
    passed = sum(status.images_passed for _, status in statuses if status.cell.get("goal") != "baseline")
    title = f"{len(statuses)} cells: {summary}; {passed} images passed through networks"
    table = Table(title=title, box=box.SIMPLE_HEAD)
    for column in ("network", "readout", "state", "benchmark", "best layer", "score (interval)", "seconds"):
        may_wrap = column in {"network", "best layer", "benchmark"}
        table.add_column(column, no_wrap=not may_wrap, justify="right" if column == "seconds" else "left")
    for folder, status in statuses:
        state = _coloured(status.state)
        about = (*_name(folder, status), "[cyan]kept[/]" if status.reason == FINISHED_BEFORE else state)
        lines = list(_best_lines(folder, status)) or [("", "", "")]
        for index, line in enumerate(lines):
            table.add_row(*(about if index == 0 else ("", "", "")), *line, f"{status.seconds:.1f}")
    return table


def _coloured(state: str) -> str:
    """Return a state for the end of a command, when nothing can be running any more."""
    return f"[{COLOURS[state]}]{state}[/]" if state in COLOURS else "[red]unfinished[/]"


def _name(folder: Path, status: Status) -> tuple[str, str]:
    cell = status.cell
    if not cell:
        return folder.name, ""
    return f"{cell['arch']}{cell['variant']} {cell['goal']} {cell['dataset']}", cell["readout"]


def _best_lines(folder: Path, status: Status) -> Iterator[tuple[str, str, str]]:
    """Yield benchmark, most human-like layer and its score of a finished cell."""
    rows = read_run(folder) if status.state == DONE else None
    if rows is not None:
        for _, row in best_layers(rows).iterrows():
            score = f"{row['metric']} {_number(row['value'])} {_interval(row)}"
            yield row["benchmark"], _short(row["layer"]), score
