"""`trade_off`: whether what is more human-like on one benchmark is less so on another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from percepnet.ablation.claims.measures.ranks import FEWEST, across_networks, correlation
from percepnet.ablation.claims.measures.versus import label
from percepnet.ablation.claims.model import Comparison, Measured, one_of
from percepnet.ablation.claims.selector import Selector, fits_any
from percepnet.ablation.claims.tails import tails
from percepnet.agreement.comparison import difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from percepnet.ablation.evidence import Cell, Evidence
    from percepnet.agreement.contract import FloatArray

FEWEST_LAYERS = 5
OVER = ("layers", "networks")


@dataclass(frozen=True)
class TradeOff:
    """Spearman's correlation of how human-like the same layers or networks are on two benchmarks.

    Attributes:
        benchmark: Patterns of the other benchmark.
        metric: By which agreement is measured there.
        over: `layers` of every cell, or the best layers of `networks`.
        subject: The cells.
    """

    POOLS: ClassVar[bool] = False

    benchmark: tuple[str, ...]
    metric: str
    over: str = "layers"
    subject: Selector = field(default_factory=Selector)

    def __post_init__(self) -> None:
        """Refuse names that do not exist.

        Raises:
            InputError: So it is.
        """
        one_of("population in 'over'", self.over, OVER)

    def measure(self, evidence: Evidence, others: Sequence[Evidence], *, pooled: bool) -> Measured:  # noqa: ARG002
        """Return a comparison of every cell and other benchmark, or over the networks of each readout."""
        there = [
            other
            for other in others
            if fits_any(other.benchmark, self.benchmark)
            and other.metric == self.metric
            and other is not evidence
        ]
        if not there:
            return Measured(missing=(f"no result on {' or '.join(self.benchmark)} ({self.metric})",))
        compare = self._over_layers if self.over == "layers" else self._over_networks
        found = tuple(one for other in there for one in compare(evidence, other))
        fewest = FEWEST_LAYERS if self.over == "layers" else FEWEST
        few = f"no {fewest} {self.over} of {self.subject} that both benchmarks judged"
        return Measured(found, () if found else (few,))

    def _over_layers(self, here: Evidence, there: Evidence) -> Iterator[Comparison]:
        for cell, other in self._shared(here, there):
            rows = {row.layer: row for row in other.rows}
            both = [(row, rows[row.layer]) for row in cell.rows if row.layer in rows]
            if len(both) >= FEWEST_LAYERS:
                one, two = (np.stack([pair[side].draws for pair in both]) for side in (0, 1))
                width = 1 + _resamples(one, two, here, there)
                clusters = min(here.clusters, there.clusters)
                values = correlation(one[:, :width], two[:, :width])
                effect = difference(values, 0, clusters)
                note = f"rank correlation over {len(both)} layers; {here.benchmark} and {there.benchmark}"
                yield Comparison(label(cell, here), "", (), effect, *tails(effect, clusters), note)

    def _over_networks(self, here: Evidence, there: Evidence) -> Iterator[Comparison]:
        shared = list(self._shared(here, there))
        for readout in dict.fromkeys(cell.levels["readout"] for cell, _ in shared):
            part = {
                cell.network: (cell, other) for cell, other in shared if cell.levels["readout"] == readout
            }
            if len(part) >= FEWEST:
                one, two = (np.stack([pair[side].best.draws for pair in part.values()]) for side in (0, 1))
                effect, above, below = across_networks(one, two, _resamples(one, two, here, there))
                note = f"rank correlation over {len(part)} networks; {here.benchmark} and {there.benchmark}"
                yield Comparison(readout, "", (), effect, above, below, note)

    def _shared(self, here: Evidence, there: Evidence) -> Iterator[tuple[Cell, Cell]]:
        """Yield cells of the same network and readout on both benchmarks, of one run if possible."""
        cells = self.subject.of(there.networks)
        for cell in self.subject.of(here.networks):
            same = [other for other in cells if (other.network, other.levels) == (cell.network, cell.levels)]
            if same:
                yield cell, min(same, key=lambda other: other.run_id != cell.run_id)


def _resamples(one: FloatArray, two: FloatArray, here: Evidence, there: Evidence) -> int:
    """Return how many resamples both have; drawn independently, any two may be paired."""
    return int(min(one.shape[1] - here.left_out, two.shape[1] - there.left_out)) - 1
