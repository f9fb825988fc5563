"""Weights and Biases: a view of a finished run. The local rows are the truth; nothing here may lose them.

Every run is written offline first, whole, then sent by `wandb sync`: without a server nothing is lost and
nothing waits longer than `tracking.timeout_s`. A server that too many jobs ask at once (HTTP 429) is asked
again by W&B's own client after 2, 4, 8 and more seconds, each drawn anew; what it has not taken in time is
sent later.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from percepnet.results.receipt import Receipt, digest, digest_of_failure, forget, last_receipt
from percepnet.results.rows import ROWS
from percepnet.results.status import CRASHED, DONE
from percepnet.results.view import configuration, profile_key, profiles, summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from wandb import Run

    from percepnet.results.status import Status
    from percepnet.results.view import Scalar

log = logging.getLogger(__name__)

TABLE_COLUMNS = (
    *("benchmark", "subset", "layer", "depth", "metric", "value", "ci_low", "ci_high", "ceiling", "polarity"),
    *("n_pairs", "n_clusters"),
)


def track(
    rows: pd.DataFrame, folder: Path, tracking: Mapping[str, Any], more: Mapping[str, Scalar] | None = None
) -> str:
    """Log one finished run: factors as flat keys, a summary, the layer table and its plot.

    Args:
        rows: The run's rows.
        folder: The run's folder; W&B's files lie in its `wandb`, the receipt beside it.
        tracking: mode (`offline`, `online`, `disabled`), project, entity, timeout_s.
        more: What else is known of the run and may be grouped or plotted by: `parameters` of the network.

    Returns:
        "" on success, else why W&B has not got the run: it is a view, so its trouble fails no cell.
    """
    return _tracked(digest(rows), folder, tracking, lambda: _write(rows, folder, tracking, more or {}))


def track_failure(status: Status | None, folder: Path, tracking: Mapping[str, Any]) -> str:
    """Log a cell that failed, or died, as a run that crashed, under the id that its success will have.

    A cell that has rows from an earlier command is left as W&B knows it: the rows are the truth. When the
    cell succeeds later, the same run is sent again from its first row on: what it had is overwritten.

    Returns:
        "", also where there is nothing to log, else why W&B has not got the run.
    """
    if status is None or status.state not in CRASHED or (folder / ROWS).exists():
        return ""
    remark = _tracked(
        digest_of_failure(status), folder, tracking, lambda: _write_failure(status, folder, tracking)
    )
    if remark:
        log.warning("%s", remark)
    return remark


def _tracked(digits: str, folder: Path, tracking: Mapping[str, Any], write: Callable[[], Path]) -> str:
    """Write a run offline, leave its receipt, send it where that is wanted; return "" or what went wrong."""
    if tracking["mode"] == "disabled":
        return ""
    try:
        forget(folder)
        place = str(write().relative_to(folder.resolve()))
        Receipt(digits, tracking["project"], tracking["entity"], place).write(folder)
    except Exception as error:  # noqa: BLE001 (whatever W&B does, the local rows stand)
        return f"W&B did not take the run: {error}"
    return send(folder, tracking["timeout_s"]) if tracking["mode"] == "online" else ""


def send(folder: Path, timeout_s: float) -> str:
    """Send the run that was written offline to a run folder; return "" or why W&B has not got it."""
    receipt = last_receipt(folder)
    if receipt is None:
        return f"nothing has been written for W&B in {folder}"
    written = (folder / receipt.run).resolve()
    reason = _sync(written, timeout_s)
    if reason:
        return f"W&B was not reached ({reason}); send the run later: wandb sync {written}"
    receipt.delivered().write(folder)
    return ""


def default_entity(timeout_s: float) -> tuple[str, str]:
    """Return (entity, "") of who is logged in to W&B, or ("", why nobody is); never asks for a key."""
    code = "import wandb; print('entity:' + (wandb.Api(timeout=10).default_entity or ''))"
    output, reason = _asked(["-c", code], None, timeout_s)
    return output.rpartition("entity:")[2].strip(), reason


def _write(rows: pd.DataFrame, folder: Path, tracking: Mapping[str, Any], more: Mapping[str, Scalar]) -> Path:
    """Write the run offline; return the folder that `wandb sync` takes."""
    import wandb

    first = rows.iloc[0]
    with _offline(first, configuration(rows) | dict(more), folder, tracking) as run:
        flat = summary(rows)
        table = rows.sort_values(["benchmark", "subset", "metric", "layer_index"])
        payload: dict[str, Any] = {"layers": wandb.Table(dataframe=table[list(TABLE_COLUMNS)])}
        for benchmark, profile in profiles(rows).items():
            plotted = wandb.Table(dataframe=profile.drop(columns="metric"))
            title = f"{benchmark}: {profile['metric'].iloc[0]} by depth"
            chart = wandb.plot.line(plotted, "depth", "agreement", stroke="cell", title=title)
            payload[profile_key(benchmark)] = chart
        # bar plots read what was logged, scatter plots the summary: numbers stand in both
        run.log(payload | {key: value for key, value in flat.items() if isinstance(value, float)})
        run.summary.update(flat | {"state": DONE, "reason": ""})  # also in place of an earlier failure's
        return Path(run.dir).resolve().parent


def _write_failure(status: Status, folder: Path, tracking: Mapping[str, Any]) -> Path:
    """Write a run that crashed: its factors, and why; return the folder that `wandb sync` takes."""
    about = {**status.cell, "study": status.study, "run_id": status.run_id or folder.name}
    with _offline(about, {**status.cell, "study": status.study}, folder, tracking) as run:
        run.summary.update({"state": status.state, "reason": status.reason, "host": status.host})
        run.finish(exit_code=1)
        return Path(run.dir).resolve().parent


def _offline(
    about: Mapping[str, Any] | pd.Series,
    config: Mapping[str, Scalar],
    folder: Path,
    tracking: Mapping[str, Any],
) -> Run:
    """Return a run that is about to be written offline; `about` says what it belongs to."""
    import wandb

    return wandb.init(
        project=tracking["project"],
        entity=tracking["entity"],
        group=about["study"],
        job_type="/".join(part for part in (about["goal"], about["dataset"], about["arch"]) if part),
        id=about["run_id"],
        name=folder.name,
        dir=folder,
        mode="offline",
        config=dict(config),
        reinit="create_new",
        settings=wandb.Settings(silent=True, console="off"),
    )


def _sync(written: Path, timeout_s: float) -> str:
    """Send an offline run; return "" or why it was not sent."""
    return _asked(["-m", "wandb", "sync", str(written)], written, timeout_s)[1]


def _asked(arguments: list[str], place: Path | None, timeout_s: float) -> tuple[str, str]:
    """Run Python apart, so that W&B can be left when it does not answer; return (output, why it failed)."""
    try:
        ended = subprocess.run(  # noqa: S603 (our own interpreter, no shell)
            [sys.executable, *arguments],
            cwd=place,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer within {timeout_s:g} s"
    except OSError as error:
        return "", str(error)
    if ended.returncode == 0:
        return ended.stdout, ""
    return "", (ended.stderr or ended.stdout).strip().rpartition("\n")[2]
