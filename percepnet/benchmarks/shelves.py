"""Where the images of a database lie: found without letter case, every one of them, the others reported."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from PIL import Image as Pillow

from percepnet.benchmarks.decode import read_rgb8
from percepnet.benchmarks.files import ImageFiles, entries, layout_folder, require, some, user_folder
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from percepnet.benchmarks.contract import Image, Pair

_log = logging.getLogger(__name__)
_REMEDY = "unpack the whole database again"
IMAGE_ENDINGS = {".bmp", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".ppm", ".gif", ".webp"}


@dataclass(frozen=True, slots=True)
class Layout:
    """How the authors packed a database.

    Attributes:
        name: Of the benchmark; also that of the subfolder of a root that serves several.
        parts: What must lie in the database's folder.
        content: The same in words.
    """

    name: str
    parts: tuple[str, ...]
    content: str

    def folder(self, root: str | None, cache: Path | None = None) -> Path:
        """Return the folder: in `root` under its name, `root` itself, one level off, or the fetched one.

        Raises:
            NothingThereError: No root was named and nothing was fetched.
            InputError: There is no such folder, or none with this layout near it.
        """
        top = user_folder(root, self.name, self.content, cache)
        for child in sorted(top.iterdir()):
            if child.name.lower() == self.name and child.is_dir() and self.is_in(child):
                return child
        return layout_folder(top, self.is_in, self.content)

    def is_in(self, folder: Path) -> bool:
        """Tell whether `folder` has the layout, letter case aside."""
        names = {child.name.lower() for child in folder.iterdir()}
        return {part.lower() for part in self.parts} <= names


@dataclass(frozen=True, slots=True)
class Shelf:
    """Images that lie together.

    Attributes:
        folders: Their folders, as seen from the database's folder (`dst_imgs/JPEG`); each file is in one.
        names: File name of each key.
        spare: Names of files that belong there although no pair needs them.
    """

    folders: tuple[str, ...]
    names: Mapping[str, str]
    spare: Collection[str] = ()

    def paths(self, root: Path) -> dict[str, Path]:
        """Return the file of each key; warns of images that no score names.

        Raises:
            InputError: Files are missing (the first five are named), or lie in two folders.
        """
        found: dict[str, Path] = {}
        for folder in self.folders:
            inside = entries(_descend(root, folder))
            _refuse_twins(found, inside)
            found |= inside
        where = root / self.folders[0] if len(self.folders) == 1 else root
        paths = require(found, list(self.names.values()), where, _REMEDY)
        self._report_extra(found, where)
        return dict(zip(self.names, paths, strict=True))

    def _report_extra(self, found: Mapping[str, Path], where: Path) -> None:
        known = {name.lower() for name in (*self.names.values(), *self.spare)}
        unknown = [path for name, path in found.items() if name not in known]
        extra = [path.name for path in unknown if path.suffix.lower() in IMAGE_ENDINGS]
        if extra:
            _log.warning("%s: %d image files that no score names: %s", where, len(extra), some(extra))


@dataclass(frozen=True)
class MatchedFiles(ImageFiles):
    """Images of several sizes, each distorted one as large as its reference.

    Attributes:
        references: Key of the reference of each distorted image.
    """

    references: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, paths: Mapping[str, Path], pairs: Sequence[Pair], remember: Path) -> MatchedFiles:
        """Return the files of `pairs`, whose keys are those of `paths`."""
        references = {pair.distorted: pair.reference for pair in pairs}
        return cls(paths, None, references, remember=remember)

    def image(self, key: str) -> Image:
        """Return uint8 RGB `[H, W, 3]`; a distorted image of another size than its reference is refused."""
        reference = self.references.get(key)
        if reference is None or reference == key:
            return super().image(key)
        return read_rgb8(self.paths[key], _size(self.paths[reference]))


def locate(root: Path, *shelves: Shelf) -> dict[str, Path]:
    """Return the file of every key of every shelf below the database's folder `root`."""
    return {key: path for shelf in shelves for key, path in shelf.paths(root).items()}


def _descend(root: Path, folder: str) -> Path:
    for name in PurePosixPath(folder).parts:
        if name in {"/", ".."}:
            root = Path(name) if name == "/" else root / ".."
        else:
            [root] = require(entries(root), [name], root, _REMEDY)
    return root


def _refuse_twins(found: Mapping[str, Path], inside: Mapping[str, Path]) -> None:
    twins = [name for name in inside if name in found and inside[name].suffix.lower() in IMAGE_ENDINGS]
    if twins:
        first, second = found[twins[0]].parent, inside[twins[0]].parent
        raise InputError(
            f"{len(twins)} images lie in two folders.",
            expected="each image once",
            found=f"{some(twins)} in {first} and {second}",
            remedy="remove the folder that is not the database's own",
        )


def _size(path: Path) -> tuple[int, int] | None:
    """Return height and width, None where the file cannot tell (its own reading says why)."""
    try:
        with Pillow.open(path) as picture:
            return picture.height, picture.width
    except (OSError, SyntaxError, ValueError):
        return None
