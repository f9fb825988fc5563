"""What costs a forward pass: a network shown a benchmark. Cells that share it are known by their settings.

The address of an entry of the store needs the weights and the data; this name of a unit needs only what the
user has said, so that a sweep of a thousand cells is ordered in seconds, before torch is imported.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from percepnet.config import benchmark_nodes, is_untrained, make
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ALL = "all"
"""The name that stands for every statistic."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Statistics of one network shown one benchmark.

    Attributes:
        family: 16 hexadecimal digits for the forward passes. One process at a time makes statistics of a
            family; the store has a lock for each.
        statistics: Their names, or `all`.
    """

    family: str
    statistics: frozenset[str] = frozenset({ALL})

    @property
    def name(self) -> str:
        """What tells it from every other unit, fit for a file's name."""
        return f"{self.family}-{_digits(sorted(self.statistics))}"

    def serves(self, other: Unit) -> bool:
        """Tell whether who has this unit's statistics need not make the other's."""
        enough = ALL in self.statistics or other.statistics <= self.statistics
        return self.family == other.family and enough


def units_of(settings: Mapping[str, Any]) -> frozenset[Unit]:
    """Return the units that a cell needs, one for each of its benchmarks."""
    return frozenset(unit_of(settings, name) for name in benchmark_nodes(settings))


def unit_of(settings: Mapping[str, Any], benchmark: str) -> Unit:
    """Return what a cell needs of one of its benchmarks.

    Args:
        settings: Of the cell.
        benchmark: The benchmark's name.
    """
    family = {
        "network": _network(settings),
        "precision": settings["compute"]["precision"] + "-compiled" * settings["compute"]["compile"],
        "benchmark": settings["benchmark"][benchmark],
        "root": settings["benchmark"].get("root"),
    }
    return Unit(_digits(family), _statistics(settings))


def _digits(content: Any) -> str:  # noqa: ANN401 (whatever JSON takes)
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _network(settings: Mapping[str, Any]) -> dict[str, Any]:
    if is_untrained(settings):
        return {"arch": settings["arch"], "seed": settings["weights_seed"]}
    return {key: settings[key] for key in ("arch", "goal", "dataset", "recipe")}


def _statistics(settings: Mapping[str, Any]) -> frozenset[str]:
    """Return what is kept of the responses: what the settings name and what the readout needs."""
    named = frozenset(settings["statistics"])
    if ALL in named:
        return frozenset({ALL})
    try:
        return named | {*make(settings["readout"]).statistics}
    except InputError:
        return named  # the cell itself says what is wrong with its readout


def note(cache: Path, unit: Unit, entry: Path) -> None:
    """Remember in which folder of the store the statistics of a unit lie.

    A mere hint for the order of later sweeps: where it cannot be written nothing is lost.
    """
    place = cache / "units" / unit.name
    text = entry.name + "\n"
    try:
        if not place.exists() or place.read_text(encoding="utf-8") != text:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
    except OSError:
        return


def is_made(cache: Path, unit: Unit) -> bool:
    """Tell whether the store has an entry of which `note` was told, as far as a glance shows."""
    return any(_has_entry(cache, one) for one in (unit, Unit(unit.family)))


def _has_entry(cache: Path, unit: Unit) -> bool:
    try:
        name = (cache / "units" / unit.name).read_text(encoding="utf-8").strip()
    except OSError:
        return False
    return bool(name) and (cache / "responses" / name).is_dir()


def waves(needs: Sequence[frozenset[Unit]]) -> list[list[int]]:
    """Return the cells, by their places in `needs`, in waves of which none waits for another of its own wave.

    A unit is made by one cell; every other cell that needs it comes in a later wave. So does a cell that
    makes other statistics of the same family. A cell without needs comes in the first wave. Within a wave the
    given order is kept.

    Args:
        needs: For each cell, the units that are not made yet.
    """
    makers: dict[str, list[tuple[Unit, int]]] = {}
    turn: dict[int, int] = {}
    for cell in sorted(range(len(needs)), key=lambda place: _rank(needs[place])):
        turn[cell] = max((_first_turn(unit, makers.get(unit.family, [])) for unit in needs[cell]), default=0)
        for unit in needs[cell]:
            if not any(made.serves(unit) for made, _ in makers.get(unit.family, [])):
                makers.setdefault(unit.family, []).append((unit, turn[cell]))
    count = max(turn.values(), default=-1) + 1
    return [[cell for cell in sorted(turn) if turn[cell] == wave] for wave in range(count)]


def _rank(needs: frozenset[Unit]) -> tuple[int, float]:
    """Return who makes before whom.

    Who needs few benchmarks comes first: a cell of two then reads what two cells of one have made. Of these
    who needs many statistics: others may need only some of them.
    """
    return len(needs), -sum(math.inf if ALL in unit.statistics else len(unit.statistics) for unit in needs)


def _first_turn(unit: Unit, makers: Sequence[tuple[Unit, int]]) -> int:
    """Return the first wave in which nobody keeps a cell waiting that needs the unit."""
    sources = [wave for made, wave in makers if made.serves(unit)]
    return 1 + (min(sources) if sources else max((wave for _, wave in makers), default=-1))
