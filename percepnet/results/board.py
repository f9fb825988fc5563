"""How a sweep stands, on one screen: counts, what runs and how fast, what failed and where its log is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from percepnet.results.progress import counts
from percepnet.results.status import DONE, FAILED, LOST, RUNNING, SKIPPED, WAITING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import RenderableType

    from percepnet.results.progress import Seen
    from percepnet.results.status import Status

COLOURS = {DONE: "green", SKIPPED: "yellow", FAILED: "red", LOST: "red", RUNNING: "cyan", WAITING: "default"}
LAST_LINES = 6
"""Lines that are shown of what a cell said last."""
SPELT_OUT = 20
"""So many cells that failed are told one by one, no more."""
_TAIL_BYTES = 4096


def board(seen: Sequence[Seen]) -> Group:
    """Return the screen."""
    parts: list[RenderableType] = [headline(seen)]
    running = [one for one in seen if one.status.state == RUNNING]
    if running:
        parts.append(_running(running))
    parts += _skipped([one.status for one in seen if one.status.state == SKIPPED])
    parts += _broken([one for one in seen if one.status.state in (FAILED, LOST)])
    return Group(*parts)


def headline(seen: Sequence[Seen]) -> Text:
    """Return how many cells are in each state, and what they have cost so far."""
    text = Text(f"{len(seen)} cells: ")
    for index, (state, count) in enumerate(counts(seen).items()):
        text.append(", " if index else "")
        text.append(f"{count} {state}", style=COLOURS[state] if count else "dim")
    networks = [one.status for one in seen if one.status.cell.get("goal") != "baseline"]  # which reads images
    passed = sum(status.images_passed or status.images_done for status in networks)
    rate = sum(one.status.speed for one in seen if one.status.state == RUNNING)
    text.append(f"; {passed:,} images passed")
    return text.append(f", {rate:.1f} images/s" if rate else "")


def name_of(one: Seen) -> str:
    """Return a cell's factors; its folder's name where it has not begun."""
    cell = one.status.cell
    if not cell:
        return one.folder.name
    return f"{cell['arch']}{cell['variant']} {cell['goal']} {cell['dataset']} {cell['readout']}"


def _running(seen: Sequence[Seen]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("running", "stage", "images", "images/s", "seconds", "host"):
        right = column in {"images", "images/s", "seconds"}
        table.add_column(column, justify="right" if right else "left", no_wrap=right)
    for one in seen:
        status = one.status
        images = f"{status.images_done} / {status.images_total}" if status.images_total else ""
        speed = f"{status.speed:.1f}" if status.speed else ""
        table.add_row(name_of(one), status.stage, images, speed, f"{status.seconds:.0f}", status.host)
    return table


def _skipped(statuses: Sequence[Status]) -> Iterator[Text]:
    """Yield each reason once, with the number of cells that it holds for."""
    for reason, count in Counter(status.reason for status in statuses).most_common(SPELT_OUT):
        first = reason.splitlines()[0] if reason else ""
        yield Text.assemble((f"{count} skipped ", COLOURS[SKIPPED]), first)


def _broken(seen: Sequence[Seen]) -> Iterator[Text]:
    for one in seen[:SPELT_OUT]:
        yield Text.assemble((one.status.state, COLOURS[one.status.state]), " ", name_of(one))
        log = one.folder / "job.log"
        said = one.status.reason.splitlines()
        if one.status.state == LOST and log.exists():
            said += _tail(log)
        yield Text("\n".join(f"  {line}" for line in said[-LAST_LINES:]))
        yield Text(f"  log: {log if log.exists() else 'none'}")
    if len(seen) > SPELT_OUT:
        yield Text(f"and {len(seen) - SPELT_OUT} more: percepnet status --json")
    if seen:
        yield Text("run them again: the same command; these alone: with retry=failed")


def _tail(log: Path) -> list[str]:
    """Return the last lines of a log, which may be long."""
    try:
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - _TAIL_BYTES, 0))
            return file.read().decode("utf-8", errors="replace").splitlines()[-(LAST_LINES - 1) :]
    except OSError:
        return []
