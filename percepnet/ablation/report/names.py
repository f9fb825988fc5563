"""The words of the report: metrics, series, and which way a value is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from percepnet.ablation.evidence import BASELINE
from percepnet.agreement.contract import GAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

METRIC_NAMES = {
    "srcc": "Spearman",
    "krcc": "Kendall",
    "plcc": "Pearson",
    "plcc_logistic": "Pearson after a logistic fit",
    "rmse": "RMSE",
    "rmse_logistic": "RMSE after a logistic fit",
    "2afc": "agreement with votes (2AFC)",
    "map": "mean average precision (JND)",
    "stress": "STRESS",
    "threshold": "threshold",
}
ERRORS = ("rmse", "rmse_logistic", "stress")
"""Metrics that are shown as they are although less of them is better."""


def metric_name(metric: str) -> str:
    """Return what people call a metric, a gain by the metric that it is a gain of."""
    plain = metric.removesuffix(GAIN)
    name = METRIC_NAMES.get(plain, plain)
    return f"gain in {name}" if metric != plain else name


def axis_title(metric: str) -> str:
    """Return a metric's name and which way is better."""
    return f"{metric_name(metric)} ({'lower' if metric in ERRORS else 'higher'} is more human-like)"


def turn(metric: str, polarity: int) -> int:
    """Return what a value is multiplied by to be shown: an error stays, all else grows with agreement."""
    return 1 if metric in ERRORS else polarity


def shown(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with `value`, `low`, `high` and `ceiling` as they are shown, and `agreement` to sort by.

    Args:
        rows: As results have them.
    """
    turned = rows["polarity"].where(~rows["metric"].isin(ERRORS), 1)
    ends = np.stack([rows["ci_low"] * turned, rows["ci_high"] * turned])
    return rows.assign(
        agreement=rows["value"] * rows["polarity"],
        value=rows["value"] * turned,
        ceiling=rows["ceiling"] * turned,
        low=ends.min(axis=0),
        high=ends.max(axis=0),
    )


def labels(rows: pd.DataFrame) -> dict[str, str]:
    """Return a name of every run, the only one on its benchmark: network and readout, or the baseline's.

    Args:
        rows: Of any runs; those of one network and readout with other settings are told apart by their run.
    """
    runs = rows.drop_duplicates("run_id").set_index("run_id")
    named = runs.apply(_label, axis=1) if len(runs) else pd.Series(dtype=str)
    once = ~pd.DataFrame({"name": named, "benchmark": runs["benchmark"]}).duplicated(keep=False)
    items = zip(named.index.astype(str), named.astype(str), once, strict=True)
    return {run: name if alone else f"{name} ({run[-6:]})" for run, name, alone in items}


def _label(run: Mapping[str, str]) -> str:
    return run["network"] if run["goal"] == BASELINE else f"{run['network']} · {readout_label(run)}"


def readout_label(run: Mapping[str, str] | pd.Series) -> str:
    """Return a readout with its distance, where that says more than the readout's name."""
    plain = run["distance"] in {"", None, run["readout"]}
    return run["readout"] if plain else f"{run['readout']} {run['distance']}"


def short(text: str, length: int = 48) -> str:
    """Return a text of at most `length` characters: both its ends, with an ellipsis between them."""
    if len(text) <= length:
        return text
    tail = length // 3
    return f"{text[: length - tail - 1]}…{text[-tail:]}"


def number(value: float, digits: int = 3) -> str:
    """Return a rounded number, a dash where there is none."""
    return "-" if value is None or pd.isna(value) else f"{value:z.{digits}f}"


def p_value(value: float) -> str:
    """Return a p value as it is printed."""
    if pd.isna(value):
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def counted(number: int, word: str) -> str:
    """Return a number with its word, in the plural unless it is 1."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
