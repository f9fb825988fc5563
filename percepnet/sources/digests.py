"""The sha256 of files, remembered: a file that has not changed is not read again."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from percepnet.errors import PercepnetError
from percepnet.sources.cache import atomic_file, sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_log = logging.getLogger(__name__)
_SETTLED_NS = 2_000_000_000
"""A file is remembered once it is this old: a later change within the clock's grain would go unnoticed.

Git calls such an entry of its index racily clean. Two seconds is the grain of FAT, the coarsest in use.
"""

_Stamp = tuple[int, int, int, int]
"""Size, times of the last change of content and of status in ns, inode.

The time of status is there for `cp -p` onto a file: it may keep size, inode and time of content as they were,
since databases of uncompressed images have thousands of files of one size and age.
"""


def digests(paths: Iterable[Path], memory: Path) -> dict[Path, str]:
    """Return the sha256 of each file, reading only those that are new or have changed since they were read.

    Any number of processes may use one memory: the last writer wins, and what it did not know is read again.
    A memory that cannot be written is a loss of time, not an error.

    Args:
        paths: Files, in any folders.
        memory: Folder where the digests are kept, one small file per folder of `paths`.

    Raises:
        InputError: A file cannot be read.
    """
    found: dict[Path, str] = {}
    ordered = sorted(set(paths), key=lambda path: (path.parent, path.name))
    for folder, files in groupby(ordered, key=lambda path: path.parent):
        page = _Page.of(folder.resolve(), memory)
        found |= {path: page.digest(path) for path in files}
        page.save()
    return found


@dataclass
class _Page:
    """What is remembered of one folder: stamp and sha256 by file name."""

    path: Path
    folder: Path
    known: dict[str, tuple[_Stamp, str]]
    news: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path, memory: Path) -> _Page:
        name = hashlib.sha256(str(folder).encode(errors="surrogateescape")).hexdigest()[:32]
        path = memory / f"{name}.json"
        return cls(path, folder, dict(_read(path, folder)))

    def digest(self, path: Path) -> str:
        before = _stamp(path)
        stamp, digest = self.known.get(path.name, (None, ""))
        if before is not None and stamp == before:
            return digest
        digest = sha256(path)
        if before is not None and before == _stamp(path) and _settled(before):
            self.known[path.name] = (before, digest)
            self.news.append(path.name)
        return digest

    def save(self) -> None:
        if not self.news:
            return
        # what others have learnt meanwhile is kept
        merged = dict(_read(self.path, self.folder)) | {name: self.known[name] for name in self.news}
        files = {name: [*stamp, digest] for name, (stamp, digest) in merged.items()}
        try:
            with atomic_file(self.path) as temporary:
                temporary.write_text(json.dumps({"folder": str(self.folder), "files": files}))
        except PercepnetError as error:
            _log.info("digests are not remembered: %s", error)


def _read(path: Path, folder: Path) -> Iterator[tuple[str, tuple[_Stamp, str]]]:
    """Yield what a page holds; nothing where it is missing, damaged or of another folder."""
    try:
        page = json.loads(path.read_text())
        files = page["files"].items() if page["folder"] == str(folder) else ()
        for name, (size, changed, status, inode, digest) in files:
            yield name, ((size, changed, status, inode), digest)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return


def _stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None  # reading it says what is wrong
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _settled(stamp: _Stamp) -> bool:
    return max(stamp[1], stamp[2]) + _SETTLED_NS < time.time_ns()
