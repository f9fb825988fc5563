"""Whether an entry of the store is what was written: its files, their bytes, their shapes and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError, safe_open

from percepnet.errors import InputError
from percepnet.responses.store import CONTENT, POSITIONS
from percepnet.sources.cache import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from percepnet.responses.store import Entry


def problems(entry: Entry) -> Iterator[tuple[Path, str]]:
    """Yield every damaged file of a finished entry and what is wrong with it."""
    try:
        content = entry.content
        kept = {tap["name"]: [*tap["statistics"], POSITIONS] for tap in content["taps"]}
        names, hashes = list(content["shards"]), dict(content.get("sha256", {}))
    except (InputError, KeyError, TypeError, ValueError) as error:
        yield entry.folder / CONTENT, f"cannot be read: {_last(error)}"
        return
    tensors = {f"{tap}|{kind}" for tap, kinds in kept.items() for kind in kinds}
    found = [
        (entry.folder / name, problem)
        for name in names
        for problem in shard_problems(entry.folder / name, hashes.get(name), tensors)
    ]
    yield from found
    if not found and (rows := sum(_rows(entry.folder / name) for name in names)) != entry.rows:
        yield entry.folder / CONTENT, f"{rows} pairs in the shards, not {entry.rows}"


def shard_problems(path: Path, said: str | None = None, tensors: set[str] | None = None) -> Iterator[str]:
    """Yield what is wrong with a shard: the first of what makes the rest pointless."""
    try:
        if said and sha256(path) != said:
            yield "other bytes than were written"
            return
        with safe_open(path, framework="numpy") as file:
            names = {*file.keys()}
            if not names:
                yield "it is empty"
            if missing := (tensors or names) - names:
                yield f"{len(missing)} statistics are missing: {', '.join(sorted(missing)[:3])}"
            if len({file.get_slice(name).get_shape()[0] for name in names}) > 1:
                yield "statistics of different numbers of pairs"
            if bad := [name for name in sorted(names) if not np.isfinite(file.get_tensor(name)).all()]:
                yield f"not finite: {', '.join(bad[:3])}"
    except (OSError, SafetensorError, InputError) as error:
        yield f"cannot be read: {_last(error)}"


def _rows(path: Path) -> int:
    """Return the pairs in a whole shard."""
    with safe_open(path, framework="numpy") as file:
        return int(file.get_slice(next(iter(file.keys()))).get_shape()[0])


def _last(error: Exception) -> str:
    return str(error.__cause__ or error).strip().splitlines()[0]
