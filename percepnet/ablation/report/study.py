"""What a report is written from: rows, evidence and statuses, read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from percepnet.ablation.evidence import BASELINE, Evidence, gather
from percepnet.ablation.report.names import labels, shown
from percepnet.agreement.contract import GAIN
from percepnet.errors import NothingThereError
from percepnet.results.rows import read_results, whole
from percepnet.results.status import DONE, Status, read_statuses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd


@dataclass(frozen=True, eq=False)
class Study:
    """The results of one folder, or of one study in it.

    Attributes:
        name: Of the study; None for all.
        rows: Every row.
        scores: The rows over all judgements that have a better direction and are no gain, as shown:
            `value`, `low`, `high`, `ceiling`, and `agreement`, which is more where it is more human-like.
        evidence: By benchmark and metric, where runs kept their resamples.
        statuses: Of all cells, of every study.
        labels: A name of every run.
    """

    name: str | None
    rows: pd.DataFrame
    scores: pd.DataFrame
    evidence: Mapping[tuple[str, str], Evidence]
    statuses: Sequence[tuple[Path, Status]]
    labels: Mapping[str, str]

    @property
    def benchmarks(self) -> list[str]:
        """Their names, in alphabetical order."""
        return sorted(self.scores["benchmark"].unique())

    def metrics(self, benchmark: str) -> list[str]:
        """Return the metrics of a benchmark; the first is the one that it is judged by."""
        return list(dict.fromkeys(self.scores.loc[self.scores["benchmark"] == benchmark, "metric"]))

    def of(self, benchmark: str, metric: str) -> pd.DataFrame:
        """Return the scores of one benchmark by one metric, each with its `label`."""
        chosen = self.scores[(self.scores["benchmark"] == benchmark) & (self.scores["metric"] == metric)]
        return chosen.assign(label=chosen["run_id"].map(self.labels))

    def best(self, benchmark: str, metric: str) -> pd.DataFrame:
        """Return the most human-like row of every run, the best first, the undefined not at all."""
        scores = self.of(benchmark, metric)
        defined = scores[scores["agreement"].notna()]
        places = defined.groupby("run_id", sort=False)["agreement"].idxmax()
        return defined.loc[places].sort_values("agreement", ascending=False, kind="stable")

    @property
    def unfinished(self) -> list[tuple[str, Status]]:
        """The cells that are not done, each by the name of its folder."""
        return [(folder.name, status) for folder, status in self.statuses if status.state != DONE]


def read_study(results: Path, study: str | None) -> Study:
    """Return what a report is written from.

    Raises:
        NothingThereError: No cell has finished yet.
    """
    rows = read_results(results)
    if study is not None:
        rows = rows[rows["study"] == study]
    if rows.empty:
        raise NothingThereError(
            f"no finished cell in {results / 'runs'}",
            expected="at least one" + (f" of study {study}" if study else ""),
            remedy="run `python -m percepnet.sweep` first, or name the folder: --results DIR",
        )
    scores = whole(rows)
    scores = shown(scores[(scores["polarity"] != 0) & ~scores["metric"].str.endswith(GAIN)])
    evidence = {(found.benchmark, found.metric): found for found in gather(results, rows)}
    return Study(study, rows, scores, evidence, read_statuses(results), labels(rows))


def is_baseline(rows: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows are of a metric that stands beside the networks."""
    return rows["goal"] == BASELINE
