"""COMBVD: the visual colour differences from which CIEDE2000 was made, as pairs of uniform patches.

Luo, Cui and Rigg (2001), The development of the CIE 2000 colour-difference formula: CIEDE2000, Color
Research and Application 26(5), 340-350, doi:10.1002/col.1049: BFD-P (three whites), Leeds, RIT-DuPont and
Witt, brought to one scale of visual difference and weighted 1, 9, 9 and 7. Data as corrected by Melgosa,
Huertas and Berns (2008), J. Opt. Soc. Am. A 25(7), 1828-1834, doi:10.1364/JOSAA.25.001828.
"""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from percepnet.benchmarks.files import entries, layout_folder, require, some, user_folder
from percepnet.benchmarks.psychophysics.combvd_benchmark import ColourDifferences
from percepnet.benchmarks.psychophysics.combvd_data import read_set
from percepnet.benchmarks.psychophysics.combvd_pairs import Judgement, judgements
from percepnet.benchmarks.psychophysics.patches import Patches, check_display
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


WEIGHTS = {"bfd-c": 1.0, "bfd-d65": 1.0, "bfd-m": 1.0, "leeds": 9.0, "rit-dupont": 9.0, "witt": 7.0}
"""How much a pair of each data set counts (Luo, Cui and Rigg 2001; Melgosa et al. 2008, table 1)."""

_FOLDERS = ("combvd", "color/combvd")
_log = logging.getLogger(__name__)


def _published_pairs() -> dict[str, int]:
    return {"bfd-c": 200, "bfd-d65": 2028, "bfd-m": 548, "leeds": 307, "rit-dupont": 312, "witt": 418}


@dataclass(frozen=True)
class COMBVD:
    """COMBVD: 3,813 colour differences in six data sets, those that fit into the gamut of sRGB.

    Each colour is adapted from its set's reference white to D65; a pair with a colour that sRGB cannot show
    is excluded by name.

    Attributes:
        name: The name in results.
        root: Folder with a JSON file per data set, or with `combvd/` or `color/combvd/` that holds them;
            None for the fetched files.
        sets: Data sets and the number of pairs that each must hold.
        weighted: Whether pairs count in the STRESS index by the weights of their data set, as COMBVD does;
            False: each once.
        size: Height and width of a patch in pixels.
        encoding: `srgb`, `gamma2.2` or `linear`.
        luminance: Of the reference white in cd/m2, which is the white of the display; as images are relative
            to it, it names the condition and changes no image.
    """

    name: str = "combvd"
    root: str | None = None
    sets: dict[str, int] = field(default_factory=_published_pairs)
    weighted: bool = True
    size: int = 64
    encoding: str = "srgb"
    luminance: float = 100.0

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> ColourDifferences:
        """Return the benchmark, every pair read and either in gamut or excluded by name.

        Raises:
            NothingThereError: No root was named and nothing was fetched.
            InputError: A setting or a file is not what it has to be.
        """
        del mirrors, network  # the user supplies all files, or has fetched them
        check_display(self.encoding, self.size, luminance=self.luminance)
        read = (read_set(path, name, self.sets[name]) for name, path in self._files(cache).items())
        every = list(itertools.chain.from_iterable(map(judgements, read)))
        shown = [one for one in every if not one.reason]
        excluded = {one.name: one.reason for one in every if one.reason}
        self._report(every, excluded)
        colours = {key: colour for one in shown for key, colour in one.colours.items()}
        weights = [WEIGHTS[one.pair.kind] if self.weighted else 1.0 for one in shown]
        images = Patches(colours, self.size, self.encoding)
        return ColourDifferences(self.name, tuple(one.pair for one in shown), images, weights, excluded)

    def _files(self, cache: Path) -> dict[str, Path]:
        unknown = [name for name in self.sets if name not in WEIGHTS]
        if unknown or not self.sets:
            raise InputError(
                "COMBVD has no such data set.",
                expected=", ".join(WEIGHTS),
                found=", ".join(unknown) or "none named",
                remedy=nearest(unknown[0], WEIGHTS) if unknown else "name one in benchmark.combvd.sets",
            )
        names = [f"{name}.json" for name in self.sets]
        folder = _folder(user_folder(self.root, self.name, ", ".join(names), cache), names)
        paths = require(entries(folder), names, folder, "unpack the collection again")
        return dict(zip(self.sets, paths, strict=True))

    def _report(self, every: Sequence[Judgement], excluded: Mapping[str, str]) -> None:
        counts = Counter(one.pair.kind for one in every if one.reason)
        if counts:
            listed = ", ".join(f"{name} {count} of {self.sets[name]}" for name, count in counts.items())
            _log.warning(
                "%s: %d pairs are outside sRGB and excluded (%s): %s",
                self.name,
                len(excluded),
                listed,
                some(excluded),
            )
        if len(excluded) == len(every):
            raise InputError(
                "No pair is left: sRGB can show none of them.",
                expected="colours in gamut",
                found=next(iter(excluded.values()), "no pairs"),
                remedy="look at the files' XYZ and reference whites",
            )


def _folder(root: Path, names: Sequence[str]) -> Path:
    """Return the first of `root` and its usual subfolders that holds one of the files."""
    wanted = set(names)

    def has_layout(folder: Path) -> bool:
        return folder.is_dir() and any(child.name.lower() in wanted for child in folder.iterdir())

    known = [folder for folder in (root, *(root / below for below in _FOLDERS)) if has_layout(folder)]
    return known[0] if known else layout_folder(root, has_layout, ", ".join(names))
