"""PIPAL's training part in its original folder: 23,200 distorted images with Elo scores.

Gu et al. (2020), PIPAL: a large-scale image quality assessment dataset for perceptual image restoration,
ECCV, doi:10.1007/978-3-030-58621-8_37.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.files import DIGESTS, ImageFiles, entries, some
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.benchmarks.opinion.judged import Release, checked
from percepnet.benchmarks.score_files import no_score, number, refusal, text_lines
from percepnet.benchmarks.shelves import Layout, Shelf, locate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

REFERENCES = "Train_Ref"
LABELS = "Train_Label"
DISTORTED = ("Distortion_1", "Distortion_2", "Distortion_3", "Distortion_4")
_ROW = re.compile(
    r"(?P<key>(?P<reference>[a-z]\d+)_(?P<kind>\d\d)_(?P<at>\d\d))\.bmp\s*,\s*(?P<score>\S+)", re.IGNORECASE
)


@dataclass(frozen=True)
class PIPAL:
    """PIPAL as its authors packed it: the training part, whose scores are public.

    Scores come from an Elo rating of pairwise choices, about 917 to 1836, higher is better. No spread is
    published, so that there is no ceiling. A pair's kind is the group of distortions in its file name (00 to
    06: classical ones, super-resolution and denoising by several kinds of algorithms, and their mixtures);
    within a group images are numbered, not graded, so that there are no levels.

    Attributes:
        name: The name in results.
        root: Folder with `Train_Ref/`, `Distortion_1/` .. `Distortion_4/` and `Train_Label/`, where each
            reference has a text file of its own with rows `image,score`.
        references: Reference images.
        groups: Distorted images of one reference in each group.
        height: Of every image, in pixels.
        width: Of every image, in pixels.
    """

    name: str = "pipal"
    root: str | None = None
    references: int = 200
    groups: tuple[int, ...] = (12, 16, 10, 24, 13, 14, 27)
    height: int = 288
    width: int = 288

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> OpinionScores:
        """Return the benchmark once its scores are read and every image file is found.

        Raises:
            NothingThereError: No root was named.
            InputError: Scores or image files are missing, repeated or of another release.
        """
        del mirrors, network  # files are the user's, or were fetched before
        content = f"{REFERENCES}/, {DISTORTED[0]}/ .. {DISTORTED[-1]}/ and {LABELS}/"
        folder = Layout(self.name, (REFERENCES, LABELS, *DISTORTED), content).folder(self.root, cache)
        labels = entries(folder)[LABELS.lower()]
        files = [path for name, path in entries(labels).items() if name.endswith(".txt")]
        if len(files) != self.references:
            found = f"{len(files)}: {some(path.name for path in files)}"
            raise refusal(labels, "This is another part or release.", f"{self.references} text files", found)
        pairs = [pair for path in files for pair in self._pairs(path)]
        names = {key: f"{key}.bmp" for key in dict.fromkeys(pair.reference for pair in pairs)}
        distorted = {pair.distorted: f"{pair.distorted}.bmp" for pair in pairs}
        paths = locate(folder, Shelf((REFERENCES,), names), Shelf(DISTORTED, distorted))
        images = ImageFiles(paths, (self.height, self.width), remember=cache / DIGESTS)
        return OpinionScores(self.name, tuple(pairs), images, higher_is_better=True)

    def _pairs(self, path: Path) -> list[Pair]:
        reference = path.stem.upper()
        images = [
            f"{reference}_{group:02d}_{at:02d}"
            for group, count in enumerate(self.groups)
            for at in range(count)
        ]
        rows = [_pair(path, at, line) for at, line in text_lines(path)]
        return checked(rows, path, Release("Elo scores", 900.0, 1900.0, len(images), images))


def _pair(path: Path, at: int, line: str) -> Pair:
    match = _ROW.fullmatch(line)
    score = number(match["score"]) if match else None
    if match is None or score is None:
        raise no_score(path, at, "a row such as A0001_00_00.bmp,1520.0648", line)
    reference = match["reference"].upper()
    return Pair(reference, match["key"].upper(), reference, score, None, match["kind"])
