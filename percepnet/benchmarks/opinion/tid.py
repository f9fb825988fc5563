"""TID2008 and TID2013 in their original folders: 1,700 and 3,000 distorted images with mean opinion scores.

Ponomarenko et al. (2009), TID2008 - A database for evaluation of full-reference visual quality assessment
metrics, Advances of Modern Radioelectronics 10, 30-45.
Ponomarenko et al. (2015), Image database TID2013: peculiarities, results and perspectives,
Signal Processing: Image Communication 30, 57-77, doi:10.1016/j.image.2014.10.009.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from percepnet.benchmarks.files import DIGESTS, ImageFiles, entries, require
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.benchmarks.opinion.tid_scores import MOS_FILE, SPREAD_FILE, Design, read_pairs
from percepnet.benchmarks.shelves import Layout, Shelf, locate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

REFERENCES = "reference_images"
DISTORTED = "distorted_images"
_CONTENT = f"{REFERENCES}/, {DISTORTED}/ and {MOS_FILE}"


@dataclass(frozen=True)
class TID2013:
    """TID2013 as its authors packed it.

    A pair's kind is its distortion type (`08 gaussian blur`), its spread the published standard deviation
    of the MOS: that of the mean, not of the observers (0.13 on average, where single estimates deviate by
    about 0.8 and a scene was judged by 971 / 25 people). Levels of types 16 and 17 alternate in sign.

    Attributes:
        name: The name in results.
        root: Folder with `reference_images/`, `distorted_images/`, `mos_with_names.txt` and, for the
            noise ceiling, `mos_std.txt`; letter case does not matter.
        references: Reference images; the 25th is synthetic.
        types: Distortion types.
        levels: Levels of each distortion.
        height: Of every image, in pixels.
        width: Of every image, in pixels.
    """

    name: str = "tid2013"
    root: str | None = None
    references: int = 25
    types: int = 24
    levels: int = 5
    height: int = 384
    width: int = 512

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> OpinionScores:
        """Return the benchmark once its scores are read and every image file is found.

        Raises:
            NothingThereError: No root was named.
            InputError: Scores or image files are missing, repeated or of another release.
        """
        del mirrors, network  # files are the user's, or were fetched before
        folder = Layout(self.name, (REFERENCES, DISTORTED), _CONTENT).folder(self.root, cache)
        found = entries(folder)
        [mos_file] = require(found, [MOS_FILE], folder, "unpack the whole database again")
        design = Design(self.references, self.types, self.levels)
        pairs = read_pairs(mos_file, found.get(SPREAD_FILE), design)
        paths = locate(
            folder,
            Shelf((REFERENCES,), {place.reference_key: f"{place.reference_key}.bmp" for place in pairs}),
            Shelf((DISTORTED,), {place.key: f"{place.key}.bmp" for place in pairs}),
        )
        images = ImageFiles(paths, (self.height, self.width), remember=cache / DIGESTS)
        return OpinionScores(self.name, tuple(pairs.values()), images, higher_is_better=True)


@dataclass(frozen=True)
class TID2008(TID2013):
    """TID2008, the predecessor: the same references and layout, the first 17 types at 4 levels each.

    As it shares references and types with TID2013, the two are no independent tests.
    """

    name: str = "tid2008"
    types: int = 17
    levels: int = 4
