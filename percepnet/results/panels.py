"""The panels of an ablation in W&B: agreement by every factor, by depth and by size."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from percepnet.results.view import profile_key

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of the library's own code
    from wandb_workspaces.reports.v2 import interface as wr

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVELS = {"goal": "goal", "dataset": "dataset", "arch": "arch_variant", "readout": "readout_distance"}
"""Factor -> the key of its levels."""

MOST_RUNS = 500
"""Runs that a panel takes; more than the library itself asks for in a chart are never sent."""


def panels(benchmark: str, metric: str, keys: Sequence[str]) -> list[Any]:
    """Return bars by every factor, the depth profile, and what else agreement may hang on.

    Args:
        benchmark: Its name.
        metric: Its name.
        keys: Under which runs have logged it: the agreement, then its share of the ceiling where known.
    """
    name = f"{benchmark}, {metric}"
    agreement = wr.SummaryMetric(keys[0])
    axes: list[wr.Config | wr.SummaryMetric] = [*(wr.Config(level) for level in LEVELS.values()), agreement]
    labels = [*LEVELS, "agreement"]
    return [
        *(_bars(f"{name}: agreement by {factor}", keys[0], level) for factor, level in LEVELS.items()),
        _profile(benchmark),
        wr.ScatterPlot(
            title=f"{name}: agreement by size", x=wr.Config("parameters"), y=agreement, log_x=True
        ),
        wr.ParallelCoordinatesPlot(
            title=f"{name}: every run through its four factors",
            columns=[
                wr.ParallelCoordinatesPlotColumn(axis, display_name=label)
                for axis, label in zip(axes, labels, strict=True)
            ],
        ),
        wr.ParameterImportancePlot(with_respect_to=keys[0]),
        *(_bars(f"{name}: share of the ceiling by network", key, "network") for key in keys[1:]),
    ]


def _bars(title: str, key: str, level: str) -> wr.BarPlot:
    return wr.BarPlot(
        title=title,
        metrics=[key],
        groupby=wr.Config(level),
        groupby_aggfunc="mean",
        groupby_rangefunc="minmax",
        max_runs_to_show=MOST_RUNS,
        max_bars_to_show=50,
    )


def _profile(benchmark: str) -> wr.CustomChart:
    """Return the depth profiles of all runs in one chart, from the table that each has logged."""
    table = {"summaryTable": {"tableKey": f"{profile_key(benchmark)}_table"}}
    return wr.CustomChart(
        query={"id": None, "name": None, **table},
        chart_name="wandb/line/v0",
        chart_fields={"x": "depth", "y": "agreement", "stroke": "cell"},
        chart_strings={"title": f"{benchmark}: agreement by depth"},
    )
