"""Image files of forced choices: found without letter case in many folders, shown at one size."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from percepnet.benchmarks.files import ImageFiles, entries, some
from percepnet.benchmarks.shelves import IMAGE_ENDINGS
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from percepnet.benchmarks.contract import Image

_log = logging.getLogger(__name__)
_REMEDY = "unpack the whole database again"


@dataclass(frozen=True)
class ShownFiles(ImageFiles):
    """Square images in files, resized to the size at which they are shown.

    Attributes:
        edges: Heights and widths that a file may have; none for any size.
        shown: Height and width after resizing, None to leave the pixels as written.
        resampling: `bilinear` or `bicubic`, as Pillow does it: averaging where it shrinks.
    """

    edges: tuple[int, ...] = ()
    shown: int | None = None
    resampling: str = "bicubic"

    def image(self, key: str) -> Image:
        """Return uint8 RGB `[H, W, 3]`."""
        pixels = super().image(key)
        self._check_size(key, pixels.shape[:2])
        if self.shown is None or pixels.shape[:2] == (self.shown, self.shown):
            return pixels
        method = Pillow.Resampling[self.resampling.upper()]
        return np.array(Pillow.fromarray(pixels).resize((self.shown, self.shown), method))

    def digest(self, key: str) -> str:
        """Return the sha256 of the file's bytes and of how they are shown."""
        how = f"{super().digest(key)} {self.shown} {self.resampling if self.shown else ''}"
        return hashlib.sha256(how.encode()).hexdigest()

    def _check_size(self, key: str, size: tuple[int, ...]) -> None:
        if self.edges and size not in {(edge, edge) for edge in self.edges}:
            raise InputError(
                f"The image {self.paths[key].name} has another size than the release.",
                expected=" or ".join(f"{edge} x {edge}" for edge in self.edges) + " pixels",
                found=f"{size[1]} x {size[0]}: {self.paths[key]}",
                remedy="put the original file in its place, or allow its size with the setting pixels",
            )


def locate(root: Path, names: Mapping[str, str], spare: Collection[str] = ()) -> dict[str, Path]:
    """Return the file of each key; warns of images in their folders that nothing names.

    Args:
        root: The database's folder.
        names: Each key's file as seen from `root`, with forward slashes; letter case does not matter.
        spare: Files that belong there although no key needs them.

    Raises:
        InputError: Files are missing; the first five are named.
    """
    folders: dict[str, dict[str, Path]] = {}
    paths: dict[str, Path] = {}
    missing: list[str] = []
    for key, name in names.items():
        folder, _, leaf = name.lower().rpartition("/")
        path = inside(root, folder, folders).get(leaf)
        if path is None:
            missing.append(name)
        else:
            paths[key] = path
    if missing:
        raise InputError(
            f"{len(missing)} of {len(names)} image files are missing in {root}.",
            expected=f"{len(names)} files such as {next(iter(names.values()))}",
            found=f"no {some(missing)}",
            remedy=_REMEDY,
        )
    _report_extra(folders, {name.lower() for name in (*names.values(), *spare)}, root)
    return paths


def inside(root: Path, folder: str, known: dict[str, dict[str, Path]]) -> dict[str, Path]:
    """Return what lies in `folder` below `root` by lower-case name; nothing where there is no such folder.

    Args:
        root: Where to begin.
        folder: With forward slashes, in lower case; "" for `root` itself.
        known: What has been listed already; grows.
    """
    if folder not in known:
        above, _, leaf = folder.rpartition("/")
        here = inside(root, above, known).get(leaf) if folder else root
        known[folder] = entries(here) if here is not None and here.is_dir() else {}
    return known[folder]


def _report_extra(folders: Mapping[str, Mapping[str, Path]], wanted: Collection[str], root: Path) -> None:
    extra = [
        f"{folder}/{path.name}"
        for folder, found in folders.items()
        for name, path in found.items()
        if path.suffix.lower() in IMAGE_ENDINGS and f"{folder}/{name}" not in wanted
    ]
    if extra:
        _log.warning("%s: %d image files that no judgement names: %s", root, len(extra), some(extra))
