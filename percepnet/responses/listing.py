"""The store on the screen: what lies in it, what it takes, what was removed, what is damaged."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from percepnet.responses.hygiene import usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.responses.hygiene import Kept
    from percepnet.responses.upkeep import Finding, Removed

FILE_WIDTH = 200
"""Columns when the output is no terminal."""
COLOURS = {"finished": "green", "running": "cyan", "partial": "yellow", "damaged": "red"}


def show_entries(kept: Sequence[Kept], *, as_json: bool = False) -> None:
    """Print every entry: whose responses, of which images, what is kept, how large, how old."""
    if as_json:
        rows = [asdict(one) | {"folder": str(one.folder)} for one in kept]
        print(json.dumps(rows, indent=1))  # noqa: T201 (the command's output)
        return
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("network", "benchmark", "statistics", "pairs", "size", "last used", "state", "entry"):
        right = column in {"pairs", "size"}
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for one in kept:
        colour = COLOURS[one.state]
        about = (one.network, one.benchmark, _named(one.statistics), str(one.pairs))
        table.add_row(*about, decimal(one.size), _day(one.used), f"[{colour}]{one.state}[/]", one.folder.name)
    if kept:
        _console().print(table)
    _say(f"{len(kept)} entries, {decimal(sum(one.size for one in kept))}")


def show_usage(kept: Sequence[Kept], *, as_json: bool = False) -> None:
    """Print the room that the entries take: in all, by network and by benchmark."""
    found = usage(kept)
    if as_json:
        print(json.dumps([asdict(one) for one in found], indent=1))  # noqa: T201
        return
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("of", "name", "entries", "size"):
        table.add_column(column, justify="right" if column in {"entries", "size"} else "left")
    for one in found:
        table.add_row(one.of, one.name, str(one.entries), decimal(one.size))
    _console().print(table)


def show_removed(removed: Sequence[Removed], *, dry_run: bool) -> None:
    """Print what was removed, or would be, and the room that it gives."""
    for one in removed:
        _say(f"{decimal(one.size):>10}  {one.path.name}: {one.reason}")
    said = "would be removed" if dry_run else "removed"
    _say(f"{len(removed)} {said}, {decimal(sum(one.size for one in removed))}")


def show_findings(findings: Sequence[Finding], *, delete: bool) -> None:
    """Print what is damaged, what became of it, and what can be done."""
    for one in findings:
        fate = "removed; the next run makes it anew" if one.deleted else "left as it is"
        _say(f"{one.folder.name}/{one.file.name}: {one.problem} ({fate})")
    if not findings:
        _say("nothing is damaged")
    elif any(not one.deleted for one in findings):
        _say(
            "somebody is at work on what was left: wait, then again"
            if delete
            else "remove it, to be made anew: percepnet store verify --delete"
        )


def _named(statistics: Sequence[str]) -> str:
    """Return the statistics' names, only their number where there are many."""
    return ", ".join(statistics) if len(statistics) <= 2 else f"{len(statistics)} kinds"


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else "?"


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=FILE_WIDTH)


def _say(text: str) -> None:
    Console().print(text, highlight=False, markup=False, soft_wrap=True)
