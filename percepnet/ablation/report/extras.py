"""What is no ranking: gains of readouts that learn, and thresholds beside the human ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from percepnet.ablation.report.names import metric_name, short
from percepnet.ablation.report.parts import Column, Table, Text, decimals, interval, text
from percepnet.agreement.contract import GAIN
from percepnet.results.rows import whole

if TYPE_CHECKING:
    from percepnet.ablation.report.parts import Part
    from percepnet.ablation.report.study import Study

KEPT = ["label", "layer", "depth", "subset", "metric", "value", "ci_low", "ci_high", "ceiling", "n_pairs"]


def gains(study: Study, benchmark: str) -> list[Part]:
    """Return what readouts that learn gain over uniform weights on the same pairs."""
    rows = study.rows[study.rows["metric"].str.endswith(GAIN) & (study.rows["benchmark"] == benchmark)]
    rows = whole(rows).assign(label=lambda part: part["run_id"].map(study.labels))
    if rows.empty:
        return []
    frame = rows.drop(columns="ceiling").reindex(columns=[key for key in KEPT if key != "ceiling"])
    columns = [
        text("label", "network · readout"),
        Column("layer", lambda row: short(row["layer"])),
        Column("metric", lambda row: metric_name(row["metric"].removesuffix(GAIN))),
        interval("learned minus uniform (above 0: learning helps)", "value", "ci_low", "ci_high"),
    ]
    caption = f"{benchmark}: what learned weights gain over uniform ones"
    return [Table(f"gains-{benchmark}", caption, frame.reset_index(drop=True), columns)]


def thresholds(study: Study, benchmark: str) -> list[Part]:
    """Return values that have no better direction, each beside the human value."""
    rows = study.rows[(study.rows["polarity"] == 0) & (study.rows["benchmark"] == benchmark)]
    if rows.empty:
        return []
    frame = rows.assign(label=rows["run_id"].map(study.labels))[KEPT].rename(columns={"ceiling": "human"})
    columns = [
        text("label", "network · readout, or baseline"),
        Column("layer", lambda row: short(row["layer"])),
        Column("what", lambda row: f"{metric_name(row['metric'])}, {row['subset'].removeprefix('kind=')}"),
        interval("value", "value", "ci_low", "ci_high"),
        decimals("human", "of people"),
    ]
    caption = f"{benchmark}: thresholds beside those of people (no ranking: neither more nor less is better)"
    return [
        Text("Physical units; the closer to the human value, the more human-like."),
        Table(f"thresholds-{benchmark}", caption, frame.reset_index(drop=True), columns),
    ]
