"""A zip or tar archive laid out as files: all of them or none, nothing but files, nothing elsewhere."""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from percepnet.errors import InputError
from percepnet.sources.cache import explained

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_FILES = 2_000_000
"""No database of images has more; an archive of empty files could."""

_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError),
    # an unknown compression, a password, a bad name
    *(NotImplementedError, RuntimeError, ValueError),
)
_CHUNK = 1 << 20
_FOREIGN = "__MACOSX"  # what one system's archiver adds beside the files


def unpack(archive: Path, folder: Path, *, limit: int, inside: str = "") -> None:
    """Lay the files of a zip or tar archive out in `folder`, in the archive's own order of folders.

    They are written beside `folder`, which appears when all are there: a process that is killed leaves
    nothing that could be taken for the whole. Only for who alone works there.

    Args:
        archive: The file.
        folder: Must not exist.
        limit: Bytes that all files together may have.
        inside: A folder that is left off if everything in the archive lies in it.

    Raises:
        InputError: The archive is damaged, holds anything but plain files below its own folder, or more than
            `limit`; the disk is full, or the folder cannot be written.
    """
    temporary = folder.with_name(f".{folder.name}.unpacking")
    with explained(folder.parent):
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        try:
            _write_all(archive, temporary, limit)
            os.sync()
            _top(temporary, inside).rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _write_all(archive: Path, folder: Path, limit: int) -> None:
    left, count = limit, 0
    try:
        for name, source in _files(archive):
            left -= _write(source, folder / _safe(archive, name), left)
            count += 1
            if left < 0 or count > MOST_FILES:
                raise _refusal(
                    archive,
                    "unpacks to more than it should",
                    f"{limit / 1e6:.1f} MB in {MOST_FILES} files at most",
                    name,
                )
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise _refusal(archive, "holds two files at one place", "one file per path", str(error)) from error
    except _DAMAGE as error:
        words = f"{type(error).__name__}: {error}"
        raise _refusal(archive, "cannot be unpacked", "a whole zip or tar archive", words) from error


def _files(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield name and contents of every file; refuse links, devices and all else that is none."""
    yield from _zipped(archive) if zipfile.is_zipfile(archive) else _taped(archive)


def _zipped(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(archive) as package:
        for info in package.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise _no_file(archive, info.filename)
            if not info.is_dir() and not _is_foreign(info.filename):
                with package.open(info) as source:
                    yield info.filename, source


def _taped(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(archive) as package:
        for info in package:
            if not (info.isfile() or info.isdir()):
                raise _no_file(archive, info.name)
            source = package.extractfile(info)
            if source is not None and not _is_foreign(info.name):
                with source:
                    yield info.name, source
        # The end of the archive comes before that of the file, where the checksum is.
        while package.fileobj and package.fileobj.read(_CHUNK):
            pass


def _write(source: IO[bytes], path: Path, most: int) -> int:
    """Write one file of at most `most` bytes and a chunk; return how many it has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with path.open("xb") as target:
        while written <= most and (chunk := source.read(_CHUNK)):
            target.write(chunk)
            written += len(chunk)
    return written


def _safe(archive: Path, name: str) -> PurePosixPath:
    """Return where a member goes, relative to the folder; refuse a place outside it."""
    path = PurePosixPath(name)
    drive = len(name) > 1 and name[1] == ":"
    if path.is_absolute() or drive or ".." in path.parts or "\\" in name or not path.parts:
        raise _refusal(archive, "reaches outside its folder", "paths below it", repr(name))
    return path


def _is_foreign(name: str) -> bool:
    return name.split("/", 1)[0] == _FOREIGN


def _top(folder: Path, inside: str) -> Path:
    """Return the folder `inside` if nothing else is in `folder`, else `folder`."""
    lone = [path for path in folder.iterdir() if path.is_dir()]
    within = len(lone) == 1 and len(list(folder.iterdir())) == 1 and inside
    return lone[0] if within and lone[0].name.lower() == inside.lower() else folder


def _no_file(archive: Path, name: str) -> InputError:
    return _refusal(archive, "holds a link or a device", "plain files and folders", repr(name))


def _refusal(archive: Path, what: str, expected: str, found: str) -> InputError:
    return InputError(
        f"{archive} {what}, so nothing of it was kept",
        expected=expected,
        found=found,
        remedy=f"delete it, so that it is fetched again ({archive.stat().st_size} bytes came); "
        "if it is what the publisher offers, unpack it yourself and name the folder: benchmark.root=FOLDER",
    )
