"""Which version of which address a half-downloaded file is part of, remembered beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the file at one address.

    Attributes:
        address: sha256 of the address, which may hold a password.
        validator: Its ETag or Last-Modified, by which a server tells whether it has changed.
        length: Bytes of the whole file, None where the server does not say.
    """

    address: str
    validator: str
    length: int | None

    @classmethod
    def of(cls, url: str, validator: str, length: int | None) -> Version:
        """Return the version of the file at `url` that a server describes."""
        return cls(_digest(url), validator, length)


def remembered(part: Path, url: str) -> Version | None:
    """Return the version that `part` belongs to; None if none is known, or it is that of another address."""
    try:
        content = json.loads(_beside(part).read_text(encoding="utf-8"))
        version = Version(**content)
    except (OSError, ValueError, TypeError):
        return None
    known = isinstance(version.validator, str) and isinstance(version.length, int | None)
    fits = known and version.address == _digest(url) and part.is_file()
    too_long = version.length is not None and fits and part.stat().st_size > version.length
    return version if fits and not too_long else None


def remember(part: Path, version: Version) -> None:
    """Write down which version `part` belongs to."""
    _beside(part).write_text(json.dumps(asdict(version)), encoding="utf-8")


def forget(part: Path) -> None:
    """Remove what was written down: `part` is whole, or worth nothing."""
    _beside(part).unlink(missing_ok=True)


def _beside(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()
