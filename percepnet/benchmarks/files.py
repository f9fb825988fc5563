"""Finding a benchmark's files in a folder that a person has unpacked."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from percepnet.benchmarks.decode import read_rgb8
from percepnet.benchmarks.offers import files_folder, offers
from percepnet.errors import InputError, NothingThereError, nearest
from percepnet.sources.cache import sha256
from percepnet.sources.digests import digests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from percepnet.benchmarks.contract import Image

_log = logging.getLogger(__name__)
DIGESTS = "digests"
"""Folder of the cache where the digests of image files are remembered."""

_NAMED = 5
_SETTING = "benchmark.root=FOLDER"
_OR = "\n" + " " * 12 + "or "


@dataclass(frozen=True)
class ImageFiles:
    """Images that lie in files.

    Attributes:
        paths: File of each key.
        size: Height and width that every image must have, None for any.
        remember: Folder where the files' digests are kept, so that unchanged files are read once; None to
            read them whenever they are asked for.
    """

    paths: Mapping[str, Path]
    size: tuple[int, int] | None = None
    remember: Path | None = field(default=None, kw_only=True)

    def image(self, key: str) -> Image:
        """Return uint8 RGB `[H, W, 3]`, exactly as written on disk."""
        if key not in self.paths:
            raise InputError(f"There is no image {key}.", found=key, remedy=nearest(key, self.paths))
        return read_rgb8(self.paths[key], self.size)

    def digest(self, key: str) -> str:
        """Return the sha256 of the file's bytes."""
        path = self.paths[key]
        return sha256(path) if self.remember is None else self._digests[path]

    @cached_property
    def _digests(self) -> dict[Path, str]:
        return digests(self.paths.values(), self.remember) if self.remember is not None else {}


def user_folder(root: str | None, benchmark: str, content: str, cache: Path | None = None) -> Path:
    """Return the folder that holds `benchmark`'s data: the user's, else the fetched one in the cache.

    Args:
        root: The folder that the user has named, None if none.
        benchmark: Its name.
        content: What has to be in the folder.
        cache: The cache's folder; None looks nowhere but in `root`.

    Raises:
        NothingThereError: No folder was named and nothing was fetched: a reason to skip the benchmark.
        InputError: The named folder does not exist or is a file.
    """
    if root is None:
        fetched = files_folder(benchmark, cache) if cache is not None else None
        if fetched is not None and fetched.is_dir():
            return fetched
        raise not_here(benchmark, content, fetched)
    folder = Path(root).expanduser()
    if not folder.is_dir():
        found = f"{folder} is a file" if folder.exists() else f"{folder} does not exist"
        raise InputError(
            f"{benchmark} finds no folder at its root.",
            expected=f"a folder with {content}",
            found=found,
            remedy=f"name a folder with {content}: {_SETTING}",
        )
    return folder


def not_here(benchmark: str, content: str, fetched: Path | None) -> NothingThereError:
    """Return the error that says how `benchmark`'s files are had: fetched, by hand or the user's own."""
    row = offers().get(benchmark)
    offered = row is not None and bool(row.files)
    what = "has not been fetched" if offered else "needs files that only you can supply"
    by_offer = row.remedy(fetched or "a folder") if row is not None else ""
    name_it = f"name a folder with {content}: {_SETTING}"
    return NothingThereError(
        f"{benchmark} {what}.",
        expected=f"a folder with {content}",
        found=f"no root, and no {fetched}" if fetched else "no root",
        remedy=f"{by_offer}{_OR}{name_it}" if by_offer else name_it,
    )


def layout_folder(root: Path, has_layout: Callable[[Path], bool], layout: str) -> Path:
    """Return the folder with the layout: `root`, else its one subfolder that has it, else its parent.

    Raises:
        InputError: None of them has it, or several subfolders do.
    """
    if has_layout(root):
        return root
    below = [child for child in sorted(root.iterdir()) if child.is_dir() and has_layout(child)]
    nearby = below or [parent for parent in [root.resolve().parent] if has_layout(parent)]
    if len(nearby) == 1:
        _log.warning("%s does not hold %s itself; using %s", root, layout, nearby[0])
        return nearby[0]
    raise InputError(
        f"{root} does not have the layout of the database.",
        expected=layout,
        found=f"it in several subfolders: {some(p.name for p in nearby)}" if nearby else _listing(root),
        remedy="name the folder that holds them, as the database's authors packed it",
    )


def entries(folder: Path) -> dict[str, Path]:
    """Return what lies in `folder` by lower-case name.

    Raises:
        InputError: Two names differ by letter case alone, so that neither can be chosen.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        twin = found.setdefault(path.name.lower(), path)
        if twin is not path:
            raise InputError(
                f"Two files in {folder} have the same name but for letter case.",
                expected="one file per name",
                found=f"{twin.name} and {path.name}",
                remedy="remove the one that is not the database's own",
            )
    return found


def require(found: dict[str, Path], names: Sequence[str], folder: Path, remedy: str) -> list[Path]:
    """Return the path of each of `names`, found without letter case.

    Raises:
        InputError: Some are missing; the first five are named.
    """
    missing = [name for name in names if name.lower() not in found]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(names)} files are missing in {folder}.",
            expected=f"{len(names)} files such as {names[0]}",
            found=f"no {some(missing)}",
            remedy=remedy,
        )
    return [found[name.lower()] for name in names]


def some(names: Iterable[object]) -> str:
    """Return the first five of `names` in one line, and how many more there are."""
    listed = [str(name) for name in names]
    rest = len(listed) - _NAMED
    return ", ".join(listed[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _listing(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir())
    return some(names) if names else "an empty folder"
