"""What the intervals of a run are made of: each row's value in every resample, to compare rows by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from percepnet.errors import InputError
from percepnet.sources.cache import atomic_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from percepnet.agreement.contract import FloatArray

RESAMPLES = "resamples.parquet"

SCHEMA = pa.schema(
    [
        ("benchmark", pa.string()),
        ("metric", pa.string()),
        ("layer_index", pa.int32()),
        ("left_out", pa.int32()),
        ("values", pa.list_(pa.float32())),
    ]
)

Key = tuple[str, str, int]
"""Benchmark, metric, index of the layer."""


def write_resamples(folder: Path, resamples: Iterable[tuple[Key, int, FloatArray]]) -> None:
    """Write the resampled values of a run's rows over all judgements: all of them, or no file.

    Args:
        folder: Of the run.
        resamples: Key, J, and the values `[B + J]` in B resamples, then without each of J clusters.
    """
    rows = [
        dict(zip(SCHEMA.names, (*key, left_out, values), strict=True)) for key, left_out, values in resamples
    ]
    with atomic_file(folder / RESAMPLES) as path:
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)


def read_resamples(folder: Path, benchmark: str, metric: str) -> dict[int, tuple[int, FloatArray]]:
    """Return J and the values `[B + J]` of each layer of a run by its index; empty where none were kept.

    Raises:
        InputError: The file is damaged.
    """
    path = folder / RESAMPLES
    if not path.exists():
        return {}
    try:
        table = pq.read_table(
            path, schema=SCHEMA, filters=[("benchmark", "=", benchmark), ("metric", "=", metric)]
        )
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            f"{path} is damaged",
            expected="the resampled values of a run",
            found=str(error),
            remedy="delete the run's folder; the same sweep makes it anew from what is stored",
        ) from error
    columns = (table.column(name).to_pylist() for name in ("layer_index", "left_out"))
    values = (np.asarray(row.values, dtype=np.float64) for row in table.column("values"))
    return {index: (left, row) for index, left, row in zip(*columns, values, strict=True)}
