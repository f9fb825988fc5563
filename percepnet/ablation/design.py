"""The design of a study: its cells as a linear model, what that model can tell apart, and what is missing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from percepnet.ablation.evidence import FACTORS
from percepnet.errors import InputError, NothingThereError, nearest
from percepnet.networks.catalogue import UNTRAINED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from percepnet.ablation.evidence import Cell, Evidence
    from percepnet.agreement.contract import FloatArray, IntArray

NETWORK_FACTORS = FACTORS[:3]
CLOSE = 1e-8
"""What a projection of unit vectors may be off by rounding."""


@dataclass(frozen=True, eq=False)
class Design:
    """Cells as a linear model: an intercept, the levels of the factors but one each, and interactions.

    Attributes:
        cells: Networks only, no baselines.
        levels: Of each factor, the reference (the most frequent) first.
        codes: The level of each cell by factor. An untrained network has learned from no images: it stands
            at the reference dataset, so that all of its difference is told as its goal.
        interactions: Two factors each.
    """

    cells: tuple[Cell, ...]
    levels: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, IntArray]
    interactions: tuple[tuple[str, str], ...] = ()

    @cached_property
    def terms(self) -> dict[str, FloatArray]:
        """The columns `[cells, columns]` of each term.

        An interaction is a product of columns that sum to zero over the levels: the factors' own coefficients
        stay what they are without it, differences averaged over the levels of the other factor.
        """
        own = {name: _indicators(codes, len(self.levels[name])) for name, codes in self.codes.items()}
        crossed = {
            f"{one}:{other}": _products(_deviations(own[one]), _deviations(own[other]))
            for one, other in self.interactions
        }
        return {name: columns[:, 1:] for name, columns in own.items()} | crossed

    @cached_property
    def matrix(self) -> FloatArray:
        """The intercept and all terms `[cells, columns]`; not of full rank where factors are confounded."""
        return np.column_stack([np.ones(len(self.cells)), *self.terms.values()])

    @cached_property
    def rows(self) -> FloatArray:
        """An orthonormal basis of the rows of the matrix, `[rank, columns]`."""
        _, singular, rows = np.linalg.svd(self.matrix, full_matrices=False)
        return np.asarray(rows[singular > CLOSE * singular[0]])

    @cached_property
    def networks(self) -> FloatArray:
        """Which cell is of which network, `[cells, networks]`, zeros and ones."""
        names = list(dict.fromkeys(cell.network for cell in self.cells))
        return _indicators(np.array([names.index(cell.network) for cell in self.cells]), len(names))

    @cached_property
    def draws(self) -> FloatArray:
        """The agreement of each cell's best layer, `[cells, 1 + B + J]`."""
        return np.stack([cell.best.draws for cell in self.cells])

    @property
    def scores(self) -> FloatArray:
        """That of all data, `[cells]`."""
        return np.asarray(self.draws[:, 0])

    @cached_property
    def columns(self) -> dict[str, tuple[int, int]]:
        """The first column of each term in the matrix, and the one after its last."""
        widths = [columns.shape[1] for columns in self.terms.values()]
        ends = np.cumsum([1, *widths])
        return dict(zip(self.terms, zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True), strict=True))

    def contrast(self, factor: str, level: str, reference: str) -> FloatArray:
        """Return the weights `[columns]` of the coefficients that make a level's difference from another."""
        weights = np.zeros(self.matrix.shape[1])
        start, _ = self.columns[factor]
        for name, sign in ((level, 1.0), (reference, -1.0)):
            place = self.levels[factor].index(name)
            if place > 0:
                weights[start + place - 1] += sign
        return weights

    def estimable(self, weights: FloatArray) -> bool:
        """Tell whether the data say what a combination of coefficients is: it lies in the row space.

        Searle (1971), Linear Models, section 5.4: w is estimable where w = w (X'X)^- X'X.
        """
        return bool(np.abs(self.rows.T @ (self.rows @ weights) - weights).max() < CLOSE)


def design(evidence: Evidence, interactions: Sequence[str] = ()) -> Design:
    """Return the design of the networks of a study, with the interactions that it was asked for.

    Args:
        evidence: Baselines are left out.
        interactions: Such as `goal:readout`.

    Raises:
        InputError: An interaction is not of two factors.
        NothingThereError: There is no network.
    """
    cells = evidence.networks
    if not cells:
        raise NothingThereError(
            f"{evidence.benchmark}, {evidence.metric}: no network was judged", expected="cells of networks"
        )
    levels = {name: _levels(cells, name) for name in FACTORS}
    codes = {
        name: np.array([_code(cell.levels[name], levels[name]) for cell in cells], dtype=np.int64)
        for name in FACTORS
    }
    return Design(cells, levels, codes, tuple(_factors(name) for name in interactions))


def missing_cells(plan: Design) -> list[str]:
    """Return a sentence per network that lacks readouts which others have, and how full the crossing is."""
    return [*_missing_readouts(plan), *_missing_networks(plan)]


def _missing_readouts(plan: Design) -> Iterator[str]:
    read: dict[str, set[str]] = {}
    for cell in plan.cells:
        read.setdefault(cell.network, set()).add(cell.levels["readout"])
    for network, readouts in read.items():
        absent = [name for name in plan.levels["readout"] if name not in readouts]
        if absent:
            yield f"{network} was not read by {', '.join(absent)}"


def _missing_networks(plan: Design) -> Iterator[str]:
    there = {tuple(cell.levels[name] for name in NETWORK_FACTORS) for cell in plan.cells}
    goals = [name for name in plan.levels["goal"] if name != UNTRAINED]
    possible = set(product(goals, plan.levels["dataset"], plan.levels["arch"]))
    if UNTRAINED in plan.levels["goal"]:
        possible |= {(UNTRAINED, "none", arch) for arch in plan.levels["arch"]}
    absent = len(possible - there)
    if absent:
        yield f"{absent} of {len(possible)} combinations of goal, dataset and arch have no network"


def _levels(cells: Iterable[Cell], factor: str) -> tuple[str, ...]:
    """Return the levels of a factor, the most frequent first, the others as they first occur."""
    counts = Counter(
        cell.levels[factor]
        for cell in cells
        if factor != "dataset" or cell.levels["goal"] != UNTRAINED  # it has none
    )
    if not counts:
        return ("none",)
    reference = max(counts, key=lambda level: counts[level])
    return (reference, *(level for level in counts if level != reference))


def _code(level: str, levels: tuple[str, ...]) -> int:
    return levels.index(level) if level in levels else 0


def _factors(interaction: str) -> tuple[str, str]:
    names = interaction.split(":")
    if len(names) != 2 or len(set(names)) != 2 or not set(names) <= set(FACTORS):
        known = [f"{one}:{other}" for one in FACTORS for other in FACTORS if one != other]
        raise InputError(
            "unknown interaction",
            expected="two factors, such as goal:readout",
            found=interaction,
            remedy=nearest(interaction, known),
        )
    return names[0], names[1]


def _indicators(codes: IntArray, count: int) -> FloatArray:
    return np.asarray(codes[:, None] == np.arange(count), dtype=np.float64)


def _deviations(indicators: FloatArray) -> FloatArray:
    """Return columns that sum to zero over the levels: 1 at a level, -1 at the reference."""
    return indicators[:, 1:] - indicators[:, :1]


def _products(one: FloatArray, other: FloatArray) -> FloatArray:
    return (one[:, :, None] * other[:, None, :]).reshape(len(one), -1)
