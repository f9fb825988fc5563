"""Fingerprints that somebody has published: the PSNR of every pair, in a list beside the scores."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

from percepnet.benchmarks.files import ImageFiles, entries
from percepnet.benchmarks.opinion.tid_rebuild import TOLERANCE
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from percepnet.benchmarks.contract import Benchmark

PSNR_FILE = "psnr.csv"


def psnr_list(benchmark: Benchmark) -> dict[str, float]:
    """Return the published PSNR in dB by distorted key; empty where no list lies beside the scores.

    The list is a CSV file with columns `dis` (file name) and `pred`; a file of that name with other columns
    is something else.

    Raises:
        InputError: The list cannot be read.
    """
    images = getattr(benchmark, "images", None)
    if not isinstance(images, ImageFiles):
        return {}
    place = images.paths[benchmark.pairs[0].distorted]
    path = next((found for folder in place.parents[:2] if (found := entries(folder).get(PSNR_FILE))), None)
    if path is None:
        return {}
    listed = _read(path)
    names = {pair.distorted: images.paths[pair.distorted].name.lower() for pair in benchmark.pairs}
    return {key: listed[name] for key, name in names.items() if name in listed}


def deviations(benchmark: Benchmark, rmse: Sequence[float], listed: dict[str, float]) -> dict[str, float]:
    """Return by how many dB each listed pair's PSNR is off; broken images are left out.

    Args:
        benchmark: Whose pairs they are.
        rmse: Of each pair in order, in shares of white.
        listed: Published PSNR by distorted key.
    """
    known = zip(benchmark.pairs, rmse, strict=True)
    return {
        pair.distorted: abs(_psnr(value) - listed[pair.distorted])
        for pair, value in known
        if pair.distorted in listed and not math.isnan(value)
    }


def wrong(off: dict[str, float]) -> list[str]:
    """Return, in words, the pairs that are off by more than 0.002 dB."""
    return [
        f"The pair of {key} is not the original: its PSNR is off by {value:.4f} dB"
        for key, value in off.items()
        if not value <= TOLERANCE
    ]


def _psnr(rmse: float) -> float:
    return -20.0 * math.log10(rmse) if rmse > 0.0 else math.inf


def _read(path: Path) -> dict[str, float]:
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = csv.DictReader(stream)
            if not {"dis", "pred"} <= set(rows.fieldnames or ()):
                return {}
            return {row["dis"].lower(): float(row["pred"]) for row in rows}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            "The list of published PSNR values cannot be used.",
            expected="a file name and a number in every row",
            found=f"{path}: {type(error).__name__} {error}",
            remedy="put the original in its place, or remove it",
        ) from error
