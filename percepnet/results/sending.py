"""Runs that W&B has not got yet: finished without tracking, or where no server could be reached."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from percepnet.errors import NothingThereError, PercepnetError
from percepnet.results.receipt import digest, last_receipt
from percepnet.results.rows import ROWS, read_run
from percepnet.results.tracking import send, track

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

KEPT, WRITTEN, SENT, FAILED = "kept", "written", "sent", "failed"

SPELT_OUT = 8
"""So many folders are named in a command, no more."""


@dataclass(frozen=True)
class Outcome:
    """What became of one run.

    Attributes:
        folder: Of the run.
        state: `written` offline, `sent`, `kept` as W&B has it already, or `failed`.
        unsent: The folder that `wandb sync` takes, where it has not been sent yet.
        remark: Why not, or "".
    """

    folder: Path
    state: str
    unsent: Path | None = None
    remark: str = ""


def track_finished(
    results: Path,
    tracking: Mapping[str, Any],
    study: str | None = None,
    *,
    again: bool = False,
    more: Callable[[pd.DataFrame], Mapping[str, Any]] = lambda _: {},
) -> Iterator[Outcome]:
    """Log every finished run under the id that the sweep would give; yield what became of each.

    What W&B has already is kept: it is told by the receipt beside a run, which holds for its present rows
    and this project alone. After a first run that could not be sent, the others are written offline only.

    Args:
        results: Folder of results.
        tracking: As of a sweep.
        study: Only this study.
        again: Log every run anew.
        more: What else is known of a run, from its rows.

    Raises:
        NothingThereError: No run has finished.
    """
    folders = [path.parent for path in sorted((results / "runs").glob(f"*/{ROWS}"))]
    found = False
    for folder in folders:
        try:
            rows = read_run(folder)
        except PercepnetError as error:
            found = True
            yield Outcome(folder, FAILED, remark=str(error))
            continue
        if rows is None or rows.empty or (study is not None and rows.iloc[0]["study"] != study):
            continue
        found = True
        outcome = _logged(rows, folder, tracking, more(rows), again=again)
        yield outcome
        if tracking["mode"] == "online" and outcome.state == WRITTEN:
            tracking = {**tracking, "mode": "offline"}
    if not found:
        raise NothingThereError(
            f"no finished run in {results / 'runs'}",
            expected="at least one" + (f" of study {study}" if study else ""),
            remedy="run `python -m percepnet.sweep` first, or name the folder: --results DIR",
        )


def conclusion(outcomes: Sequence[Outcome]) -> str:
    """Return how many runs ended in which way, and how those that lie here are sent."""
    counts = Counter(outcome.state for outcome in outcomes)
    text = ", ".join(f"{counts[state]} {state}" for state in (WRITTEN, SENT, KEPT, FAILED))
    unsent = [str(outcome.unsent) for outcome in outcomes if outcome.unsent is not None]
    if not unsent:
        return f"{len(outcomes)} runs: {text}"
    how = f"wandb sync {shlex.join(unsent)}" if len(unsent) <= SPELT_OUT else "this command with --online"
    return f"{len(outcomes)} runs: {text}\nsend them: {how}"


def _logged(
    rows: pd.DataFrame, folder: Path, tracking: Mapping[str, Any], more: Mapping[str, Any], *, again: bool
) -> Outcome:
    """Return what became of a run: kept as it is, sent as it lies there, or written anew."""
    receipt = last_receipt(folder)
    wanted = (digest(rows), tracking["project"], tracking["entity"])
    fits = receipt is not None and (receipt.rows, receipt.project, receipt.entity) == wanted
    if receipt is not None and fits and not again:
        if receipt.is_sent(folder):
            return Outcome(folder, KEPT)
        if receipt.is_there(folder):
            if tracking["mode"] != "online":
                return Outcome(folder, KEPT, folder / receipt.run)
            remark = send(folder, tracking["timeout_s"])
            return Outcome(
                folder, WRITTEN if remark else SENT, folder / receipt.run if remark else None, remark
            )
    remark = track(rows, folder, tracking, more)
    receipt = last_receipt(folder)
    if receipt is None or receipt.rows != wanted[0] or not receipt.is_there(folder):
        return Outcome(folder, FAILED, remark=remark)
    if receipt.is_sent(folder):
        return Outcome(folder, SENT)
    return Outcome(folder, WRITTEN, folder / receipt.run, remark)
