"""`versus`: cells against a baseline, against the same network read otherwise, or their own control."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from percepnet.ablation.claims.model import Comparison, Measured, one_of
from percepnet.ablation.claims.selector import Selector
from percepnet.ablation.claims.tails import mean_of_best_above, some_above
from percepnet.ablation.evidence import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from percepnet.ablation.evidence import Cell, Evidence
    from percepnet.agreement.contract import FloatArray

PLACES = ("best", "last", "first")
AGAINST = ("", "control")


class Side(NamedTuple):
    """One side of a comparison: its name, the rows to choose from, and the row that stands for them."""

    name: str
    rows: tuple[Row, ...]
    row: Row


@dataclass(frozen=True)
class Versus:
    """How much more human-like cells are than a reference, cell by cell.

    Attributes:
        subject: The cells.
        reference: Baselines, or readouts of the same network; every one that fits is compared with.
        against: `control`: each cell against what its readout is without learning, in place of a reference.
        at: `best`, `last` or `first` layer of the subject.
        reference_at: Of the reference.
    """

    POOLS: ClassVar[bool] = True

    subject: Selector
    reference: Selector = field(default_factory=Selector)
    against: str = ""
    at: str = "best"
    reference_at: str = "best"

    def __post_init__(self) -> None:
        """Refuse names that do not exist.

        Raises:
            InputError: So it is.
        """
        one_of("place in 'at'", self.at, PLACES)
        one_of("place in 'reference_at'", self.reference_at, PLACES)
        one_of("reference in 'against'", self.against, AGAINST)

    def measure(self, evidence: Evidence, others: Sequence[Evidence], *, pooled: bool) -> Measured:  # noqa: ARG002
        """Return a comparison of every subject with every reference that it has, or their mean."""
        pairs = list(self._pairs(evidence))
        missing = _missing(self.subject, evidence)
        if not self.against:
            missing += _missing(self.reference, evidence)
        if not pairs and not missing:
            missing = [f"no network was read both as {self.subject} and as {self.against or self.reference}"]
        if pooled and pairs:
            return Measured((_mean(pairs, evidence),), tuple(missing))
        return Measured(tuple(_comparison(*pair, evidence) for pair in pairs), tuple(missing))

    def _pairs(self, evidence: Evidence) -> Iterator[tuple[Side, Side]]:
        for cell in self.subject.of(evidence.cells):
            ours = _side(cell, self.at, label(cell, evidence))
            if self.against:
                if cell.control:
                    yield ours, _control(cell, self.reference_at, label(cell, evidence))
                continue
            for other in self.reference.of(evidence.cells):
                if other is not cell and (other.is_baseline or other.network == cell.network):
                    yield ours, _side(other, self.reference_at, label(other, evidence))


def label(cell: Cell, evidence: Evidence) -> str:
    """Return a cell as people call it: the baseline, or the network and its readout.

    Those that levels do not tell apart (weightings, seeds) have the end of their run's id behind it.
    """
    same = [one for one in evidence.cells if (one.network, one.levels) == (cell.network, cell.levels)]
    name = cell.levels["arch"] if cell.is_baseline else f"{cell.network} {cell.levels['readout']}"
    return f"{name} ({cell.run_id[-6:]})" if len(same) > 1 else name


def _missing(selector: Selector, evidence: Evidence) -> list[str]:
    kind = "no" if selector.wants_baselines else "no network of"
    return [f"{kind} {name}" for name in selector.absent(evidence.cells)]


def _side(cell: Cell, at: str, name: str) -> Side:
    if at == "best":
        return Side(f"{name}, {cell.best.layer}", cell.rows, cell.best)
    row = cell.last if at == "last" else cell.rows[0]
    return Side(f"{name}, {row.layer}", (row,), row)


def _control(cell: Cell, at: str, name: str) -> Side:
    """Return the rows without learning; the best of them, as of the learned ones, is chosen anew."""
    rows = cell.control
    row = max(rows, key=lambda one: one.draws[0]) if at == "best" else rows[-1 if at == "last" else 0]
    if at != "best":
        return Side(f"{name}, {row.layer}", (row,), row)
    best = np.fmax.reduce([one.draws for one in rows])
    return Side(f"{name}, {row.layer}", rows, Row(row.layer, row.depth, best))


def _comparison(ours: Side, theirs: Side, evidence: Evidence) -> Comparison:
    def above(bound: float) -> float:
        return _some(_all(ours.rows) - theirs.row.draws, evidence, bound)

    def below(bound: float) -> float:
        return _some(_all(theirs.rows) - ours.row.draws, evidence, -bound)

    values = float(ours.row.draws[0]), float(theirs.row.draws[0])
    effect = evidence.difference(ours.row, theirs.row)
    return Comparison(ours.name, theirs.name, values, effect, above, below)


def _all(rows: Sequence[Row]) -> FloatArray:
    """Return the draws of rows, `[L, 1 + B + J]`."""
    return np.stack([row.draws for row in rows])


def _some(draws: FloatArray, evidence: Evidence, bound: float) -> float:
    return some_above(draws, evidence.left_out, evidence.clusters, bound)


def _mean(pairs: Sequence[tuple[Side, Side]], evidence: Evidence) -> Comparison:
    """Return the mean difference."""

    def above(bound: float) -> float:
        groups = [_all(ours.rows) - theirs.row.draws for ours, theirs in pairs]
        return mean_of_best_above(groups, evidence.left_out, evidence.clusters, bound)

    def below(bound: float) -> float:
        groups = [_all(theirs.rows) - ours.row.draws for ours, theirs in pairs]
        return mean_of_best_above(groups, evidence.left_out, evidence.clusters, -bound)

    sides = [np.mean([pair[place].row.draws for pair in pairs], axis=0) for place in (0, 1)]
    effect = evidence.of(sides[0] - sides[1])
    names = [" + ".join(dict.fromkeys(pair[place].name for pair in pairs)) for place in (0, 1)]
    note = f"mean of {len(pairs)} comparisons"
    values = float(sides[0][0]), float(sides[1][0])
    return Comparison(names[0], names[1], values, effect, above, below, note)
