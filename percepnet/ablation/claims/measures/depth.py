"""`profile`: how agreement goes with depth, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from percepnet.ablation.claims.measures.versus import label
from percepnet.ablation.claims.model import Comparison, Measured, one_of
from percepnet.ablation.claims.selector import Selector
from percepnet.ablation.claims.tails import some_above, tails
from percepnet.ablation.depth import FEWEST, profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.ablation.claims.model import Tail
    from percepnet.ablation.evidence import Cell, Evidence
    from percepnet.agreement.comparison import Difference

LOSS = "last_minus_best"
PROPERTIES = ("growth", "excess", "trend", LOSS)


@dataclass(frozen=True)
class Depth:
    """A property of the depth profile of every cell (`percepnet.ablation.depth`).

    Attributes:
        of: `growth` up to the best layer, its `excess` over chance, `trend` over all layers, or
            `last_minus_best`.
        subject: The cells; of those, the ones with three layers or more.
    """

    POOLS: ClassVar[bool] = False

    of: str
    subject: Selector = field(default_factory=Selector)

    def __post_init__(self) -> None:
        """Refuse names that do not exist.

        Raises:
            InputError: So it is.
        """
        one_of("property in 'of'", self.of, PROPERTIES)

    def measure(self, evidence: Evidence, others: Sequence[Evidence], *, pooled: bool) -> Measured:  # noqa: ARG002
        """Return the property of every cell."""
        chosen = self.subject.of(evidence.networks)
        cells = [cell for cell in chosen if len(cell.rows) >= FEWEST]
        missing = [f"no network of {name}" for name in self.subject.absent(evidence.cells)]
        if chosen and not cells:
            missing.append(f"no network of {self.subject} was read at {FEWEST} layers or more")
        return Measured(tuple(self._comparison(cell, evidence) for cell in cells), tuple(missing))

    def _comparison(self, cell: Cell, evidence: Evidence) -> Comparison:
        known = profile(cell, evidence)
        effect: Difference = getattr(known, self.of)
        note = (
            f"{self.of}; best: {known.best_layer} at depth {known.best_depth:.2f} "
            f"[{known.depth_low:.2f}, {known.depth_high:.2f}]"
        )
        name = label(cell, evidence)
        if self.of == LOSS:
            values = float(cell.last.draws[0]), float(cell.best.draws[0])
            theirs = f"{name}, {known.best_layer}"
            return Comparison(
                f"{name}, {cell.last.layer}", theirs, values, effect, *_loss(cell, evidence), note
            )
        return Comparison(name, "", (), effect, *tails(effect, evidence.clusters), note)


def _loss(cell: Cell, evidence: Evidence) -> tuple[Tail, Tail]:
    """Return how sure it is that the last layer is within a bound of every other, and behind one by more.

    The first is an intersection-union test (Berger 1982, Technometrics 24, 295-300): the largest p of all
    layers. The second allows for the choice among the layers.
    """
    ahead = np.stack([row.draws for row in cell.rows[:-1]]) - cell.last.draws

    def above(bound: float) -> float:
        each = [tails(evidence.of(-draws), evidence.clusters)[0](bound) for draws in ahead]
        return max(each) if bound < 0.0 else 1.0

    def below(bound: float) -> float:
        return some_above(ahead, evidence.left_out, evidence.clusters, -bound)

    return above, below
