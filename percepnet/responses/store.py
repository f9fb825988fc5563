"""The store of pair statistics: content-addressed, written shard by shard, complete or not there.

An entry is a folder named by the hash of everything that changes its numbers. While it is made it is called
`KEY.partial` and gathers shards, each renamed into place when whole; the folder gets its final name last.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from percepnet.errors import InputError
from percepnet.sources.cache import atomic_file, explained, remove_leftovers, sha256, sync

if TYPE_CHECKING:
    from pathlib import Path

    from percepnet.responses.plan import Shard
    from percepnet.sources.lease import Lease

Float32Array = NDArray[np.float32]
Arrays = Mapping[str, Mapping[str, Float32Array]]
"""tap -> statistic -> `[n, K]`; `positions` is `[n]`, the number of positions H * W."""

POSITIONS = "positions"
CONTENT = "entry.json"
"""The file of an entry that says what it holds."""
MAKING = "making.json"
"""The file of an unfinished one that says what it will hold."""


def key_of(content: Mapping[str, Any]) -> str:
    """Return the address of an entry: a hash of everything that determines its numbers."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Entry:
    """Finished statistics of every pair at every tap.

    Attributes:
        folder: Where its files lie.
    """

    folder: Path

    @cached_property
    def content(self) -> dict[str, Any]:
        """What the entry holds: key, network, benchmark, taps, shards and their hashes.

        Raises:
            InputError: It cannot be read.
        """
        path = self.folder / CONTENT
        try:
            loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            missing = {"key", "taps", "stages", "pairs", "shards"} - {*loaded}
        except (OSError, ValueError, TypeError) as error:
            raise self.damaged(path, str(error)) from error
        if missing:
            raise self.damaged(path, f"no {', '.join(sorted(missing))}")
        return loaded

    def damaged(self, path: Path, found: str) -> InputError:
        """Return the error that says which file is damaged and what to do."""
        return InputError(
            f"the store's entry {self.folder.name} is damaged",
            expected=f"statistics in {path}",
            found=found,
            remedy=f"delete the folder {self.folder} (or all damaged ones: percepnet store verify --delete);"
            " the next run makes it anew",
        )

    @property
    def taps(self) -> list[str]:
        """Names of the taps, in forward order."""
        return [tap["name"] for tap in self.content["taps"]]

    def holding(self, statistics: Sequence[str]) -> list[str]:
        """Return the taps, in forward order, at which all of these statistics are kept.

        Raises:
            InputError: They are kept nowhere.
        """
        taps = [tap["name"] for tap in self.content["taps"] if {*statistics} <= {*tap["statistics"]}]
        if not taps:
            kept = sorted({name for tap in self.content["taps"] for name in tap["statistics"]})
            raise InputError(
                "a readout needs statistics that are not stored",
                expected=", ".join(statistics),
                found=", ".join(kept),
            )
        return taps

    def depth(self, tap: str) -> float:
        """Return the depth fraction of a tap."""
        return next(float(one["depth"]) for one in self.content["taps"] if one["name"] == tap)

    @property
    def rows(self) -> int:
        """Number of image pairs."""
        return int(self.content["pairs"])

    @property
    def stages(self) -> list[str]:
        """Names of the taps that the architecture lists as its stages."""
        return list(self.content["stages"])

    def shards(self, taps: Sequence[str], statistics: Sequence[str]) -> Iterator[Arrays]:
        """Yield shard after shard what is kept at some taps, so that memory is bounded by a shard.

        Raises:
            InputError: A shard is missing, or not what was written.
        """
        for name in self.content["shards"]:
            try:
                self._require_as_written(name)
                with safe_open(self.folder / name, framework="numpy") as file:
                    yield {
                        tap: {kind: file.get_tensor(f"{tap}|{kind}") for kind in (*statistics, POSITIONS)}
                        for tap in taps
                    }
            except (OSError, SafetensorError) as error:
                raise self.damaged(self.folder / name, str(error)) from error

    def _require_as_written(self, name: str) -> None:
        """Make sure that a shard has the bytes that were written; entries of old have no hashes."""
        path, said = self.folder / name, self.content.get("sha256", {}).get(name)
        state = path.stat()
        if said and said != _sha256(path, state.st_size, state.st_mtime_ns):
            raise self.damaged(path, "other bytes than were written")


@lru_cache(maxsize=1 << 14)
def _sha256(path: Path, size: int, changed: int) -> str:
    """Return the hash of a file, once per process while it does not change: readouts share their shards."""
    del size, changed
    return sha256(path)


@dataclass(frozen=True)
class Unfinished:
    """An entry that is being made: finished shards survive the death of the process that makes them.

    Attributes:
        folder: Where the finished shards lie.
        final: The entry's name once all are there.
        lease: The lock of its maker; nothing is published by one that has lost it.
    """

    folder: Path
    final: Path
    lease: Lease | None = None

    @classmethod
    def at(cls, root: Path, key: str, lease: Lease | None = None) -> Unfinished:
        """Return the place for an entry, with the shards that an earlier process has finished.

        Raises:
            InputError: The store cannot be written.
        """
        folder = root / f"{key}.partial"
        with explained(root):
            folder.mkdir(parents=True, exist_ok=True)
            remove_leftovers(folder)
        return cls(folder, root / key, lease)

    def describe(self, content: Mapping[str, Any]) -> None:
        """Say what is being made, for who lists the store; not needed to go on."""
        self._say(MAKING, content)

    def missing(self, plan: Sequence[Shard]) -> list[Shard]:
        """Return the shards that are not there, whole."""
        return [shard for shard in plan if not is_whole(self.folder / _file_name(shard))]

    def write(self, shard: Shard, arrays: Arrays) -> None:
        """Write one whole shard."""
        self._check()
        flat = {
            f"{tap}|{kind}": np.ascontiguousarray(values)
            for tap, kinds in arrays.items()
            for kind, values in kinds.items()
        }
        with atomic_file(self.folder / _file_name(shard)) as path:
            path.write_bytes(save(flat))

    def finish(self, plan: Sequence[Shard], content: Mapping[str, Any]) -> Entry:
        """Give the entry its final name once every shard is there."""
        if missing := self.missing(plan):
            raise RuntimeError(f"{len(missing)} shards of {self.final.name} were never written")
        names = [_file_name(shard) for shard in plan]
        hashes = {name: sha256(self.folder / name) for name in names}
        self._say(CONTENT, {**content, "shards": names, "sha256": hashes})
        (self.folder / MAKING).unlink(missing_ok=True)
        self._check()
        if self.final.exists() and not (self.final / CONTENT).exists():
            discard(self.final)  # somebody deleted the half of it
        with explained(self.final.parent):
            self.folder.rename(self.final)
            sync(self.final.parent)
        return Entry(self.final)

    def _say(self, name: str, content: Mapping[str, Any]) -> None:
        self._check()
        with atomic_file(self.folder / name) as path:
            path.write_text(json.dumps(content, indent=1), encoding="utf-8")

    def _check(self) -> None:
        if self.lease:
            self.lease.check()


def mark_used(folder: Path) -> None:
    """Set an entry's time of last use, where the store may be written; `store gc` goes by it."""
    with suppress(OSError):
        os.utime(folder / CONTENT)


def is_whole(shard: Path) -> bool:
    """Return whether a shard is there and as long as its header says; a power cut may have shortened it."""
    try:
        with safe_open(shard, framework="numpy"):
            return True
    except (OSError, SafetensorError):
        return False


def discard(folder: Path) -> None:
    """Remove an entry at one stroke: nobody finds it half removed, even after a kill in the middle.

    Raises:
        InputError: The store cannot be written.
    """
    aside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    with explained(folder.parent):
        folder.rename(aside)
        shutil.rmtree(aside)


def _file_name(shard: Shard) -> str:
    return f"shard-{shard.index:04d}.safetensors"
