"""`spread`: whether agreement varies more over distances or over layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from percepnet.ablation.claims.model import Comparison, Measured
from percepnet.ablation.claims.selector import Selector, by_network
from percepnet.ablation.claims.tails import tails

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.ablation.evidence import Cell, Evidence, Row
    from percepnet.agreement.contract import FloatArray

FEWEST = 2


@dataclass(frozen=True)
class Spread:
    """Standard deviation of agreement over readouts at a layer, less that over layers in a readout.

    Each is the root of the mean of unbiased variances: over the layers that all readouts have, and over the
    readouts. The input image (depth 0) is no layer of the network and left out.

    Attributes:
        subject: The cells; those of one network are compared.
    """

    POOLS: ClassVar[bool] = True

    subject: Selector = field(default_factory=Selector)

    def measure(self, evidence: Evidence, others: Sequence[Evidence], *, pooled: bool) -> Measured:  # noqa: ARG002
        """Return a comparison of every network that was read in two ways or more at two layers or more."""
        networks = by_network(self.subject.of(evidence.networks))
        tables = [(cells, _table(cells)) for cells in networks]
        usable = [(cells, table) for cells, table in tables if min(table.shape[:2]) >= FEWEST]
        if not usable:
            few = f"no network was read by {FEWEST} of {self.subject} or more at {FEWEST} layers or more"
            return Measured(missing=(few,))
        found = [_spreads(table) for _, table in usable]
        names = [
            f"{cells[0].network}: {table.shape[1]} readouts at {table.shape[0]} layers"
            for cells, table in usable
        ]
        if pooled:
            found, names = [np.mean(found, axis=0)], [f"mean of {len(found)} networks"]
        return Measured(
            tuple(_comparison(name, both, evidence) for name, both in zip(names, found, strict=True))
        )


def _table(cells: Sequence[Cell]) -> FloatArray:
    """Return the draws of the layers that all cells have, `[layers, cells, 1 + B + J]`."""
    rows: list[dict[str, Row]] = [{row.layer: row for row in cell.rows if row.depth > 0.0} for cell in cells]
    shared = [layer for layer in rows[0] if all(layer in other for other in rows)]
    width = cells[0].rows[0].draws.size
    draws = [[other[layer].draws for other in rows] for layer in shared]
    return np.array(draws) if draws else np.empty((0, len(cells), width))


def _spreads(table: FloatArray) -> FloatArray:
    """Return the standard deviation over readouts and over layers, `[2, 1 + B + J]`."""
    return np.sqrt([table.var(axis=axis, ddof=1).mean(axis=0) for axis in (1, 0)])


def _comparison(name: str, both: FloatArray, evidence: Evidence) -> Comparison:
    effect = evidence.of(both[0] - both[1])
    note = f"standard deviation {both[0][0]:.3f} over readouts, {both[1][0]:.3f} over layers"
    return Comparison(name, "", (), effect, *tails(effect, evidence.clusters), note)
