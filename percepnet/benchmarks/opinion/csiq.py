"""CSIQ in its original folder: 866 distorted images with differential mean opinion scores.

Larson & Chandler (2010), Most apparent distortion: full-reference image quality assessment and the role of
strategy, J. Electronic Imaging 19(1), 011006, doi:10.1117/1.3267105.
"""

from __future__ import annotations

import logging
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.files import DIGESTS, ImageFiles, entries, require
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.benchmarks.opinion.judged import Release, checked, of_mean
from percepnet.benchmarks.score_files import refusal, unreadable
from percepnet.benchmarks.shelves import Layout, Shelf, locate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SCORE_FILE = "csiq.DMOS.xlsx"
SHEET = "all_by_image"
COLUMNS = ("image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos")
REFERENCES = "src_imgs"
DISTORTED = "dst_imgs"
TYPES = {
    "noise": "AWGN",
    "blur": "BLUR",
    "contrast": "contrast",
    "fnoise": "fnoise",
    "jpeg": "JPEG",
    "jpeg 2000": "jpeg2000",
}
"""The type in file names of each type in the score file."""

_CONTRAST = "contrast"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CSIQ:
    """CSIQ as its authors packed it.

    Scores are DMOS from 0 to 1, higher is worse. The published `dmos_std` is the deviation between observers
    (it is exactly 0 for images that all of them put at the end of the scale, and metrics have correlated
    with DMOS more closely than a mean of that spread would allow): the spread of a mean score is
    `dmos_std / sqrt(ratings)`.

    Attributes:
        name: The name in results.
        root: Folder with `src_imgs/`, `dst_imgs/<type>/` and `csiq.DMOS.xlsx`; letter case does not matter.
        pairs: Rows of the score file.
        contrast: Whether the 116 images of changed contrast count; without them, as in many published
            tables, 750 pairs are left.
        ratings: Ratings that a score is the mean of: 5,000 in all, of 866 images.
        height: Of every image, in pixels.
        width: Of every image, in pixels.
    """

    name: str = "csiq"
    root: str | None = None
    pairs: int = 866
    contrast: bool = True
    ratings: float = 5.77
    height: int = 512
    width: int = 512

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> OpinionScores:
        """Return the benchmark once its scores are read and every image file is found.

        Raises:
            NothingThereError: No root was named.
            InputError: Scores or image files are missing, repeated or of another release.
        """
        del mirrors, network  # files are the user's, or were fetched before
        content = f"{REFERENCES}/, {DISTORTED}/ and {SCORE_FILE}"
        folder = Layout(self.name, (REFERENCES, DISTORTED), content).folder(self.root, cache)
        [path] = require(entries(folder), [SCORE_FILE], folder, "unpack the whole database again")
        rows = [self._pair(path, row) for row in sheet_rows(path)]
        pairs = self._chosen(checked(rows, path, Release("DMOS", 0.0, 1.0, self.pairs)))
        images = ImageFiles(
            locate(folder, *_shelves(pairs)), (self.height, self.width), remember=cache / DIGESTS
        )
        return OpinionScores(self.name, tuple(pairs), images, higher_is_better=False)

    def _pair(self, path: Path, row: dict[str, Any]) -> Pair:
        kind = TYPES.get(str(row["dst_type"]).strip().lower())
        level = _number(row["dst_lev"])
        if kind is None or not level.is_integer():
            expected = f"a level and one of {', '.join(TYPES)}"
            raise refusal(path, "A row is no score.", expected, str(list(row.values())))
        reference = _text(row["image"])
        key = f"{reference}.{kind}.{level:.0f}"
        spread = of_mean(_number(row["dmos_std"]), self.ratings)
        return Pair(reference, key, reference, _number(row["dmos"]), spread, kind, f"{level:.0f}")

    def _chosen(self, pairs: list[Pair]) -> list[Pair]:
        if self.contrast:
            return pairs
        kept = [pair for pair in pairs if pair.kind != _CONTRAST]
        told = "%s: %d pairs of type %s are left out as told (contrast=false), %d remain"
        _log.warning(told, self.name, len(pairs) - len(kept), _CONTRAST, len(kept))
        return kept


def sheet_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of the sheet `all_by_image` by column; the header is the first row that has them all.

    Raises:
        InputError: The file is no such spreadsheet.
    """
    table = iter(_table(path))
    header = next((row for row in table if set(COLUMNS) <= {str(cell) for cell in row}), None)
    if header is None:
        found = "no row with these names"
        raise refusal(path, "The spreadsheet has no header.", f"columns {', '.join(COLUMNS)}", found)
    places = {column: [str(cell) for cell in header].index(column) for column in COLUMNS}
    for row in table:
        values = {column: row[place] for column, place in places.items()}
        if any(value is not None for value in values.values()):
            yield values


def _table(path: Path) -> list[tuple[Any, ...]]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            return list(book[SHEET].iter_rows(values_only=True))
        finally:
            book.close()
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise unreadable(path, f"a spreadsheet with a sheet {SHEET}", error) from error


def _text(cell: Any) -> str:  # noqa: ANN401 (a cell holds anything)
    """Return a cell as text: one image is called 1600, which the sheet holds as a number."""
    return f"{cell:.0f}" if isinstance(cell, float) else str(cell).strip()


def _number(cell: Any) -> float:  # noqa: ANN401 (a cell holds anything)
    """Return the number in a cell, NaN for anything else."""
    return float(cell) if isinstance(cell, int | float) else float("nan")


def _shelves(pairs: Sequence[Pair]) -> Iterator[Shelf]:
    yield Shelf((REFERENCES,), {pair.reference: f"{pair.reference}.png" for pair in pairs})
    for kind in dict.fromkeys(pair.kind for pair in pairs):
        names = {pair.distorted: f"{pair.distorted}.png" for pair in pairs if pair.kind == kind}
        yield Shelf((f"{DISTORTED}/{kind}",), names)
