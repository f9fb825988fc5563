"""Which cells a claim speaks of: patterns for each factor, the network, the baseline, its size."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from percepnet.ablation.claims.attributes import parameters
from percepnet.ablation.evidence import FACTORS
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from percepnet.ablation.evidence import Cell

KEYS = (*FACTORS, "network", "baseline", "parameters")
BOUND = re.compile(r"(<=|>=|<|>)\s*(\d+(?:\.\d*)?(?:e\d+)?)", re.IGNORECASE)
COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True)
class Selector:
    """Cells whose every named property fits one of its patterns and none of those with a leading `!`.

    Attributes:
        patterns: Property, and its patterns (`fnmatch`; for `parameters` bounds, all of which must hold).
    """

    patterns: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Selector:
        """Return the selector that a file describes.

        Raises:
            InputError: A property that does not exist, or a bound that is none.
        """
        if not isinstance(entry, dict):
            raise InputError("a selector is no mapping", expected="goal: jigsaw", found=repr(entry))
        for key in entry:
            if key not in KEYS:
                raise InputError(f"cells have no {key!r}", remedy=nearest(str(key), KEYS))
        patterns = tuple((key, as_texts(value)) for key, value in entry.items())
        for bound in dict(patterns).get("parameters", ()):
            if BOUND.fullmatch(bound) is None:
                raise InputError("parameters: no bound", expected="such as '< 30e6'", found=bound)
        return cls(patterns)

    @property
    def wants_baselines(self) -> bool:
        """Whether it chooses among baselines; else among networks."""
        return "baseline" in dict(self.patterns)

    def fits(self, cell: Cell) -> bool:
        """Return whether a cell is meant."""
        return cell.is_baseline == self.wants_baselines and all(
            _fits(cell, key, patterns) for key, patterns in self.patterns
        )

    def of(self, cells: Iterable[Cell]) -> list[Cell]:
        """Return those that are meant, in their order."""
        return [cell for cell in cells if self.fits(cell)]

    def absent(self, cells: Sequence[Cell]) -> list[str]:
        """Return what it names and no cell that is meant has, such as `goal=jigsaw`.

        Where nothing fits at all, that is the selector as a whole.

        Args:
            cells: All cells there are.
        """
        chosen = self.of(cells)
        if not chosen:
            return [str(self)]
        return [
            f"{key}={pattern}"
            for key, patterns in self.patterns
            for pattern in patterns
            if key != "parameters"
            and not pattern.startswith("!")
            and not any(_fits(cell, key, (pattern,)) for cell in chosen)
        ]

    def __str__(self) -> str:
        """Return it as overrides are written."""
        return ", ".join(f"{key}={' or '.join(patterns)}" for key, patterns in self.patterns) or "any kind"


def as_texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401 (what the file says)
    """Return a text or a list of texts as a tuple.

    Raises:
        InputError: It is neither.
    """
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise InputError("no text and no list of texts", found=repr(value), remedy="put numbers in quotes")
    return tuple(texts)


def by_network(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Return cells together with those of the same network, in the order of networks."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.network, []).append(cell)
    return list(groups.values())


def fits_any(name: str, patterns: Sequence[str]) -> bool:
    """Return whether a name fits one of the patterns and none of those with a leading `!`."""
    unwanted = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")] or ["*"]
    return any(fnmatchcase(name, pattern) for pattern in wanted) and not any(
        fnmatchcase(name, pattern) for pattern in unwanted
    )


def _fits(cell: Cell, key: str, patterns: Sequence[str]) -> bool:
    if key == "parameters":
        return all(_bounded(parameters(cell.network), bound) for bound in patterns)
    # results tell a baseline's name as its arch
    levels = {**cell.levels, "network": cell.network, "baseline": cell.levels["arch"]}
    return fits_any(levels[key], patterns)


def _bounded(value: float, bound: str) -> bool:
    found = BOUND.fullmatch(bound)
    return found is not None and bool(COMPARE[found[1]](value, float(found[2])))
