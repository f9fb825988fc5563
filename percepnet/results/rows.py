"""Result rows: flat, one per run x benchmark x layer x metric. The local Parquet files are the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from percepnet.agreement.contract import ALL
from percepnet.errors import InputError
from percepnet.sources.cache import atomic_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

ROWS = "rows.parquet"

SCHEMA = pa.schema(
    [
        ("study", pa.string()),
        ("run_id", pa.string()),
        ("goal", pa.string()),
        ("dataset", pa.string()),
        ("arch", pa.string()),
        ("variant", pa.string()),
        ("weights", pa.string()),
        ("network", pa.string()),
        ("weights_hash", pa.string()),
        ("readout", pa.string()),
        ("distance", pa.string()),
        ("layer", pa.string()),
        ("layer_index", pa.int32()),
        ("depth", pa.float64()),
        ("benchmark", pa.string()),
        ("manifest_hash", pa.string()),
        ("subset", pa.string()),
        ("metric", pa.string()),
        ("value", pa.float64()),
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
        ("ci_method", pa.string()),
        ("draws", pa.string()),
        ("fit", pa.string()),
        ("ceiling", pa.float64()),
        ("ceiling_method", pa.string()),
        ("polarity", pa.int8()),
        ("n_pairs", pa.int32()),
        ("n_clusters", pa.int32()),
        ("images_passed", pa.int32()),
        ("seconds", pa.float64()),
        ("versions", pa.string()),
    ]
)
RUN_TIME_COLUMNS = ("images_passed", "seconds", "versions", "study")
"""Columns that may differ between two runs of the same cell."""


def write_rows(folder: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the rows of a finished run: all of them, or no file."""
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMA)
    with atomic_file(folder / ROWS) as path:
        pq.write_table(table, path)


def write_distances(folder: Path, benchmark: str, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write a benchmark's distances, a row per image pair, a column per layer, for the user's own use."""
    with atomic_file(folder / f"distances-{benchmark}.parquet") as path:
        pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), path)


def read_run(folder: Path) -> pd.DataFrame | None:
    """Return the rows of a run, None if it has not finished."""
    path = folder / ROWS
    if not path.exists():
        return None
    try:
        frame: pd.DataFrame = pq.read_table(path, schema=SCHEMA).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            f"{path} is damaged",
            expected="the result rows of a run",
            found=str(error),
            remedy="delete it; the next sweep writes it anew",
        ) from error
    # rows of versions that knew no parts
    frame["subset"] = frame["subset"].fillna(ALL)
    return frame


def read_results(results: Path) -> pd.DataFrame:
    """Return the rows of every finished run in a results folder, each with the run's `folder`."""
    runs = sorted((results / "runs").glob(f"*/{ROWS}"))
    frames = [
        frame.assign(folder=path.parent.name) for path in runs if (frame := read_run(path.parent)) is not None
    ]
    empty: pd.DataFrame = SCHEMA.empty_table().to_pandas().assign(folder="")
    return pd.concat(frames, ignore_index=True) if frames else empty


def whole(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that score all judgements of a benchmark, without those of its parts."""
    return rows[rows["subset"] == ALL]


def best_layers(rows: pd.DataFrame, metric: str | None = None) -> pd.DataFrame:
    """Return the row of the most human-like layer of each run and benchmark, over all its judgements.

    Args:
        rows: Of any runs.
        metric: By which; None for the first that each benchmark is scored by.
    """
    chosen = whole(rows)
    first = chosen.groupby("benchmark")["metric"].transform("first") if metric is None else metric
    chosen = chosen[(chosen["metric"] == first) & chosen["value"].notna()]
    agreement = chosen["value"] * chosen["polarity"]
    return chosen.loc[agreement.groupby([chosen["run_id"], chosen["benchmark"]], sort=False).idxmax()]
