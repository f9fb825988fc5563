"""Keeping the store sound: what nobody needs is removed, what is damaged is found; a maker is left alone."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from percepnet.errors import InputError
from percepnet.responses.hygiene import PARTIAL, entries, folders, lock_beside, sizes
from percepnet.responses.integrity import problems, shard_problems
from percepnet.responses.store import Entry, discard
from percepnet.sources.cache import explained, lock
from percepnet.sources.lease import BusyError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from percepnet.responses.hygiene import Kept

DAY_S = 86_400.0
PARTIAL_DAYS = 7.0
"""A job that was interrupted may wait so long in a queue before it goes on at its last shard."""
_MARKS = (".claim", ".right", ".lock")


@dataclass(frozen=True, slots=True)
class Removed:
    """Something that was removed from the store, or would be.

    Attributes:
        path: Where it lay.
        size: In bytes.
        reason: Why nobody needs it.
    """

    path: Path
    size: int
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something damaged in the store.

    Attributes:
        folder: The entry.
        file: The file of it.
        problem: What is wrong.
        deleted: Whether it was removed, so that the next run makes it anew.
    """

    folder: Path
    file: Path
    problem: str
    deleted: bool


def collect(root: Path, *, days: float, dry_run: bool) -> list[Removed]:
    """Return what nobody needs any more, and remove it unless this is a dry run.

    That is: entries that were not used for `days` days; unfinished ones without a maker on which nothing was
    done for as long, or for a week if that is less; and what processes left behind that were killed.
    Whoever makes an entry holds its lock, and is not disturbed.

    Raises:
        InputError: `days` is negative, or the store cannot be written.
    """
    if days < 0:
        raise InputError("days must not be negative", expected="0 or more", found=f"{days:g}")
    unneeded = [
        Removed(kept.folder, kept.size, reason) for kept in entries(root) if (reason := _reason(kept, days))
    ]
    removed = [one for one in unneeded if dry_run or _removed_unless_held(one.path)]
    return [*removed, *_leftovers(root, dry_run=dry_run)]


def verify(root: Path, *, delete: bool) -> list[Finding]:
    """Return all that is damaged, and remove it if `delete`: the entry, or a shard of an unfinished one.

    Every shard is hashed and opened, its shapes and numbers are looked at; entries that are being made are
    left alone.

    Raises:
        InputError: The store cannot be written, and something has to be removed.
    """
    findings = []
    for folder in folders(root):
        if folder.suffix == PARTIAL:
            findings += _partial_findings(folder, delete=delete)
        elif damages := list(problems(Entry(folder))):
            deleted = delete and _removed_unless_held(folder)
            findings += [Finding(folder, file, problem, deleted) for file, problem in damages]
    return findings


def _reason(kept: Kept, days: float) -> str | None:
    idle = (time.time() - kept.used) / DAY_S
    if kept.state == "running":
        return None
    if kept.state == "partial":
        return f"unfinished, nothing done for {idle:.0f} days" if idle >= min(days, PARTIAL_DAYS) else None
    return f"not used for {idle:.0f} days" if idle >= days else None


def _removed_unless_held(folder: Path) -> bool:
    """Remove an entry, unless its lock is held; one that is gone already was not removed."""
    try:
        with lock(lock_beside(folder), wait=False, judge=True):
            if not folder.exists():
                return False
            discard(folder)
            return True
    except BusyError:
        return False


def _leftovers(root: Path, *, dry_run: bool) -> Iterator[Removed]:
    """Yield what killed processes left beside the entries: halves of removed ones, marks of old locks."""
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        aside = path.is_dir() and path.name.startswith(".") and path.suffix == ".tmp"
        if not aside and not _is_old_mark(path):
            continue
        size = sizes(path)[0] if aside else path.stat().st_size
        if dry_run or _cleared(path, aside=aside):
            yield Removed(path, size, "left by a process that was killed")


def _is_old_mark(path: Path) -> bool:
    """Return whether this is the mark of a lock that nobody has renewed for a day."""
    try:
        return path.suffix in _MARKS and time.time() - path.stat().st_mtime >= DAY_S
    except FileNotFoundError:
        return False


def _cleared(path: Path, *, aside: bool) -> bool:
    with explained(path.parent):
        if aside:
            shutil.rmtree(path, ignore_errors=True)  # whoever removes it already may go on
        elif path.suffix == ".lock":
            return _released(path)
        else:
            path.unlink(missing_ok=True)
    return not path.exists()


def _released(path: Path) -> bool:
    try:
        with lock(path, wait=False, judge=True):
            return True
    except BusyError:
        return False


def _partial_findings(folder: Path, *, delete: bool) -> list[Finding]:
    """Return the damaged shards of an entry that nobody makes at present; the whole ones are kept."""
    try:
        with lock(lock_beside(folder), wait=False, judge=True):
            found = [
                Finding(folder, path, problem, delete)
                for path in sorted(folder.glob("shard-*"))
                for problem in shard_problems(path)
            ]
            if delete:
                for finding in found:
                    finding.file.unlink(missing_ok=True)
            return found
    except BusyError:
        return []
