"""A lock that outlives no owner: a file that its owner renews, and that others take over when it does not.

It needs nothing of a file system but exclusive creation and atomic renaming, which NFS has too (there a
kernel's lock may be missing, or be kept for a dead client). No two clocks are compared: who waits watches the
file change, by a monotonic clock of its own.

filelock's SoftFileLease is built alike, but in release 4.2 it takes nothing over where the file system cannot
exchange two names in one step (NFS, SMB), and it waits for ever for a marker that was left empty.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from percepnet.errors import PercepnetError
from percepnet.sources.marker import Sight, created, look, renewed, right_to
from percepnet.sources.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BEAT_S = 3.0
"""An owner renews its file this often."""
LEASE_S = 30.0
"""A file that was not renewed for so long, as seen by who waits, has no owner any more."""
EMPTY_S = 3.0
"""The same for a file without a word: its maker died between creating and writing it."""
LOOK_S = 0.5
"""Who waits looks this often, after a few quicker looks."""
_SOON_S = 0.01
_GLANCE_S = 1.0  # no more is counted between two looks: if I stood still, perhaps the owner did too


class BusyError(PercepnetError):
    """Another process holds the lock."""


class LostError(PercepnetError):
    """The lock was taken over by another process, because this one stood still for too long."""


@dataclass(frozen=True)
class Lease:
    """A lock that is held.

    Attributes:
        path: The lock file.
        text: What stands in it: the owner, and a token that no other lock has.
    """

    path: Path
    text: str
    _ended: threading.Event = field(default_factory=threading.Event, repr=False)

    def check(self) -> None:
        """Make sure that the lock is still held; to be called before something is published.

        Raises:
            LostError: Another process has taken it over.
        """
        if (sight := look(self.path)) is None or sight.text != self.text:
            raise LostError(
                f"the lock {self.path} was lost: another process goes on with the work",
                expected=f"a process that never stands still for {LEASE_S:g} s",
                found=str(sight) if sight else "no lock file",
                remedy="type the same command again: it takes what the other process has finished",
            )

    def beat(self) -> None:
        """Renew the file until the lock is released or lost."""
        last = 0
        while not self._ended.wait(BEAT_S):
            # a time that only grows, so that every beat shows, whatever the clock does
            last = max(time.time_ns(), last + 2_000_000_000)
            with suppress(OSError):  # a server that does not answer may answer the next time
                if not renewed(self.path, self.text, last):
                    return

    def release(self) -> None:
        """Remove the file, if it is still this one's."""
        self._ended.set()
        with suppress(OSError):  # what cannot be removed is taken over once this process has ended
            right = right_to(self.path, self.text)
            if created(right, self.text):  # else it is being taken over
                try:
                    if (sight := look(self.path)) and sight.text == self.text:
                        self.path.unlink()
                finally:
                    right.unlink()


@contextmanager
def hold(
    path: Path, *, wait: bool = True, judge: bool = False, told: Callable[[str], object] = str
) -> Iterator[Lease]:
    """Hold the lock file `path`, alone among all processes and threads.

    Args:
        path: In a folder that exists.
        wait: Until whoever holds it releases it or dies.
        judge: Where `wait` is false: watch an owner on another host until it is known to be alive or dead.
        told: Is given the owner's description once, if it has to be waited for.

    Raises:
        BusyError: Somebody holds it, and `wait` is false.
        OSError: The lock file cannot be made.
    """
    text = json.dumps(asdict(Process.here()) | {"token": secrets.token_hex(16)})
    lease = _acquired(path, text, wait=wait, judge=judge, told=told)
    try:
        threading.Thread(target=lease.beat, name=f"lease {path.name}", daemon=True).start()
        yield lease
    finally:
        lease.release()


def _acquired(path: Path, text: str, *, wait: bool, judge: bool, told: Callable[[str], object]) -> Lease:
    watch, pause, waits = _Watch(), _SOON_S, False
    while not created(path, text):
        sight = look(path)
        if sight is None:
            time.sleep(_SOON_S)
            continue
        if watch.is_over(sight):
            if _taken_over(path, sight, text, watch):
                break
        elif not wait and not (judge and watch.is_open(sight)):
            raise BusyError(f"{path} is held by {sight}")
        elif wait and not waits:
            waits = True
            told(str(sight))
        time.sleep(pause)
        pause = min(2 * pause, LOOK_S)
    return Lease(path, text)


@dataclass
class _Watch:
    """Tells from looks at a file alone whether its owner has gone."""

    first: Sight | None = None
    seen: Sight | None = None
    still: float = 0.0
    at: float = 0.0
    rights: dict[Path, _Watch] = field(default_factory=dict)

    def is_over(self, sight: Sight) -> bool:
        """Return whether the owner is dead for certain, or has not renewed the file for too long."""
        now = time.monotonic()
        self.still = self.still + min(now - self.at, _GLANCE_S) if sight == self.seen else 0.0
        self.seen, self.at = sight, now
        self.first = self.first or sight
        if (owner := sight.owner()) is not None:
            return owner.is_gone() or self.still >= LEASE_S
        return self.still >= (LEASE_S if sight.text else EMPTY_S)

    def is_open(self, sight: Sight) -> bool:
        """Return whether it may still turn out either way: the owner is elsewhere, not seen to renew."""
        owner = sight.owner()
        return sight == self.first and not (owner is not None and owner.is_near())


def _taken_over(path: Path, sight: Sight, text: str, watch: _Watch) -> bool:
    """Put our file in the place of one that has no owner any more; return whether that was granted to us.

    Of all who see it so, and of an owner that wakes up to release it, one alone gets the right to replace it.
    """
    right = right_to(path, sight.text)
    if not created(right, text):
        _removed_if_over(right, watch)
        return False
    claim = path.with_name(f".{path.name}.{secrets.token_hex(8)}.claim")
    try:
        if not created(claim, text) or look(path) != sight:
            return False
        claim.replace(path)
        return (now := look(path)) is not None and now.text == text
    finally:
        claim.unlink(missing_ok=True)
        right.unlink(missing_ok=True)


def _removed_if_over(right: Path, watch: _Watch) -> None:
    """Remove the right of one that died on the way; a rename first, so that no other's is removed."""
    sight = look(right)
    if sight is None or not watch.rights.setdefault(right, _Watch()).is_over(sight):
        return
    aside = right.with_name(f"{right.name}.{secrets.token_hex(4)}.claim")
    with suppress(FileNotFoundError):
        right.rename(aside)
        if (moved := look(aside)) is not None and moved.text != sight.text:
            created(right, moved.text)
        aside.unlink()
