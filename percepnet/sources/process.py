"""Which process it was, told apart from a later one that has got its number, and from another host's."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """A process, for ever.

    Attributes:
        host: Name of its host, for people: two hosts may share a name.
        place: The start of the kernel and the namespace in which `pid` has a meaning; "" where unknown.
        pid: Its number there.
        born: When it began, in the kernel's ticks; "" where unknown.
    """

    host: str
    place: str
    pid: int
    born: str

    @classmethod
    def here(cls) -> Process:
        """Return this process."""
        pid = os.getpid()
        return cls(platform.node(), _place(), pid, _born(pid) or "")

    def is_near(self) -> bool:
        """Return whether this process can tell if that one lives."""
        return bool(self.place and self.born) and self.place == _place()

    def is_gone(self) -> bool:
        """Return whether it is dead for certain; never so for one that cannot be seen from here."""
        if not self.is_near():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass  # somebody else's
        return _born(self.pid) not in (self.born, None)


@cache
def _place() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:  # no Linux: its owner is watched like one on another host
        return ""


def _born(pid: int) -> str | None:
    """Return when a process began; "" of one that has ended and waits for its parent, None if unreadable."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    return "" if state in "ZX" else fields[18]
