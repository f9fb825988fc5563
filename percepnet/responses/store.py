"""The store of pair statistics: content-addressed, written shard by shard, complete or not there.

An entry is a folder named by the hash of everything that changes its numbers. While it is made it is called
`KEY.partial` and gathers shards, each renamed into place when whole; the folder gets its final name last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from percepnet.errors import InputError
from percepnet.sources.cache import atomic_file

if TYPE_CHECKING:
    from pathlib import Path

    from percepnet.responses.plan import Shard

Float32Array = NDArray[np.float32]
Arrays = Mapping[str, Mapping[str, Float32Array]]
"""tap -> statistic -> `[n, K]`; `positions` is `[n]`, the number of positions H * W."""

POSITIONS = "positions"


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
        """What the entry holds: key, taps, shards, images passed."""
        loaded: dict[str, Any] = json.loads((self.folder / "entry.json").read_text(encoding="utf-8"))
        return loaded

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
            InputError: A shard is missing or damaged.
        """
        for name in self.content["shards"]:
            try:
                with safe_open(self.folder / name, framework="numpy") as file:
                    yield {
                        tap: {kind: file.get_tensor(f"{tap}|{kind}") for kind in (*statistics, POSITIONS)}
                        for tap in taps
                    }
            except (OSError, SafetensorError) as error:
                raise InputError(
                    f"the store's entry {self.folder.name} is damaged",
                    expected=f"statistics in {self.folder / name}",
                    found=str(error),
                    remedy=f"delete the folder {self.folder}; the next run makes it anew",
                ) from error


@dataclass(frozen=True)
class Unfinished:
    """An entry that is being made: finished shards survive the death of the process that makes them."""

    folder: Path
    final: Path

    @classmethod
    def at(cls, root: Path, key: str) -> Unfinished:
        """Return the place for an entry, with the shards that an earlier process has finished."""
        folder = root / f"{key}.partial"
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob(".*.tmp"):
            leftover.unlink()
        return cls(folder, root / key)

    def missing(self, plan: Sequence[Shard]) -> list[Shard]:
        """Return the shards that are not there yet."""
        return [shard for shard in plan if not (self.folder / _file_name(shard)).exists()]

    def write(self, shard: Shard, arrays: Arrays) -> None:
        """Write one whole shard."""
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
        described = {**content, "shards": [_file_name(shard) for shard in plan]}
        with atomic_file(self.folder / "entry.json") as path:
            path.write_text(json.dumps(described, indent=1), encoding="utf-8")
        self.folder.rename(self.final)
        return Entry(self.final)


def _file_name(shard: Shard) -> str:
    return f"shard-{shard.index:04d}.safetensors"
