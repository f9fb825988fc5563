"""The catalogue and its contrasts as tables for the terminal, or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table

from percepnet.errors import InputError, nearest
from percepnet.networks.catalogue import Checkpoint, checkpoints
from percepnet.networks.contrasts import Group, contrasts, group_called
from percepnet.sources.source import UrlSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FACTORS = ("goal", "dataset", "arch", "variant", "recipe", "input", "licence")
CONTRASTS = "contrasts"
FILE_WIDTH = 200
"""Columns when the output is no terminal."""


def show_networks(words: Sequence[str], weights: Path, *, show: str = "", as_json: bool = False) -> None:
    """Print the networks that filters name, or the contrasts, or one of either as a whole.

    Args:
        words: `goal=jigsaw arch=resnet,vgg`, or `contrasts`, or `contrasts goal`.
        weights: Folder of the checkpoints, to tell which are on disk.
        show: Id of one network, or name of one contrast.
        as_json: Print JSON.

    Raises:
        InputError: A name that does not exist; tells the nearest.
    """
    if words and words[0] == CONTRASTS:
        _show_contrasts(words[1:], show, as_json=as_json)
    else:
        rows = [called(show)] if show else filtered(words)
        content = [whole(row, weights) for row in rows]
        if as_json:
            print(json.dumps(content, indent=1))  # noqa: T201 (the command's output)
        else:
            _console().print(_properties(content[0]) if show else _networks(rows, weights))


def filtered(words: Sequence[str]) -> list[Checkpoint]:
    """Return the rows whose factors have the wanted values, in the order of the catalogue.

    Raises:
        InputError: A factor or a value that does not exist; tells the nearest.
    """
    rows = list(checkpoints())
    for word in words:
        name, _, values = word.removeprefix("arch.").partition("=")
        if name not in FACTORS or not values:
            raise InputError(
                f"no filter {word!r}", expected="goal=jigsaw, arch=vgg,resnet", remedy=nearest(name, FACTORS)
            )
        wanted = values.split(",")
        known = {getattr(row, name) for row in checkpoints()}
        for value in wanted:
            if value not in known:
                raise InputError(f"no network has {name}={value}", remedy=nearest(value, known))
        rows = [row for row in rows if getattr(row, name) in wanted]
    return rows


def called(name: str) -> Checkpoint:
    """Return the row of an id.

    Raises:
        InputError: There is none; tells the nearest.
    """
    rows = {row.id: row for row in checkpoints()}
    if name not in rows:
        raise InputError(f"no network is called {name!r}", remedy=nearest(name, rows))
    return rows[name]


def on_disk(row: Checkpoint, weights: Path) -> bool:
    """Tell whether one of the row's files lies in the cache; its hash is checked when it is used."""
    return any((weights / row.id / source.file_name).is_file() for source in row.sources)


def whole(row: Checkpoint, weights: Path) -> dict[str, Any]:
    """Return everything that the catalogue knows of a network, in plain types."""
    plain = {
        name: getattr(row, name)
        for name in row.__dataclass_fields__
        if name not in {"architecture", "preprocessing", "sources", "confounds"}
    }
    design = row.architecture
    return {
        **plain,
        "confounds": list(row.confounds),
        "module": f"{design.builder} {dict(design.options) or ''}".strip(),
        "taps": list(design.taps),
        "preprocessing": {name: getattr(row.preprocessing, name) for name in row.preprocessing.__slots__},
        "sources": [
            {
                "from": source.url if isinstance(source, UrlSource) else source.origin,
                "sha256": source.expected,
                "layout": source.layout,
            }
            for source in row.sources
        ],
        "on_disk": on_disk(row, weights),
    }


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=FILE_WIDTH)


def _networks(rows: Sequence[Checkpoint], weights: Path) -> Table:
    there = sum(on_disk(row, weights) for row in rows)
    kinds = [len({getattr(row, factor) for row in rows}) for factor in ("goal", "dataset", "arch")]
    words = f"{len(rows)} networks: {kinds[0]} goals, {kinds[1]} datasets, {kinds[2]} architectures"
    table = Table(box=box.SIMPLE_HEAD, caption=f"{words}; {there} on disk", caption_justify="left")
    for name in ("id", "goal", "dataset", "arch", "variant", "recipe"):
        table.add_column(name, overflow="fold", no_wrap=name == "id")
    for name in ("score", "parameters", "disk"):
        table.add_column(name, justify="right")
    for row in rows:
        score = "" if row.score is None else f"{row.score:g} {row.score_name}"
        size = f"{(row.parameters or 0) / 1e6:.1f} M"
        disk = "yes" if on_disk(row, weights) else ""
        table.add_row(row.id, row.goal, row.dataset, row.arch, row.variant, row.recipe, score, size, disk)
    return table


def _properties(content: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in content.items():
        if value in ("", None, []):
            continue
        items = value if isinstance(value, list) else [value]
        table.add_row(name, "\n".join(_plain(item) for item in items))
    return table


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items() if item is not None)
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _show_contrasts(words: Sequence[str], show: str, *, as_json: bool) -> None:
    groups = [group_called(show)] if show else contrasts(factor=words[0] if words else "")
    if as_json:
        print(json.dumps([_group(group) for group in groups], indent=1))  # noqa: T201 (the command's output)
    else:
        _console().print(_one_group(groups[0]) if show else _groups(groups))


def _group(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "factor": group.factor,
        "curated": group.curated,
        "levels": list(group.levels),
        "members": [row.id for row in group.members],
        "caveat": group.caveat,
        "confounds": {sentence: list(ids) for sentence, ids in group.confounds.items()},
    }


def _groups(groups: Sequence[Group]) -> Table:
    words = f"{len(groups)} contrasts, {sum(group.curated for group in groups)} of them curated"
    table = Table(
        box=box.SIMPLE_HEAD, caption=f"{words}; --show NAME tells one whole", caption_justify="left"
    )
    for name in ("factor", "contrast", "levels", "networks", "what else differs"):
        table.add_column(name, justify="right" if name in {"levels", "networks"} else "left", overflow="fold")
    for group in groups:
        remark = group.caveat or f"{len(group.confounds)} kinds, not looked at"
        style = "bold" if group.curated else ""
        numbers = str(len(group.levels)), str(len(group.members))
        table.add_row(group.factor, f"[{style}]{group.name}[/]" if style else group.name, *numbers, remark)
    return table


def _one_group(group: Group) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2), title=f"{group.name}: {group.factor} varies")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for index, row in enumerate(group.members):
        values = " ".join(part for part in (*row.factors, row.recipe) if part)
        table.add_row("members" if index == 0 else "", f"{row.id}  [dim]{values}[/dim]")
    if group.caveat:
        table.add_row("caveat", group.caveat)
    everybody = len(group.members)
    for index, (sentence, ids) in enumerate(group.confounds.items()):
        whom = "" if len(ids) == everybody else f" [dim]({', '.join(ids)})[/dim]"
        table.add_row("confounds" if index == 0 else "", sentence + whom)
    return table
