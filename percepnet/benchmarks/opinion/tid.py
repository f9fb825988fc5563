"""TID2013 in its original folder: 3,000 distorted images with mean opinion scores.

Ponomarenko et al. (2015), Image database TID2013: peculiarities, results and perspectives,
Signal Processing: Image Communication 30, 57-77, doi:10.1016/j.image.2014.10.009.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from percepnet.benchmarks.files import ImageFiles, entries, layout_folder, require, user_folder
from percepnet.benchmarks.manifest import unique_keys
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.benchmarks.opinion.tid_scores import MOS_FILE, SPREAD_FILE, Design, read_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from percepnet.benchmarks.contract import Pair

REFERENCES = "reference_images"
DISTORTED = "distorted_images"
_LAYOUT = f"{REFERENCES}/, {DISTORTED}/ and {MOS_FILE}"
_REMEDY = "unpack the whole database again"


@dataclass(frozen=True)
class TID2013:
    """TID2013 as its authors packed it.

    Attributes:
        name: The name in results.
        root: Folder with `reference_images/`, `distorted_images/`, `mos_with_names.txt` and, for the
            noise ceiling, `mos_std.txt`; letter case does not matter.
        references: Reference images.
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
        del cache, mirrors, network  # the user supplies all files
        folder = layout_folder(user_folder(self.root, self.name, _LAYOUT), _has_layout, _LAYOUT)
        found = entries(folder)
        [mos_file] = require(found, [MOS_FILE], folder, _REMEDY)
        design = Design(self.references, self.types, self.levels)
        pairs = tuple(read_pairs(mos_file, found.get(SPREAD_FILE), design).values())
        images = ImageFiles(_image_paths(found, pairs), (self.height, self.width))
        return OpinionScores(self.name, pairs, images, higher_is_better=True)


def _has_layout(folder: Path) -> bool:
    names = {child.name.lower() for child in folder.iterdir() if child.is_dir()}
    return {REFERENCES, DISTORTED} <= names


def _image_paths(found: dict[str, Path], pairs: Sequence[Pair]) -> dict[str, Path]:
    references = {pair.reference for pair in pairs}
    keys = unique_keys(pairs)
    return _located(found[REFERENCES], (key for key in keys if key in references)) | _located(
        found[DISTORTED], (key for key in keys if key not in references)
    )


def _located(folder: Path, keys: Iterable[str]) -> dict[str, Path]:
    wanted = list(keys)
    names = [f"{key}.bmp" for key in wanted]
    return dict(zip(wanted, require(entries(folder), names, folder, _REMEDY), strict=True))
