"""The cache folder: where it is, how a file gets into it whole, and who may write there."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import secrets
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from percepnet.errors import InputError
from percepnet.sources.lease import hold
from percepnet.sources.version import forget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from percepnet.sources.lease import Lease

logger = logging.getLogger(__name__)

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_UNWRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST})
_ELSEWHERE = "sources.cache=DIR (or PERCEPNET_CACHE) moves the cache, results=DIR the results"


def cache_root(setting: str | None = None) -> Path:
    """Return the absolute cache folder, which need not exist yet.

    Args:
        setting: From the configuration; wins over $PERCEPNET_CACHE, which wins over
            $XDG_CACHE_HOME/percepnet, which wins over ~/.cache/percepnet.
    """
    chosen = setting or os.environ.get("PERCEPNET_CACHE")
    if not chosen:
        chosen = os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "percepnet")  # noqa: PTH118
    return Path(chosen).expanduser().absolute()


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield an empty file beside `path` that takes its place, whole, when the block ends well.

    After an exception `path` is what it was before and the temporary is gone.

    Raises:
        InputError: The disk is full, or the folder cannot be written.
    """
    with scratch_file(path) as temporary:
        yield temporary
        settle(temporary, path)


@contextmanager
def scratch_file(path: Path) -> Iterator[Path]:
    """Yield an empty temporary file beside `path`, on the same file system, removed at the end.

    Raises:
        InputError: The disk is full, or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    with explained(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.touch(exist_ok=False)
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def part_file(path: Path) -> Iterator[Path]:
    """Yield the file of what has come of `path` so far, perhaps to a process that was killed.

    Unlike a temporary it outlives a failure, so that a later call brings the rest; an empty one does not.
    Only for who holds the folder's lock.

    Raises:
        InputError: The disk is full, or the folder cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    with explained(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
        try:
            yield part
        finally:
            if part.is_file() and not part.stat().st_size:
                part.unlink()
            if not part.exists():
                forget(part)


def settle(temporary: Path, path: Path) -> None:
    """Give a whole file its final name, so that it has it after a power cut too."""
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


@contextmanager
def lock(path: Path, *, wait: bool = True, judge: bool = False) -> Iterator[Lease]:
    """Hold the lock file `path`, alone among all processes; a dead owner's is taken over.

    Args:
        path: The lock file, which is there only while somebody holds it.
        wait: Until it is free.
        judge: Where `wait` is false: watch an owner on another host until it is known to be alive or dead.

    Raises:
        BusyError: Somebody holds it, and `wait` is false.
        InputError: The folder of `path` cannot be written.
    """

    def told(owner: str) -> None:
        logger.info("waiting for %s: another process is at work there (%s)", path, owner)

    with ExitStack() as held:
        with explained(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            lease = held.enter_context(hold(path, wait=wait, judge=judge, told=told))
        yield lease


def remove_leftovers(folder: Path) -> None:
    """Remove the temporaries that killed processes left in `folder`; only for who holds its lock."""
    for leftover in folder.glob(".*.tmp"):
        leftover.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal, without holding the file in memory.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read",
            expected="a file that this user may read",
            found=error.strerror or str(error),
            remedy="correct its permissions, or delete it",
        ) from error


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn the two things that go wrong with a cache folder into messages for the user.

    Raises:
        InputError: The disk is full, or the folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _full(folder) from error
        if error.errno in _UNWRITABLE and _concerns(error, folder):
            raise _unwritable(folder, error) from error
        raise


def _concerns(error: OSError, folder: Path) -> bool:
    """Return whether the error is about `folder`, what lies in it or what it lies in."""
    if not isinstance(error.filename, str | os.PathLike):
        return False
    culprit = Path(error.filename)
    return culprit.is_relative_to(folder) or folder.is_relative_to(culprit)


def _full(folder: Path) -> InputError:
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    free = shutil.disk_usage(existing).free
    return InputError(
        f"the disk is full: nothing more can be written in {folder}",
        expected="room for the file",
        found=f"{free / 1e6:.1f} MB free (a quota may leave less)",
        remedy=f"free some space, or use another disk: {_ELSEWHERE}",
    )


def _unwritable(folder: Path, error: OSError) -> InputError:
    return InputError(
        f"{folder} cannot be written",
        expected="a folder that this user may write in",
        found=f"{error.strerror}: {error.filename}",
        remedy=f"correct its permissions, or use another folder: {_ELSEWHERE}",
    )


def sync(path: Path) -> None:
    """Wait until `path`, a file or a folder, is on the disk: a rename alone does not survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
