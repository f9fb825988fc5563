"""What the store holds: every entry, finished or not, and the room that networks and benchmarks take."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from percepnet.errors import InputError
from percepnet.responses.store import CONTENT, MAKING, Entry
from percepnet.sources.marker import look

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PARTIAL = ".partial"
UNKNOWN = "?"
_NAME = re.compile(r"[0-9a-f]{32}(-[0-9a-f]{12})?(\.partial)?")  # nothing else is ours to remove

State = Literal["finished", "running", "partial", "damaged"]


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry of the store.

    Attributes:
        folder: Where it lies.
        state: `finished`; `running` while somebody makes it; `partial` if nobody does; `damaged`.
        network: Whose responses it holds, or the baseline whose distances; `?` where it does not say.
        benchmark: Of which images.
        statistics: That are kept at some tap.
        pairs: Image pairs, all of them.
        size: In bytes.
        made: When its last shard was written, in seconds of the epoch.
        used: When it was last read or written.
    """

    folder: Path
    state: State
    network: str
    benchmark: str
    statistics: tuple[str, ...]
    pairs: int
    size: int
    made: float
    used: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What the entries of one network, or of one benchmark, take together."""

    of: Literal["total", "network", "benchmark"]
    name: str
    entries: int
    size: int


def entries(root: Path) -> list[Kept]:
    """Return everything in a store, by network and benchmark; nothing is changed, and nothing hashed."""
    kept = [_kept(folder) for folder in folders(root)]
    return sorted(kept, key=lambda one: (one.network, one.benchmark, one.statistics, one.folder.name))


def usage(kept: Sequence[Kept]) -> list[Usage]:
    """Return the room that entries take: in all, then by network and by benchmark, the largest first."""
    total = Usage("total", "", len(kept), sum(one.size for one in kept))
    networks, benchmarks = defaultdict(list), defaultdict(list)
    for one in kept:
        networks[one.network].append(one.size)
        benchmarks[one.benchmark].append(one.size)
    by_network = [Usage("network", name, len(sizes), sum(sizes)) for name, sizes in networks.items()]
    by_benchmark = [Usage("benchmark", name, len(sizes), sum(sizes)) for name, sizes in benchmarks.items()]
    return [total, *sorted(by_network, key=_largest_first), *sorted(by_benchmark, key=_largest_first)]


def _largest_first(one: Usage) -> tuple[int, str]:
    return -one.size, one.name


def folders(root: Path) -> Iterator[Path]:
    """Yield the folders of all entries, finished or not."""
    if root.is_dir():
        yield from sorted(path for path in root.iterdir() if _NAME.fullmatch(path.name) and path.is_dir())


def lock_beside(folder: Path) -> Path:
    """Return the lock that the maker of an entry holds: that of all entries from the same passes."""
    return folder.with_name(folder.name.removesuffix(PARTIAL).partition("-")[0] + ".lock")


def is_held(lock: Path) -> bool:
    """Return whether a lock is held by somebody who is not known to be dead; nobody is waited for."""
    sight = look(lock)
    if sight is None:
        return False
    owner = sight.owner()
    return owner is None or not owner.is_gone()


def sizes(folder: Path) -> tuple[int, float]:
    """Return the bytes in a folder, and when the last of its shards was written; 0 if it is gone."""
    size, latest = 0, 0.0
    for path in folder.rglob("*"):
        try:
            state = path.stat()
        except FileNotFoundError:  # a maker at work renames
            continue
        size += state.st_size
        if path.name != CONTENT:
            latest = max(latest, state.st_mtime)
    return size, latest


def _kept(folder: Path) -> Kept:
    content = _content(folder)
    key, taps = content.get("key", {}), content.get("taps", [])
    size, made = sizes(folder)
    return Kept(
        folder,
        _state(folder),
        str(content.get("network") or key.get("baseline") or key.get("weights", UNKNOWN)[:12]),
        str(content.get("benchmark") or key.get("benchmark", UNKNOWN)[:12]),
        tuple(sorted({name for tap in taps for name in tap.get("statistics", ())})),
        int(content.get("pairs", 0)),
        size,
        made,
        max(made, _changed(folder / CONTENT)),
    )


def _content(folder: Path) -> dict[str, Any]:
    """Return what an entry says of itself, as far as it can be read."""
    path = folder / (CONTENT if (folder / CONTENT).exists() else MAKING)
    try:
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        known = {"key", "taps", "pairs"} <= {*loaded}
    except (OSError, ValueError, TypeError):
        return {}
    return loaded if known else {}


def _state(folder: Path) -> State:
    if folder.suffix == PARTIAL:
        return "running" if is_held(lock_beside(folder)) else "partial"
    try:
        shards = Entry(folder).content["shards"]
    except InputError:
        return "damaged"
    return "finished" if all((folder / name).is_file() for name in shards) else "damaged"


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
