"""Runs that W&B has not got yet: finished without tracking, or where no server could be reached."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from percepnet.errors import NothingThereError, PercepnetError
from percepnet.results.progress import as_seen
from percepnet.results.receipt import digest, digest_of_failure, last_receipt
from percepnet.results.rows import read_run
from percepnet.results.status import CRASHED, read_status
from percepnet.results.tracking import send, track, track_failure

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


@dataclass(frozen=True)
class _Run:
    """What W&B can be told of a run.

    Attributes:
        folder: Of the run.
        digits: What tells its present state from any other.
        study: That it belongs to.
        log: Logs it, and sends it where the mode is online; returns "" or what went wrong.
    """

    folder: Path
    digits: str
    study: str
    log: Callable[[Mapping[str, Any]], str]


def track_finished(  # noqa: PLR0913 (all that may be asked for)
    results: Path,
    tracking: Mapping[str, Any],
    study: str | None = None,
    *,
    again: bool = False,
    written_only: bool = False,
    more: Callable[[pd.DataFrame], Mapping[str, Any]] = lambda _: {},
) -> Iterator[Outcome]:
    """Log every run that ended under the id that the sweep would give; yield what became of each.

    A cell that failed or died is a run that crashed. What W&B has already is kept: it is told by the receipt
    beside a run, which holds for its present rows and this project alone. After a first run that could not be
    sent, the others are written offline only.

    Args:
        results: Folder of results.
        tracking: As of a sweep.
        study: Only this study.
        again: Log every run anew.
        written_only: Send what a sweep has written for W&B, and write nothing anew.
        more: What else is known of a run, from its rows.

    Raises:
        NothingThereError: No run has ended.
    """
    found = False
    for folder in sorted(path for path in (results / "runs").glob("*") if path.is_dir()):
        try:
            run = _run(folder, more)
        except PercepnetError as error:
            found = True
            yield Outcome(folder, FAILED, remark=str(error))
            continue
        if run is None or study not in (None, run.study) or (written_only and last_receipt(folder) is None):
            continue
        found = True
        outcome = _logged(run, _of_receipt(tracking, folder) if written_only else tracking, again=again)
        yield outcome
        if tracking["mode"] == "online" and outcome.state == WRITTEN:
            tracking = {**tracking, "mode": "offline"}
    if not found:
        raise NothingThereError(
            f"no finished run in {results / 'runs'}" + (" was written for W&B" if written_only else ""),
            expected="at least one" + (f" of study {study}" if study else ""),
            remedy="run `python -m percepnet.sweep` first, or name the folder: --results DIR"
            + ("; what ran with tracking=disabled: --from-store" if written_only else ""),
        )


def _of_receipt(tracking: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Return the settings with the project that a run was written for."""
    receipt = last_receipt(folder)
    if receipt is None:
        return tracking
    return {**tracking, "project": receipt.project, "entity": receipt.entity}


def _run(folder: Path, more: Callable[[pd.DataFrame], Mapping[str, Any]]) -> _Run | None:
    """Return what there is to log of a run; None if it has neither finished nor crashed."""
    rows = read_run(folder)
    if rows is not None and not rows.empty:

        def log_rows(tracking: Mapping[str, Any]) -> str:
            return track(rows, folder, tracking, more(rows))

        return _Run(folder, digest(rows), str(rows.iloc[0]["study"]), log_rows)
    status = as_seen(read_status(folder), folder)
    if status is None or status.state not in CRASHED:
        return None

    def log_failure(tracking: Mapping[str, Any]) -> str:
        return track_failure(status, folder, tracking)

    return _Run(folder, digest_of_failure(status), status.study, log_failure)


def conclusion(outcomes: Sequence[Outcome]) -> str:
    """Return how many runs ended in which way, and how those that lie here are sent."""
    counts = Counter(outcome.state for outcome in outcomes)
    text = ", ".join(f"{counts[state]} {state}" for state in (WRITTEN, SENT, KEPT, FAILED))
    unsent = [str(outcome.unsent) for outcome in outcomes if outcome.unsent is not None]
    if not unsent:
        return f"{len(outcomes)} runs: {text}"
    how = f"wandb sync {shlex.join(unsent)}" if len(unsent) <= SPELT_OUT else "this command with --online"
    return f"{len(outcomes)} runs: {text}\nsend them: {how}"


def _logged(run: _Run, tracking: Mapping[str, Any], *, again: bool) -> Outcome:
    """Return what became of a run: kept as it is, sent as it lies there, or written anew."""
    folder, receipt = run.folder, last_receipt(run.folder)
    wanted = (run.digits, tracking["project"], tracking["entity"])
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
    remark = run.log(tracking)
    receipt = last_receipt(folder)
    if receipt is None or receipt.rows != wanted[0] or not receipt.is_there(folder):
        return Outcome(folder, FAILED, remark=remark)
    if receipt.is_sent(folder):
        return Outcome(folder, SENT)
    return Outcome(folder, WRITTEN, folder / receipt.run, remark)
