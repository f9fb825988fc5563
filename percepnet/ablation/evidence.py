"""Results with their resamples: rows and cells that were judged on the same pairs, ready to be compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.comparison import Difference, Equivalence, difference, equivalence
from percepnet.agreement.contract import GAIN, UNIFORM
from percepnet.results.resamples import read_resamples
from percepnet.results.rows import read_results, whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from percepnet.agreement.contract import FloatArray

BASELINE = "baseline"
FACTORS = ("goal", "dataset", "arch", "readout")
"""The four factors of a cell; `arch` is told with its variant, `readout` with its distance."""


@dataclass(frozen=True, eq=False)
class Row:
    """One row of results: a layer of a cell, by one metric on one benchmark.

    Attributes:
        layer: Its name.
        depth: 0 for the input, 1 for the end of the network.
        draws: How human-like it is, `[1 + B + J]`: of all data, of B resamples, without each of J clusters.
            Turned by its polarity, so that more is always more human-like; an error stays negative.
    """

    layer: str
    depth: float
    draws: FloatArray


@dataclass(frozen=True, eq=False)
class Cell:
    """One network read in one way, or one baseline, by one metric on one benchmark.

    Attributes:
        run_id: Of its run.
        network: Its id in the catalogue; the name of a baseline.
        levels: The value of each factor, by its name in `FACTORS`.
        rows: Its layers in their order, without the controls of a readout that learns.
        control: What a readout that learns is compared with (uniform weights), in the same order; else empty.
    """

    run_id: str
    network: str
    levels: Mapping[str, str]
    rows: tuple[Row, ...]
    control: tuple[Row, ...] = ()

    @property
    def is_baseline(self) -> bool:
        """Whether it is a metric that stands beside the networks."""
        return self.levels["goal"] == BASELINE

    @cached_property
    def best(self) -> Row:
        """Its most human-like layer; each resample chooses its own: the choice is part of the interval."""
        place = int(np.nanargmax([row.draws[0] for row in self.rows]))
        chosen = self.rows[place]
        return Row(chosen.layer, chosen.depth, np.fmax.reduce([row.draws for row in self.rows]))

    @property
    def last(self) -> Row:
        """Its last layer."""
        return self.rows[-1]


@dataclass(frozen=True, eq=False)
class Evidence:
    """All cells of a study that one benchmark judged on the same pairs, by one metric.

    Attributes:
        benchmark: Its name.
        metric: Its name.
        polarity: Of the metric, as results have it.
        clusters: How many were resampled.
        left_out: J, how many were left out in turn.
        ceiling: What people reach, turned like the values; NaN where unknown.
        ceiling_method: How that was found.
        cells: The networks' cells, then the baselines.
        apart: Runs that cannot be compared with these, each with the reason.
    """

    benchmark: str
    metric: str
    polarity: int
    clusters: int
    left_out: int
    ceiling: float
    ceiling_method: str
    cells: tuple[Cell, ...]
    apart: Mapping[str, str]

    @property
    def networks(self) -> tuple[Cell, ...]:
        """The cells that are no baseline."""
        return tuple(cell for cell in self.cells if not cell.is_baseline)

    @property
    def baselines(self) -> tuple[Cell, ...]:
        """The metrics beside the networks."""
        return tuple(cell for cell in self.cells if cell.is_baseline)

    def difference(self, ours: Row, theirs: Row, level: float = 0.95) -> Difference:
        """Return how much more human-like one row is than another, on the same pairs and resamples."""
        return self.of(ours.draws - theirs.draws, level)

    def of(self, values: FloatArray, level: float = 0.95) -> Difference:
        """Return what is known of a combination of rows' draws `[1 + B + J]` that is 0 if nothing differs."""
        return difference(values, self.left_out, self.clusters, level)

    def equivalence(self, values: FloatArray, margin: float, alpha: float = 0.05) -> Equivalence:
        """Return whether a combination of rows' draws is smaller than a margin."""
        return equivalence(values, self.left_out, self.clusters, margin, alpha)


def gather(results: Path, rows: pd.DataFrame | None = None, study: str | None = None) -> list[Evidence]:
    """Return the evidence of every benchmark and metric that finished runs hold.

    Runs of other image pairs, of other resamples or of a version that kept no resamples are set apart with
    the reason, never mixed in: the largest group of comparable runs stands.

    Args:
        results: Folder of results.
        rows: Its rows where they have been read already.
        study: Only this study.
    """
    rows = read_results(results) if rows is None else rows
    if study is not None:
        rows = rows[rows["study"] == study]
    rows = whole(rows)
    rows = rows[(rows["polarity"] != 0) & ~rows["metric"].str.endswith(GAIN)]
    groups = rows.groupby(["benchmark", "metric"], sort=False)
    return [found for _, part in groups if (found := _evidence(results, part)) is not None]


def _evidence(results: Path, rows: pd.DataFrame) -> Evidence | None:
    """Return the evidence of one benchmark and metric; None where no row is defined."""
    kept, apart = _comparable(rows)
    benchmark, metric = rows.iloc[0][["benchmark", "metric"]]
    cells, widths = [], set()
    for _, run in kept.groupby("run_id", sort=False):
        folder = results / "runs" / run.iloc[0]["folder"]
        resamples = read_resamples(folder, benchmark, metric)
        cell, left_out = _cell(run, resamples)
        if cell is None:
            apart[run.iloc[0]["run_id"]] = "its values are undefined, or their resamples are missing"
        else:
            cells.append(cell)
            widths.add(left_out)
    if not cells:
        return None
    first = kept.iloc[0]
    return Evidence(
        benchmark,
        metric,
        int(first["polarity"]),
        int(first["n_clusters"]),
        widths.pop(),
        float(first["ceiling"] * _turn(first)),
        str(first["ceiling_method"] or ""),
        tuple(sorted(cells, key=lambda cell: cell.is_baseline)),
        apart,
    )


def _comparable(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the rows of the largest group of comparable runs, and why each other run is not in it."""
    of_run = rows.drop_duplicates("run_id").set_index("run_id")[["manifest_hash", "draws"]].fillna("")
    known = of_run[of_run["draws"] != ""]
    apart = dict.fromkeys(of_run.index.difference(known.index), "made by a version that kept no resamples")
    if known.empty:
        return rows[:0], apart
    counts = known.value_counts()
    chosen = counts.index[0]
    for run, (manifest, draws) in known.iterrows():
        if manifest != chosen[0]:
            apart[str(run)] = "judged on other image pairs"
        elif draws != chosen[1]:
            apart[str(run)] = f"other resamples: {draws}, not {chosen[1]}"
    return rows[~rows["run_id"].isin(apart)], apart


def _cell(run: pd.DataFrame, resamples: Mapping[int, tuple[int, FloatArray]]) -> tuple[Cell | None, int]:
    first = run.iloc[0]
    rows: dict[int, Row] = {}
    left_out = 0
    for _, row in run.sort_values("layer_index").iterrows():
        found = resamples.get(row["layer_index"])
        if found is not None and np.isfinite(row["value"]):
            left_out = found[0]
            values = _turn(row) * np.concatenate([[row["value"]], found[1]])
            rows[row["layer_index"]] = Row(row["layer"], float(row["depth"]), values)
    own = [row for row in rows.values() if not row.layer.endswith(UNIFORM)]
    control = [row for row in rows.values() if row.layer.endswith(UNIFORM)]
    if not own:
        return None, 0
    return Cell(first["run_id"], first["network"], _levels(first), tuple(own), tuple(control)), left_out


def _turn(row: pd.Series) -> int:
    return int(row["polarity"])


def _levels(row: pd.Series) -> dict[str, str]:
    distance = row["distance"]
    is_baseline = row["goal"] == BASELINE
    plain = distance in ("", row["readout"]) or is_baseline
    return {
        "goal": row["goal"],
        "dataset": row["dataset"],
        "arch": row["arch"] if is_baseline else f"{row['arch']} {row['variant'] or ''}".strip(),
        "readout": row["readout"] if plain else f"{row['readout']} {distance}",
    }
