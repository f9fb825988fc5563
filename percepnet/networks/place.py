"""Where weights lie, apart from build.py: to know it, torch is not needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where weights lie and may be looked for.

    Attributes:
        folder: The cache of checkpoints.
        mirrors: Folders that are searched before the network is.
        network: Whether the network may be used at all.
    """

    folder: Path
    mirrors: tuple[Path, ...] = ()
    network: bool = True
