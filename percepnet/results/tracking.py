"""Weights and Biases: a view of a finished run. The local rows are the truth; nothing here may lose them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

log = logging.getLogger(__name__)

FACTORS = ("goal", "dataset", "arch", "variant", "weights", "network", "readout", "distance", "study")
TABLE_COLUMNS = (
    *("benchmark", "layer", "depth", "metric", "value", "ci_low", "ci_high", "ceiling", "polarity"),
    *("n_pairs", "n_clusters"),
)


def track(rows: pd.DataFrame, folder: Path, tracking: Mapping[str, Any]) -> str:
    """Log one finished run: factors as flat keys, a summary, the layer table and its plot.

    Returns:
        "" on success, else why W&B has not got the run: it is a view, so its trouble fails no cell.
    """
    mode = tracking["mode"]
    if mode == "disabled":
        return ""
    try:
        _log(rows, folder, tracking, mode)
    except Exception as error:  # noqa: BLE001 (whatever W&B does, the local rows stand)
        if mode == "online":
            return track(rows, folder, {**tracking, "mode": "offline"}) or (
                f"W&B was not reached ({error}); the run lies offline under {folder / 'wandb'}"
            )
        return f"W&B did not take the run: {error}"
    return ""


def _log(rows: pd.DataFrame, folder: Path, tracking: Mapping[str, Any], mode: str) -> None:
    import wandb

    first = rows.iloc[0]
    settings = wandb.Settings(silent=True, console="off", init_timeout=30)
    with wandb.init(
        project=tracking["project"],
        entity=tracking["entity"],
        group=first["study"],
        job_type=f"{first['goal']}/{first['dataset']}/{first['arch']}",
        id=first["run_id"],
        name=folder.name,
        dir=folder,
        mode=mode,  # type: ignore[arg-type]
        config={**{key: first[key] for key in FACTORS}, "run_id": first["run_id"]},
        reinit="create_new",
        settings=settings,
    ) as run:
        table = rows.sort_values(["benchmark", "metric", "layer_index"])
        payload: dict[str, Any] = {"layers": wandb.Table(dataframe=table[list(TABLE_COLUMNS)])}
        for benchmark, part in table[table["metric"] == "srcc"].groupby("benchmark"):
            plotted = wandb.Table(dataframe=part[["depth", "value", "layer"]])
            title = f"{benchmark}: Spearman by depth"
            payload[f"profile/{benchmark}"] = wandb.plot.line(plotted, "depth", "value", title=title)
        run.log(payload)
        run.summary.update(summary(rows))


def summary(rows: pd.DataFrame) -> dict[str, float | str]:
    """Return the best layer of each benchmark and metric, flat: `modelfest/srcc/best`, `.../best_layer`."""
    flat: dict[str, float | str] = {}
    for (benchmark, metric), part in rows.dropna(subset=["value"]).groupby(["benchmark", "metric"]):
        best = part.iloc[int((part["value"] * part["polarity"]).argmax())]
        name = f"{benchmark}/{metric}"
        flat |= {f"{name}/best": float(best["value"]), f"{name}/best_layer": str(best["layer"])}
        flat |= {f"{name}/best_ci_low": float(best["ci_low"]), f"{name}/best_ci_high": float(best["ci_high"])}
    return flat
