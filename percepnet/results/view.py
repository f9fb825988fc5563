"""What W&B is shown of a run: flat keys to group by, the best layers, the profiles by depth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from percepnet.agreement.ceiling import share_of_ceiling
from percepnet.agreement.contract import UNIFORM
from percepnet.results.rows import best_layers, whole

if TYPE_CHECKING:
    import pandas as pd

Scalar = str | int | float

FACTORS = ("goal", "dataset", "arch", "variant", "weights", "network", "readout", "distance", "study")
PROFILE_COLUMNS = ("depth", "agreement", "layer", "cell")
"""Of the table behind a depth profile; `cell` tells the lines of several runs apart."""


def configuration(rows: pd.DataFrame) -> dict[str, Scalar]:
    """Return what a run is told apart by: flat scalars, so that dashboards can filter and group by each.

    `arch_variant` and `readout_distance` hold the levels that an ablation compares: a plot groups by one key.
    """
    first = rows.iloc[0]
    known: dict[str, Scalar] = {key: str(first[key] or "") for key in FACTORS}
    each = rows.drop_duplicates("benchmark")
    return known | {
        "arch_variant": _joined(first["arch"], first["variant"]),
        "readout_distance": _joined(first["readout"], first["distance"]),
        "benchmark": "+".join(each["benchmark"]),
        "manifest": "+".join(each["manifest_hash"].str[:12]),
        "draws": "; ".join(dict.fromkeys(each["draws"].dropna())),
        "weights_hash": str(first["weights_hash"] or ""),
        "n_layers": int(rows["layer"].nunique()),
    }


def _joined(name: str, more: str | None) -> str:
    return name if not more or more == name else f"{name} {more}"


def summary(rows: pd.DataFrame) -> dict[str, float | str]:
    """Return the most human-like layer of each benchmark and metric, flat: `modelfest/srcc/best`, ...

    `best` and its interval are the row's own, with their sign. `agreement` and its interval are turned by
    the polarity: more is more human-like, whatever the metric. What is undefined is left out; so are metrics
    that nobody can be better at, and what a readout would be had it learned nothing.
    """
    flat: dict[str, float | str] = {}
    defined = whole(rows).dropna(subset=["value"])
    defined = defined[(defined["polarity"] != 0) & ~defined["layer"].str.endswith(UNIFORM)]
    for (benchmark, metric), part in defined.groupby(["benchmark", "metric"]):
        best = part.iloc[int((part["value"] * part["polarity"]).argmax())]
        numbers = {name: number for name, number in _numbers(best).items() if math.isfinite(number)}
        flat |= {summary_key(benchmark, metric, name): number for name, number in numbers.items()}
        flat[summary_key(benchmark, metric, "best_layer")] = str(best["layer"])
    return flat


def _numbers(best: pd.Series) -> dict[str, float]:
    turn, ceiling = int(best["polarity"]), float(best["ceiling"])
    ends = sorted((float(best["ci_low"]) * turn, float(best["ci_high"]) * turn))
    return {
        "best": float(best["value"]),
        "best_ci_low": float(best["ci_low"]),
        "best_ci_high": float(best["ci_high"]),
        "best_depth": float(best["depth"]),
        "agreement": float(best["value"]) * turn,
        "agreement_ci_low": ends[0],
        "agreement_ci_high": ends[1],
        "ceiling": ceiling,
        "share_of_ceiling": share_of_ceiling(float(best["value"]), ceiling, best["metric"]),
    }


def profiles(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the depth profile of each benchmark by its first metric: `PROFILE_COLUMNS` and `metric`."""
    found = {}
    for benchmark, part in whole(rows).sort_values("layer_index", kind="stable").groupby("benchmark"):
        best = best_layers(rows[rows["benchmark"] == benchmark])["metric"].to_list()
        if not best:
            continue  # no layer has a defined value
        chosen = part[part["metric"] == best[0]]
        levels = configuration(chosen)
        cell = f"{levels['network']} {levels['readout_distance']}"
        chosen = chosen.assign(agreement=chosen["value"] * chosen["polarity"], cell=cell)
        found[str(benchmark)] = chosen[[*PROFILE_COLUMNS, "metric"]]
    return found


def summary_key(benchmark: object, metric: object, name: str) -> str:
    """Return the key under which a number of the best layer is logged."""
    return f"{benchmark}/{metric}/{name}"


def profile_key(benchmark: object) -> str:
    """Return the key under which a depth profile is logged; its table is this with `_table` after it."""
    return f"profile/{benchmark}"
