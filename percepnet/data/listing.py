"""Every benchmark as a table for the terminal, or as JSON; nothing is loaded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml
from rich import box
from rich.console import Console
from rich.table import Table

from percepnet.benchmarks.offers import offers
from percepnet.data.options import option_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROOT = "${benchmark.root}"
FILE_WIDTH = 200
"""Columns when the output is no terminal."""


def show_benchmarks(cache: Path, *, as_json: bool = False) -> None:
    """Print every benchmark: its kind of judgement, what it is, how its files are had, whether they are here.

    Args:
        cache: The cache's folder.
        as_json: Print JSON.
    """
    rows = [described(name, path, cache) for name, path in option_files().items()]
    if as_json:
        print(json.dumps(rows, indent=1))  # noqa: T201 (the command's output)
        return
    console = Console()
    (console if console.is_terminal else Console(width=FILE_WIDTH)).print(_table(rows))


def described(name: str, path: Path, cache: Path) -> dict[str, Any]:
    """Return what is known of a benchmark from its YAML file and its publisher's offer, in plain types."""
    text = path.read_text(encoding="utf-8")
    node = yaml.safe_load(text)
    needs_root = node.get("root") == ROOT
    files = _files(name, needs_root=needs_root)
    return {
        "name": name,
        "judgement": str(node["_target_"]).split(".")[2],
        "summary": text.splitlines()[1].removeprefix("#").strip(),
        "needs_root": needs_root,
        "files": files,
        "on_disk": files == "none" or _on_disk(name, cache),
        "settings": {key: value for key, value in node.items() if key != "_target_"},
    }


def _files(name: str, *, needs_root: bool) -> str:
    """Return how a benchmark's files are had."""
    row = offers().get(name)
    if row is None or row.nothing:
        return "your own" if needs_root else "none"
    if row.files:
        return "data fetch, and by hand" if row.by_hand else "data fetch"
    return "by hand" if row.by_hand else "by itself"


def _on_disk(name: str, cache: Path) -> bool:
    """Tell whether files of a benchmark lie in the cache; whether they are right, `data check` tells."""
    inside = (cache / "benchmarks" / name).rglob("*")
    return any(path.is_file() and not path.name.startswith(".") for path in inside)


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    here = sum(row["on_disk"] for row in rows)
    words = (
        f"{len(rows)} benchmarks, {here} of them ready; the others may lie in a folder of yours (--root DIR)"
    )
    table = Table(box=box.SIMPLE_HEAD, caption=words, caption_justify="left")
    for title in ("name", "judgement", "what it is", "root", "files", "ready"):
        table.add_column(title, overflow="fold", no_wrap=title in {"name", "files"})
    for row in rows:
        flags = ["yes" if row[key] else "" for key in ("needs_root", "on_disk")]
        table.add_row(row["name"], row["judgement"], row["summary"], flags[0], row["files"], flags[1])
    return table
