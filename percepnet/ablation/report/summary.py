"""What was run, and the answer in short."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from percepnet.ablation.report.names import counted, metric_name, short
from percepnet.ablation.report.parts import (
    Column,
    Section,
    Table,
    Text,
    chance,
    decimals,
    interval,
    percent,
    text,
)
from percepnet.ablation.report.ranking import ranking_frame
from percepnet.ablation.report.study import is_baseline
from percepnet.results.status import DONE, FAILED, RUNNING, SKIPPED

if TYPE_CHECKING:
    from percepnet.ablation.report.parts import Part
    from percepnet.ablation.report.study import Study

MEANING = (
    "Every number says how well distances between a network's responses to two images agree with what people "
    "said of them: 0 is none, the ceiling is what people reach with each other; errors (RMSE, STRESS) are "
    "shown as they are, and less is better. Correlations are turned so that more is always more human-like. "
    "Intervals hold 95 % and come from resampling whole images or stimuli, never single pairs; differences "
    "are taken on the same resamples, so they can be clear where intervals overlap."
)


def summary(study: Study) -> Section:
    """Return counts, what the numbers mean, and the best of every benchmark beside the best baseline."""
    parts: list[Part] = [Text(_counts(study)), Text(MEANING)]
    lines = [_headline(study, name) for name in study.benchmarks]
    frame = pd.DataFrame([line for line in lines if line])
    if len(frame):
        parts.append(Table("summary", "The most human-like row of every benchmark", frame, _columns()))
    return Section("summary", "Summary", parts)


def _counts(study: Study) -> str:
    runs = study.rows.drop_duplicates("run_id")
    networks = runs[~is_baseline(runs)]
    states = Counter(status.state for _, status in study.statuses)
    others = ", ".join(f"{states[state]} {state}" for state in (SKIPPED, FAILED, RUNNING))
    of_all = " (these of all studies)" if study.name else ""
    return (
        f"{counted(networks['network'].nunique(), 'network')} in "
        f"{counted(networks['readout'].nunique(), 'readout')} and "
        f"{counted(len(runs) - len(networks), 'baseline')} on {counted(len(study.benchmarks), 'benchmark')} "
        f"({', '.join(study.benchmarks)}). Cells: {len(runs)} {DONE}; {others}{of_all}. "
        f"{len(study.rows)} result rows."
    )


def _headline(study: Study, benchmark: str) -> dict[str, object] | None:
    metric = study.metrics(benchmark)[0]
    ranked = ranking_frame(study, benchmark, metric)
    networks = ranked[ranked["what"] == "network"]
    if networks.empty:
        return None
    first = networks.iloc[0]
    line: dict[str, object] = {
        "benchmark": benchmark,
        "metric": metric,
        **{key: first[key] for key in ("label", "layer", "value", "low", "high", "ceiling", "share")},
        "like": int((ranked["standing"] == "cannot be told apart from the best").sum()),
    }
    return line | _beside(study, (benchmark, metric), ranked, str(first["run_id"]))


def _beside(study: Study, of: tuple[str, str], ranked: pd.DataFrame, run: str) -> dict[str, object]:
    """Return the best baseline, and how much more human-like the best network is, on the same resamples."""
    baselines = ranked[ranked["what"] == "baseline"]
    gain = dict.fromkeys(("gain", "gain_low", "gain_high", "p"), np.nan)
    if baselines.empty:
        ends = dict.fromkeys(("baseline_value", "baseline_low", "baseline_high"), np.nan)
        return {"baseline": "none was run", **ends, **gain}
    other = baselines.iloc[0]
    evidence = study.evidence.get(of)
    cells = {cell.run_id: cell for cell in evidence.cells} if evidence else {}
    if evidence is not None and run in cells and other["run_id"] in cells:
        found = evidence.difference(cells[run].best, cells[other["run_id"]].best)
        gain = {"gain": found.value, "gain_low": found.low, "gain_high": found.high, "p": found.p}
    ends = {f"baseline_{key}": other[key] for key in ("value", "low", "high")}
    return {"baseline": other["label"], **ends, **gain}


def _columns() -> list[Column]:
    return [
        Column("benchmark", lambda row: f"{row['benchmark']}, {metric_name(row['metric'])}"),
        Column("best network · readout, layer", lambda row: f"{row['label']}, {short(row['layer'], 36)}"),
        interval("value (95 % interval)"),
        decimals("ceiling", "ceiling"),
        percent("share", "of it"),
        text("baseline", "best baseline"),
        interval("its value", "baseline_value", "baseline_low", "baseline_high"),
        interval("network minus baseline", "gain", "gain_low", "gain_high"),
        chance("p", "p"),
    ]
