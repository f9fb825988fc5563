"""`contrast`: levels of one factor, compared wherever nothing else differs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from percepnet.ablation.claims.model import Comparison, Measured, one_of
from percepnet.ablation.claims.selector import Selector, fits_any
from percepnet.ablation.claims.tails import tails
from percepnet.ablation.contrasts import PLACES, contrasts
from percepnet.ablation.evidence import FACTORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.ablation.contrasts import Contrast
    from percepnet.ablation.evidence import Cell, Evidence
    from percepnet.agreement.comparison import Difference


@dataclass(frozen=True)
class ContrastOf:
    """How much more human-like some levels of a factor are than others: matched pairs of cells.

    Attributes:
        factor: `goal`, `dataset`, `arch` or `readout`.
        level: Patterns of ours.
        other: Patterns of theirs.
        within: Which cells take part.
        at: `best` or `last` layer.
    """

    POOLS: ClassVar[bool] = True

    factor: str
    level: tuple[str, ...]
    other: tuple[str, ...]
    within: Selector = field(default_factory=Selector)
    at: str = "best"

    def __post_init__(self) -> None:
        """Refuse names that do not exist.

        Raises:
            InputError: So it is.
        """
        one_of("factor", self.factor, FACTORS)
        one_of("place in 'at'", self.at, PLACES)

    def measure(self, evidence: Evidence, others: Sequence[Evidence], *, pooled: bool) -> Measured:  # noqa: ARG002
        """Return a comparison of every two levels that meet; pooled, of all of ours with all of theirs."""
        cells = self.within.of(evidence.networks)
        sides = [[cell for cell in cells if self._is(cell, names)] for names in (self.level, self.other)]
        missing = [
            f"no network of {self.factor}={' or '.join(names)}"
            for names, found in zip((self.level, self.other), sides, strict=True)
            if not found
        ]
        if pooled:
            sides = [_called(_name(side, self.factor), side, self.factor) for side in sides]
        part = replace(evidence, cells=(*sides[0], *sides[1]))
        ours, theirs = ({cell.levels[self.factor] for cell in side} for side in sides)
        found = [
            _comparison(one, evidence, turned=one.level in theirs)
            for one in contrasts(part, self.factor, self.at)
            if {one.level, one.other} & ours and {one.level, one.other} & theirs
        ]
        if not found and not missing:
            sets = f"{' or '.join(self.level)} and {' or '.join(self.other)}"
            missing = [f"no two networks of {self.factor}={sets} that are the same in all else"]
        return Measured(tuple(found), tuple(missing))

    def _is(self, cell: Cell, patterns: Sequence[str]) -> bool:
        return fits_any(cell.levels[self.factor], patterns)


def _name(cells: Sequence[Cell], factor: str) -> str:
    return ", ".join(dict.fromkeys(cell.levels[factor] for cell in cells))


def _called(name: str, cells: Sequence[Cell], factor: str) -> list[Cell]:
    """Return cells as if their levels of a factor were one."""
    return [replace(cell, levels={**cell.levels, factor: name}) for cell in cells]


def _comparison(found: Contrast, evidence: Evidence, *, turned: bool) -> Comparison:
    names = (found.other, found.level) if turned else (found.level, found.other)
    effect = _turned(found.mean) if turned else found.mean
    low, high = sorted(-value if turned else value for value in found.spread)
    note = f"mean of {len(found.pairs)} matched pairs, from {low:+.3f} to {high:+.3f}"
    note = f"{note}; {found.caveat}" if found.caveat else note
    return Comparison(*names, (), effect, *tails(effect, evidence.clusters), note)


def _turned(effect: Difference) -> Difference:
    return effect._replace(value=-effect.value, low=-effect.high, high=-effect.low)
