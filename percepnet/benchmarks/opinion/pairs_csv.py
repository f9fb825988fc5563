"""Any user's own pairs of images with opinion scores, listed in a CSV file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.files import DIGESTS
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.benchmarks.opinion.judged import Release, checked
from percepnet.benchmarks.score_files import csv_rows, no_score, number
from percepnet.benchmarks.shelves import MatchedFiles, Shelf, locate
from percepnet.errors import InputError, NothingThereError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COLUMNS = ("reference", "distorted", "score")
_EXPECTED = f"a CSV file with columns {', '.join(COLUMNS)} and, where known, spread, cluster, type, level"
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class PairsCSV:
    """Pairs of your own.

    The file has a header and the columns `reference` and `distorted` (image files, relative to its folder),
    `score` and optionally `spread` (standard deviation of the mean score: without it there is no ceiling),
    `cluster` (what the bootstrap resamples: the reference if there is no such column), `type` and `level`
    (what breakdowns go by). Images may have any size, a distorted one that of its reference.

    Attributes:
        name: Of the benchmark.
        root: The CSV file itself.
        higher_is_better: Whether a higher score means a better image (MOS) or a worse one (DMOS): no default.
        label: The name in results; that of the benchmark if empty.
    """

    name: str = "pairs_csv"
    root: str | None = None
    higher_is_better: bool | None = None
    label: str = ""

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> OpinionScores:
        """Return the benchmark once its file is read and every image file is found.

        Raises:
            NothingThereError: No root was named.
            InputError: The polarity was not told, or rows or image files are missing, repeated or undefined.
        """
        del mirrors, network  # the user supplies all files
        path = self._file()
        if self.higher_is_better is None:
            raise InputError(
                f"{self.name} does not know what its scores mean.",
                expected="higher_is_better true (a higher score is a better image) or false (a worse one)",
                found="nothing told",
                remedy=f"tell it: benchmark.{self.name}.higher_is_better=true",
            )
        rows = [_pair(path, at, row) for at, row in csv_rows(path, COLUMNS)]
        pairs = tuple(checked(rows, path, Release("scores")))
        images = MatchedFiles.of(locate(path.parent, *_shelves(pairs)), pairs, cache / DIGESTS)
        return OpinionScores(self._label(), pairs, images, higher_is_better=self.higher_is_better)

    def _file(self) -> Path:
        remedy = f"name it: benchmark.{self.name}.root=FILE.csv"
        problem = f"{self.name} needs a list that only you can supply."
        if self.root is None:
            raise NothingThereError(problem, expected=_EXPECTED, found="no root", remedy=remedy)
        path = Path(self.root).expanduser()
        if not path.is_file():
            found = f"{path} {'is a folder' if path.is_dir() else 'does not exist'}"
            raise InputError(problem, expected=_EXPECTED, found=found, remedy=remedy)
        return path

    def _label(self) -> str:
        if self.label and not _LABEL.fullmatch(self.label):
            raise InputError(
                "This label cannot name results.",
                expected="letters, digits, and _ . - between them",
                found=repr(self.label),
                remedy=f"correct benchmark.{self.name}.label",
            )
        return self.label or self.name


def _pair(path: Path, at: int, row: dict[str, str]) -> Pair:
    score = number(row["score"])
    spread = number(row["spread"]) if row.get("spread") else None
    if score is None or (spread is None and row.get("spread")) or not (row["reference"] and row["distorted"]):
        raise no_score(path, at, "two image files and a number", ",".join(row.values()))
    reference, distorted = (
        PurePosixPath(row[name].replace("\\", "/")) for name in ("reference", "distorted")
    )
    cluster = row.get("cluster") or str(reference)
    return Pair(
        str(reference), str(distorted), cluster, score, spread, row.get("type", ""), row.get("level", "")
    )


def _shelves(pairs: Sequence[Pair]) -> Iterator[Shelf]:
    """Yield the images of each folder; keys are paths as written, with `/`."""
    keys = list(
        dict.fromkeys(PurePosixPath(key) for pair in pairs for key in (pair.reference, pair.distorted))
    )
    for folder in dict.fromkeys(key.parent for key in keys):
        yield Shelf((str(folder),), {str(key): key.name for key in keys if key.parent == folder})
