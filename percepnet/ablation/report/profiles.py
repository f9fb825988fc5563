"""Agreement by depth: charts and the table of best depths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from percepnet.ablation.report.charts import depth_profile
from percepnet.ablation.report.names import axis_title, counted, metric_name, number, readout_label, short
from percepnet.ablation.report.parts import Column, Figure, Table, Text, chance, decimals, interval, text
from percepnet.ablation.report.study import is_baseline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from percepnet.ablation.report.parts import Part
    from percepnet.ablation.report.study import Study

MOST = 12
"""Series that can be told apart in one chart."""
FEWEST = 3
"""Layers that make a profile."""


def profiles(study: Study, benchmark: str, metric: str) -> list[Part]:
    """Return the charts of agreement by depth, split where there are many series, and their table."""
    rows = study.of(benchmark, metric)
    rows = rows[~is_baseline(rows) & rows["value"].notna()]
    if rows.empty:
        return []
    baseline = _beside(study, benchmark, metric)
    charts = [_figure(part, benchmark, metric, group, baseline) for group, part in _groups(rows)]
    return [*charts, *_table(study, benchmark, metric)]


def _beside(study: Study, benchmark: str, metric: str) -> tuple[str, float] | None:
    best = study.best(benchmark, metric)
    best = best[is_baseline(best)]
    return None if best.empty else (str(best.iloc[0]["label"]), float(best.iloc[0]["value"]))


def _groups(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield (what these have in common, rows) of at most `MOST` series; single layers only among few."""
    if rows["label"].nunique() <= MOST:
        yield "", rows
        return
    layered = rows[rows.groupby("run_id")["layer"].transform("size") >= FEWEST]
    if layered["label"].nunique() <= MOST:
        yield "readouts of several layers", layered
        return
    for readout, part in layered.groupby(layered.apply(readout_label, axis=1), sort=True):
        names = sorted(part["label"].unique())
        chunks = [names[start : start + MOST] for start in range(0, len(names), MOST)]
        for place, chosen in enumerate(chunks):
            suffix = f", {place + 1} of {len(chunks)}" if len(chunks) > 1 else ""
            yield f"{readout}{suffix}", part[part["label"].isin(chosen)]


def _figure(
    rows: pd.DataFrame, benchmark: str, metric: str, group: str, beside: tuple[str, float] | None
) -> Figure:
    data = rows[["label", "layer", "depth", "value", "low", "high"]].assign(
        layer=rows["layer"].map(short), single=rows.groupby("run_id")["layer"].transform("size") == 1
    )
    ceiling = float(rows["ceiling"].mean())
    best = rows.sort_values("agreement").iloc[-1]
    seen = f"{counted(rows['label'].nunique(), 'line')}; the highest is that of {best['label']} at depth "
    seen += f"{best['depth']:.2f} ({number(best['value'])})."
    seen += f" Dashed: human ceiling, {number(ceiling)}." if ceiling == ceiling else ""  # noqa: PLR0124 (NaN)
    seen += f" Dotted: the best baseline, {beside[0]} ({number(beside[1])})." if beside else ""
    words = "".join(letter if letter.isalnum() else "-" for letter in group)
    return Figure(
        "-".join(["depth", benchmark, metric] + ([words] if words else [])),
        f"{benchmark}: {metric_name(metric)} by depth" + (f" ({group})" if group else ""),
        seen,
        depth_profile(data, axis_title(metric), ceiling, beside),
    )


def _table(study: Study, benchmark: str, metric: str) -> list[Part]:
    evidence = study.evidence.get((benchmark, metric))
    if evidence is None:
        return [Text("No table of best depths: these runs kept no resamples.")]
    from percepnet.ablation.depth import profile

    lines = []
    for cell in evidence.networks:
        if len(cell.rows) >= FEWEST:
            found = profile(cell, evidence)
            lines.append(
                {
                    "label": study.labels[cell.run_id],
                    "layers": len(cell.rows),
                    "best_layer": found.best_layer,
                    "best_depth": found.best_depth,
                    "depth_low": found.depth_low,
                    "depth_high": found.depth_high,
                    "growth": found.growth.value,
                    "growth_low": found.growth.low,
                    "growth_high": found.growth.high,
                    "growth_by_chance": found.growth_by_chance,
                    "last_minus_best": found.last_minus_best.value,
                    "last_low": found.last_minus_best.low,
                    "last_high": found.last_minus_best.high,
                    "p": found.last_minus_best.p,
                }
            )
    if not lines:
        return []
    caption = (
        f"{benchmark}, {metric_name(metric)}: where the best layer is, "
        "whether agreement grows up to it, and what the last layer loses"
    )
    return [Table(f"depth-{benchmark}-{metric}", caption, pd.DataFrame(lines), _columns())]


def _columns() -> list[Column]:
    return [
        text("label", "network · readout"),
        Column("best layer", lambda row: short(row["best_layer"])),
        interval("its depth", "best_depth", "depth_low", "depth_high", digits=2),
        interval("growth up to it (rank correlation)", "growth", "growth_low", "growth_high", digits=2),
        decimals("growth_by_chance", "by chance", 2),
        interval("last minus best", "last_minus_best", "last_low", "last_high"),
        chance("p", "p"),
    ]
