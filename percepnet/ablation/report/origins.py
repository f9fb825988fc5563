"""What is missing and why, and where every number comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from percepnet.ablation.report.names import metric_name
from percepnet.ablation.report.parts import Block, Column, Fold, Section, Table, Text, text
from percepnet.results.status import FAILED, RUNNING, SKIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from percepnet.ablation.report.parts import Part
    from percepnet.ablation.report.study import Study

MEANINGS = {
    FAILED: "failed: run again with retry=true once the reason is gone",
    SKIPPED: "skipped: nobody has published such a network, or its licence was not accepted",
    RUNNING: "running, or broken off",
}


def missing(study: Study) -> Section:
    """Return the section of cells without a result and of runs that cannot be compared, with the reasons."""
    parts = [*_unfinished(study), *_uncompared(study), *_apart(study)]
    return Section(
        "missing", "What is missing", parts or [Text("Every cell has a result; all can be compared.")]
    )


def _unfinished(study: Study) -> Iterator[Part]:
    for state, meaning in MEANINGS.items():
        cells = [(name, status) for name, status in study.unfinished if status.state == state]
        if cells:
            yield Text(f"{len(cells)} {meaning}.")
            yield Fold(
                f"{state} ({len(cells)})",
                [Block(f"{state}: {name}", status.reason or "no reason yet") for name, status in cells],
            )


def _uncompared(study: Study) -> Iterator[Part]:
    known = study.evidence
    every = [(name, metric) for name in study.benchmarks for metric in study.metrics(name)]
    without = [f"{name} ({metric_name(metric)})" for name, metric in every if (name, metric) not in known]
    if without:
        yield Text(
            f"No two runs are compared on {', '.join(without)}: their values are undefined, or they were "
            "made by a version that kept no resamples. The same sweep makes them anew from what is stored."
        )


def _apart(study: Study) -> list[Part]:
    lines = [
        {"label": study.labels.get(run, run), "benchmark": benchmark, "metric": metric, "reason": reason}
        for (benchmark, metric), evidence in study.evidence.items()
        for run, reason in evidence.apart.items()
    ]
    if not lines:
        return []
    return [
        Table(
            "apart",
            "Runs that are ranked but not compared with the others",
            pd.DataFrame(lines),
            [text("label", "run"), text("benchmark"), text("metric"), text("reason")],
        )
    ]


def provenance(study: Study) -> Section:
    """Return the section of weights, images, intervals, commands and versions."""
    rows = study.rows
    return Section(
        "provenance",
        "Where the numbers come from",
        [
            _distinct(rows, "weights", "Networks and their weights", ["network", "weights", "weights_hash"]),
            _distinct(
                rows,
                "manifests",
                "Benchmarks: hash of images, pairs and scores",
                ["benchmark", "n_pairs", "n_clusters", "manifest_hash"],
                whole=True,
            ),
            _distinct(
                rows,
                "intervals",
                "Intervals: how they were found, and their resamples",
                ["benchmark", "metric", "ci_method", "draws", "fit", "ceiling_method"],
                whole=True,
            ),
            _distinct(rows, "versions", "Versions", ["versions"]),
            *_commands(study),
        ],
    )


def _distinct(rows: pd.DataFrame, name: str, caption: str, keys: list[str], *, whole: bool = False) -> Table:
    chosen = rows[rows["subset"] == "all"] if whole else rows
    counted = chosen[[*keys, "run_id"]].fillna(dict.fromkeys(keys, ""))
    frame = counted.groupby(keys, sort=True)["run_id"].nunique().rename("runs").reset_index()
    titles = {"n_pairs": "judgements", "n_clusters": "clusters", "ci_method": "method"}
    titles |= {"weights_hash": "sha256", "manifest_hash": "manifest", "ceiling_method": "ceiling"}
    columns = [text(key, titles.get(key, key)) for key in [*keys, "runs"]]
    return Table(name, caption, frame, columns)


def _commands(study: Study) -> list[Part]:
    runs = study.rows.drop_duplicates("run_id").set_index("folder")["run_id"]
    lines = [
        {
            "run": study.labels[runs[folder.name]],
            "folder": folder.name,
            "command": status.invocation,
            "host": status.host,
            "seconds": status.seconds,
            "images_passed": status.images_passed,
        }
        for folder, status in study.statuses
        if folder.name in runs.index
    ]
    if not lines:
        return []
    table = Table(
        "runs",
        "Runs: their folder (with log and distances), the sweep that made them, and what they cost",
        pd.DataFrame(lines),
        [
            text("run"),
            text("folder"),
            text("command", "sweep"),
            text("host"),
            Column("seconds", lambda row: f"{row['seconds']:.0f}", is_number=True),
            Column("images passed", lambda row: str(row["images_passed"]), is_number=True),
        ],
    )
    return [Fold(f"{len(lines)} runs", [table])]
