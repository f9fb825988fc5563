"""NIGHTS in its original folder: synthetic images of one subject, of which people chose the more similar.

Fu et al. (2023), DreamSim: learning new dimensions of human visual similarity using synthetic data, NeurIPS,
arXiv:2306.09344; data and format at github.com/ssundaram21/dreamsim (dataset/README.md, dataset/dataset.py).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from percepnet.benchmarks.choice.benchmark import ForcedChoice, Triplet
from percepnet.benchmarks.choice.files import ShownFiles, locate
from percepnet.benchmarks.choice.nights_votes import Row, key_of, read_rows
from percepnet.benchmarks.files import DIGESTS, entries, require, some
from percepnet.benchmarks.shelves import Layout
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

VOTES_FILE = "data.csv"
_log = logging.getLogger(__name__)
_LAYOUT = ("ref", "distort", VOTES_FILE)
# Which rows each split takes: the value of `split`, and of `is_imagenet` where that counts.
_SPLITS: dict[str, tuple[str, bool | None]] = {
    "train": ("train", None),
    "val": ("val", None),
    "test": ("test", None),
    "test_imagenet": ("test", True),
    "test_no_imagenet": ("test", False),
}


def _edges() -> list[int]:
    return [512, 768]


@dataclass(frozen=True)
class NIGHTS:
    """NIGHTS: 20,019 triplets, of which the authors score those with six or more votes, all alike.

    The votes of a triplet are unanimous by selection, so they do not tell how far people agree: no ceiling.

    Attributes:
        name: The name in results.
        root: Folder with `ref/`, `distort/` and `data.csv`.
        split: `test`, `test_imagenet` or `test_no_imagenet` (by the category that the image was generated
            for), `val` or `train`.
        fewest_votes: Votes that a triplet must have to be scored; the authors take 6.
        triplets: Rows that `data.csv` must have, None for any number.
        size: Height and width to which images are resized, bicubically as by the authors; None: as written.
        pixels: Heights and widths that a file may have, none for any.
    """

    name: str = "nights"
    root: str | None = None
    split: str = "test"
    fewest_votes: int = 6
    triplets: int | None = 20019
    size: int | None = 224
    pixels: list[int] = field(default_factory=_edges)

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> ForcedChoice:
        """Return the benchmark once its votes are read and every image file of the split is found.

        Raises:
            NothingThereError: No root was named and nothing was fetched.
            InputError: Votes or image files are missing, damaged or of another release.
        """
        del mirrors, network  # files are the user's, or were fetched before
        if self.split not in _SPLITS:
            raise InputError(f"{self.name} has no split {self.split!r}.", remedy=nearest(self.split, _SPLITS))
        layout = Layout(self.name, _LAYOUT, f"ref/, distort/ and {VOTES_FILE}")
        root = layout.folder(self.root, cache)
        [table] = require(entries(root), [VOTES_FILE], root, "unpack the whole data set again")
        rows = read_rows(table, self.triplets)
        wanted = sorted(self._wanted(rows), key=lambda row: row.images)
        names = {key_of(name): name for row in wanted for name in row.images}
        paths = locate(root, names, [name for row in rows for name in row.images])
        files = ShownFiles(paths, None, tuple(self.pixels), self.size, "bicubic", remember=cache / DIGESTS)
        return ForcedChoice(self.name, tuple(_triplet(row) for row in wanted), files)

    def _wanted(self, rows: Sequence[Row]) -> list[Row]:
        split, imagenet = _SPLITS[self.split]
        inside = [row for row in rows if row.split == split and imagenet in {None, row.imagenet}]
        kept = [row for row in inside if row.votes >= self.fewest_votes]
        left_out = [row.name for row in inside if row.votes < self.fewest_votes]
        if left_out:
            _log.warning(
                "%s leaves out %d of %d triplets with fewer than %d votes: %s",
                self.name,
                len(left_out),
                len(inside),
                self.fewest_votes,
                some(left_out),
            )
        if not kept:
            raise InputError(
                f"{self.name} has no triplet to score.",
                expected=f"rows of split {self.split} with {self.fewest_votes} votes or more",
                found=f"{len(inside)} rows of the split, none with so many votes",
                remedy="lower the setting fewest_votes, or choose another split",
            )
        return kept


def _triplet(row: Row) -> Triplet:
    reference, left, right = (key_of(name) for name in row.images)
    kind = "imagenet" if row.imagenet else "other"
    return Triplet(reference, left, right, row.right, reference, kind)
