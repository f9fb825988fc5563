"""`percepnet status`: where a sweep stands, once or until it ends."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live

from percepnet.results.board import board, headline
from percepnet.results.progress import is_over, look

if TYPE_CHECKING:
    from pathlib import Path

EVERY_S = 2.0
"""Seconds between two looks; a look at thousands of runs takes longer, and is followed by as long a rest."""


def show(results: Path, study: str | None, *, as_json: bool, watch: bool) -> None:
    """Print where a sweep stands; as JSON a line per look, every cell in it.

    Raises:
        NothingThereError: Nothing has begun there.
    """
    if as_json:
        _lines(results, study, watch=watch)
    elif watch:
        _live(results, study)
    else:
        console = Console()
        console.print(board(look(results, study)), soft_wrap=not console.is_terminal)


def _lines(results: Path, study: str | None, *, watch: bool) -> None:
    while True:
        began = time.monotonic()
        seen = look(results, study)
        print(json.dumps([one.told() for one in seen]), flush=True)  # noqa: T201 (the command's output)
        if not watch or is_over(seen):
            return
        _rest(began)


def _live(results: Path, study: str | None) -> None:
    """Redraw the screen until the end; where there is no screen, a line whenever something has changed."""
    console, said = Console(), ""
    with Live(console=console, auto_refresh=False) as live:
        while True:
            began = time.monotonic()
            seen = look(results, study)
            if console.is_terminal:
                live.update(board(seen), refresh=True)
            elif (line := headline(seen).plain) != said:
                said = line
                print(said, flush=True)  # noqa: T201
            if is_over(seen):
                break
            _rest(began)
    if not console.is_terminal:
        console.print(board(seen), soft_wrap=True)


def _rest(began: float) -> None:
    time.sleep(max(EVERY_S, time.monotonic() - began))
