"""Files carried from one folder to another, each under its final name only when every byte has arrived."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from percepnet.errors import InputError
from percepnet.sources.cache import atomic_file, sha256

if TYPE_CHECKING:
    from pathlib import Path


def carry(folder: Path, to: Path) -> list[Path]:
    """Copy a folder's files to another one and return them; locks and half-written files stay behind."""
    carried = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.is_file() and not path.name.startswith("."):
            copy(path, to / path.name, sha256(path))
            carried.append(to / path.name)
    return carried


def copy(path: Path, target: Path, digest: str) -> None:
    """Copy a file; it gets its final name only when every byte has arrived.

    Raises:
        InputError: The copy has another hash than the original: the disk or the folder is at fault.
    """
    with atomic_file(target) as temporary:
        shutil.copyfile(path, temporary)
        if (found := sha256(temporary)) != digest:
            raise InputError(
                f"{path} changed while it was copied to {target.parent}",
                expected=f"sha256 {digest}",
                found=f"sha256 {found}",
                remedy="try again; if it fails again, one of the two disks is damaged",
            )
