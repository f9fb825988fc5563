"""Where an entry of the store lies, and which one serves: that asked for, or one that holds more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from percepnet.responses.store import CONTENT, Entry, key_of, mark_used

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STATISTICS = "statistics"


def family_of(key: Mapping[str, Any]) -> str:
    """Return the address without the statistics: what shares it comes from the same forward passes."""
    return key_of({name: value for name, value in key.items() if name != STATISTICS})


def address_of(key: Mapping[str, Any]) -> str:
    """Return the name of an entry's folder."""
    return f"{family_of(key)}-{key_of(key[STATISTICS])[:12]}"


def lock_of(root: Path, key: Mapping[str, Any]) -> Path:
    """Return the lock of a whole family: who asks for less than is being made waits, and passes nothing."""
    return root / f"{family_of(key)}.lock"


def find(root: Path, key: Mapping[str, Any]) -> Entry | None:
    """Return a finished entry with (at least) these statistics, marked as used today; None if there is none.

    An entry from before addresses had two parts is found too, where its statistics are exactly these.
    """
    for name in (address_of(key), key_of(key)):
        if (root / name / CONTENT).exists():
            return _used(root / name)
    wanted = {*key[STATISTICS].items()}
    for content in sorted(root.glob(f"{family_of(key)}-*/{CONTENT}")):
        if not content.parent.suffix and wanted <= {
            *Entry(content.parent).content["key"][STATISTICS].items()
        }:
            return _used(content.parent)
    return None


def _used(folder: Path) -> Entry:
    mark_used(folder)
    return Entry(folder)
