"""Weights and Biases: a view of a finished run. The local rows are the truth; nothing here may lose them.

Every run is written offline first, whole, then sent by `wandb sync`: without a server nothing is lost and
nothing waits longer than `tracking.timeout_s`.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from percepnet.results.rows import best_layers, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

log = logging.getLogger(__name__)

FACTORS = ("goal", "dataset", "arch", "variant", "weights", "network", "readout", "distance", "study")
TABLE_COLUMNS = (
    *("benchmark", "subset", "layer", "depth", "metric", "value", "ci_low", "ci_high", "ceiling", "polarity"),
    *("n_pairs", "n_clusters"),
)


def track(rows: pd.DataFrame, folder: Path, tracking: Mapping[str, Any]) -> str:
    """Log one finished run: factors as flat keys, a summary, the layer table and its plot.

    Args:
        rows: The run's rows.
        folder: The run's folder; W&B's files lie in its `wandb`.
        tracking: mode (`offline`, `online`, `disabled`), project, entity, timeout_s.

    Returns:
        "" on success, else why W&B has not got the run: it is a view, so its trouble fails no cell.
    """
    if tracking["mode"] == "disabled":
        return ""
    try:
        written = _write(rows, folder, tracking)
    except Exception as error:  # noqa: BLE001 (whatever W&B does, the local rows stand)
        return f"W&B did not take the run: {error}"
    return _send(written, tracking["timeout_s"]) if tracking["mode"] == "online" else ""


def _write(rows: pd.DataFrame, folder: Path, tracking: Mapping[str, Any]) -> Path:
    """Write the run offline; return the folder that `wandb sync` takes."""
    import wandb

    first = rows.iloc[0]
    benchmarks = "+".join(dict.fromkeys(rows["benchmark"]))
    with wandb.init(
        project=tracking["project"],
        entity=tracking["entity"],
        group=first["study"],
        job_type=f"{first['goal']}/{first['dataset']}/{first['arch']}",
        id=first["run_id"],
        name=folder.name,
        dir=folder,
        mode="offline",
        config={**{key: first[key] for key in FACTORS}, "benchmark": benchmarks},
        reinit="create_new",
        settings=wandb.Settings(silent=True, console="off"),
    ) as run:
        table = rows.sort_values(["benchmark", "subset", "metric", "layer_index"])
        payload: dict[str, Any] = {"layers": wandb.Table(dataframe=table[list(TABLE_COLUMNS)])}
        for benchmark, part in whole(table).groupby("benchmark"):
            metric = best_layers(rows[rows["benchmark"] == benchmark])["metric"].to_list() or ["srcc"]
            plotted = wandb.Table(dataframe=part[part["metric"] == metric[0]][["depth", "value", "layer"]])
            title = f"{benchmark}: {metric[0]} by depth"
            payload[f"profile/{benchmark}"] = wandb.plot.line(plotted, "depth", "value", title=title)
        run.log(payload)
        run.summary.update(summary(rows))
        return Path(run.dir).parent


def summary(rows: pd.DataFrame) -> dict[str, float | str]:
    """Return the best layer of each benchmark and metric, flat: `modelfest/srcc/best`, `.../best_layer`."""
    flat: dict[str, float | str] = {}
    defined = whole(rows).dropna(subset=["value"])
    for (benchmark, metric), part in defined.groupby(["benchmark", "metric"]):
        best = part.iloc[int((part["value"] * part["polarity"]).argmax())]
        name = f"{benchmark}/{metric}"
        flat |= {f"{name}/best": float(best["value"]), f"{name}/best_layer": str(best["layer"])}
        flat |= {f"{name}/best_ci_low": float(best["ci_low"]), f"{name}/best_ci_high": float(best["ci_high"])}
    return flat


def _send(written: Path, timeout_s: float) -> str:
    """Send an offline run; return "" or why it was not sent, and how to send it later."""
    command = [sys.executable, "-m", "wandb", "sync", str(written.resolve())]
    try:
        ended = subprocess.run(  # noqa: S603 (our own interpreter, no shell)
            command, cwd=written, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        reason = f"no answer within {timeout_s:g} s"
    else:
        if ended.returncode == 0:
            return ""
        reason = (ended.stderr or ended.stdout).strip().rpartition("\n")[2]
    return f"W&B was not reached ({reason}); send the run later: wandb sync {written}"
