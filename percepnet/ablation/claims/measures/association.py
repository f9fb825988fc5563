"""`association`: whether larger or abler networks are more human-like, over networks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from percepnet.ablation.claims.attributes import parameters, score
from percepnet.ablation.claims.measures.ranks import FEWEST, across_networks
from percepnet.ablation.claims.model import Comparison, Measured, one_of
from percepnet.ablation.claims.selector import Selector, by_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.ablation.evidence import Cell, Evidence
    from percepnet.agreement.contract import FloatArray

ATTRIBUTES = ("score", "parameters", "layers")


@dataclass(frozen=True)
class Association:
    """Spearman's correlation over networks of an attribute with the agreement of the best layer.

    Each readout is a comparison of its own; cells of one network and readout are averaged.

    Attributes:
        attribute: `score` on the network's own task, `parameters` of its trunk, or `layers` that were read.
        subject: Which cells take part.
        unit: Of the score, as the catalogue tells it; others are not comparable and left out.
    """

    POOLS: ClassVar[bool] = False

    attribute: str
    subject: Selector = field(default_factory=Selector)
    unit: str = "top1"

    def __post_init__(self) -> None:
        """Refuse names that do not exist.

        Raises:
            InputError: So it is.
        """
        one_of("attribute", self.attribute, ATTRIBUTES)

    def measure(self, evidence: Evidence, others: Sequence[Evidence], *, pooled: bool) -> Measured:  # noqa: ARG002
        """Return a comparison per readout that enough networks were read by."""
        cells = self.subject.of(evidence.networks)
        known = [cell for cell in cells if np.isfinite(self._of(cell))]
        found, counts = [], [0]
        for readout in dict.fromkeys(cell.levels["readout"] for cell in known):
            part = by_network(cell for cell in known if cell.levels["readout"] == readout)
            x = np.array([[self._of(same[0])] for same in part])
            counts.append(len(part))
            if len(part) >= FEWEST and np.unique(x).size > 1:
                found.append(self._comparison(readout, x, part, evidence))
        what = f"{self.attribute} ({self.unit})" if self.attribute == "score" else self.attribute
        few = f"{FEWEST} networks or more of {self.subject} with known {what}, there are {max(counts)}"
        return Measured(tuple(found), () if found else (few,))

    def _comparison(
        self, readout: str, x: FloatArray, part: Sequence[Sequence[Cell]], evidence: Evidence
    ) -> Comparison:
        y = np.stack([np.mean([cell.best.draws for cell in same], axis=0) for same in part])
        effect, above, below = across_networks(y, x, y.shape[1] - 1 - evidence.left_out)
        note = f"rank correlation over {len(part)} networks"
        return Comparison(f"{self.attribute} and {readout}", "", (), effect, above, below, note)

    def _of(self, cell: Cell) -> float:
        if self.attribute == "layers":
            return float(len(cell.rows))
        return parameters(cell.network) if self.attribute == "parameters" else score(cell.network, self.unit)
