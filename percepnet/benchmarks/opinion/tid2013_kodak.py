"""The part of TID2013 that can be rebuilt from the Kodak photographs: a reconstruction, 480 pairs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from percepnet.benchmarks.files import entries, require, user_folder
from percepnet.benchmarks.opinion import tid_recipe
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.benchmarks.opinion.tid_rebuild import RebuiltImages, Stamp, published_psnr, verify
from percepnet.benchmarks.opinion.tid_scores import MOS_FILE, SPREAD_FILE, Design, Place, read_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_log = logging.getLogger(__name__)
_CONTENT = f"kodim01.png .. kodim24.png and TID2013's {MOS_FILE}"
_PSNR_FILE = "psnr.csv"


@dataclass(frozen=True)
class RebuiltTID2013(OpinionScores):
    """480 pairs of TID2013 with their real scores, rebuilt: no image of the database is read.

    Attributes:
        worst_psnr_deviation: Largest difference between the PSNR of a rebuilt pair and that of the
            original, in dB.
    """

    worst_psnr_deviation: float


@dataclass(frozen=True)
class TID2013Kodak:
    """A reconstruction of 480 TID2013 pairs (blur, JPEG, mean shift, contrast) from the Kodak photographs.

    Attributes:
        name: The name in results.
        root: Folder with the 24 Kodak PNGs (or with them in `kodak/`) and TID2013's
            `mos_with_names.txt`, `mos_std.txt` and `psnr.csv` (or with them in `tid2013/`). The last
            two are optional: without spreads there is no noise ceiling, without the published PSNR
            list the images are checked against the list that comes with percepnet.
    """

    name: str = "tid2013_kodak"
    root: str | None = None

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> RebuiltTID2013:
        """Return the benchmark once every rebuilt image has proved to be the right one (about 4 s).

        Raises:
            NothingThereError: No root was named.
            InputError: Photographs or scores are missing or wrong, or a pair's PSNR is off.
        """
        del mirrors, network  # files are the user's, or were fetched before
        root = user_folder(self.root, self.name, _CONTENT, cache)
        photographs = _photographs(root)
        scores = _beside(root, "tid2013", MOS_FILE)
        places = rebuilt_places()
        published = published_psnr(scores.get(_PSNR_FILE), places)
        proof = verify(tuple(Stamp.of(path) for path in photographs), tuple(published[p] for p in places))
        _log.info(
            "%s: %d pairs rebuilt, PSNR within %.6f dB", self.name, len(places), proof.worst_psnr_deviation
        )
        pairs = read_pairs(scores[MOS_FILE], scores.get(SPREAD_FILE), Design())
        images = RebuiltImages(tuple(photographs), proof.digests)
        return RebuiltTID2013(
            self.name,
            tuple(pairs[place] for place in places),
            images,
            higher_is_better=True,
            worst_psnr_deviation=proof.worst_psnr_deviation,
        )


def rebuilt_places() -> list[Place]:
    """Return the 480 places of the database that can be rebuilt, reference by reference."""
    return [
        Place(reference, kind, level)
        for reference in tid_recipe.CROPS
        for kind in tid_recipe.TYPES
        for level in tid_recipe.LEVELS
    ]


def _photographs(root: Path) -> list[Path]:
    names = [f"kodim{number:02d}.png" for number in tid_recipe.CROPS]
    found = _beside(root, "kodak", names[0])
    folder = found[names[0]].parent
    return require(found, names, folder, "the Kodak set has 24 photographs: supply them all")


def _beside(root: Path, subfolder: str, name: str) -> dict[str, Path]:
    """Return what lies in `root` if it holds `name`, else what lies in `root`'s subfolder."""
    found = entries(root)
    inner = found.get(subfolder)
    if name not in found and inner is not None and inner.is_dir():
        root, found = inner, entries(inner)
    require(found, [name], root, f"name a folder with {_CONTENT}: benchmark.root=FOLDER")
    return found
