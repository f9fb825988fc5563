"""The manifest as a CSV file: every pair, what people said of it, and what its two images are."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from percepnet.sources.cache import atomic_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from percepnet.benchmarks.contract import Benchmark
    from percepnet.data.inspection import Facts

ABOUT = ("reference", "distorted", "cluster", "kind", "level", "score", "spread")
COLUMNS = (*ABOUT, "height", "width", "reference_sha256", "distorted_sha256")
"""The two last are of the pixels, not of files."""


def write_manifest(path: Path, benchmark: Benchmark, images: Mapping[str, Facts]) -> None:
    """Write a row per pair, whole or not at all; an unknown spread is empty, floats are exact.

    Raises:
        InputError: The folder cannot be written.
    """
    with atomic_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for pair in benchmark.pairs:
            reference, distorted = images[pair.reference], images[pair.distorted]
            about = [getattr(pair, name) for name in ABOUT]
            size = reference.height, reference.width
            writer.writerow([*about, *size, reference.digest, distorted.digest])
