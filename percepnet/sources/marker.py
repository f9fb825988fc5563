"""The file of a lock: created whole or not at all, looked at, renewed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from percepnet.sources.process import Process

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sight:
    """A lock file as it is seen: it changes whenever its owner renews it."""

    text: str
    inode: int
    renewed: int

    def __str__(self) -> str:
        owner = self.owner()
        return f"process {owner.pid} on {owner.host}" if owner else "an unknown process"

    def owner(self) -> Process | None:
        """Return the process that made the file, or None if it does not say."""
        with suppress(ValueError, TypeError):
            said = json.loads(self.text)
            return Process(**{name: said[name] for name in ("host", "place", "pid", "born")})
        return None


def right_to(path: Path, text: str) -> Path:
    """Return the file whose maker alone may replace or remove the lock file in which `text` stands."""
    return path.with_name(f".{path.name}.{hashlib.sha256(text.encode()).hexdigest()[:16]}.right")


def created(path: Path, text: str) -> bool:
    """Create a file, and return whether that was granted to us: False if there is one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    try:
        os.write(descriptor, text.encode())
    except OSError as error:
        path.unlink(missing_ok=True)
        error.filename = str(path)
        raise
    finally:
        os.close(descriptor)
    return True


def look(path: Path) -> Sight | None:
    """Return what is there; opened, because an NFS client asks the server then, and not at a mere stat."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            state = os.fstat(descriptor)
            text = os.read(descriptor, 4096).decode(errors="replace")
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESTALE):
            return None
        raise
    return Sight(text, state.st_ino, state.st_mtime_ns)


def renewed(path: Path, text: str, now: int) -> bool:
    """Set the file's time, and return whether it is still ours."""
    with path.open("rb") as file:
        if file.read(4096).decode(errors="replace") != text:
            return False
        os.utime(file.fileno() if os.utime in os.supports_fd else path, ns=(now, now))
    return True
