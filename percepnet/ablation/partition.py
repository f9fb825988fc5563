"""How the squares of scores are divided between factors, networks and the rest, chance being taken off."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from percepnet.ablation.design import Design
    from percepnet.agreement.contract import FloatArray

NETWORK, REST = "network", "rest"
SMALL = 1e-9


class Space(NamedTuple):
    """The space that some columns span.

    Attributes:
        basis: Orthonormal, `[cells, rank]`.
        shared: Expected squares in it of networks of unit variance: the trace of P Z Z'.
    """

    basis: FloatArray
    shared: float

    @property
    def rank(self) -> int:
        """Its dimension: expected squares in it of single cells of unit variance."""
        return int(self.basis.shape[1])

    def squares(self, scores: FloatArray) -> FloatArray:
        """Return the sum of squares of scores `[cells, D]` in it, `[D]`."""
        return np.asarray(((self.basis.T @ scores) ** 2).sum(axis=0))


@dataclass(frozen=True)
class Partition:
    """How scores are divided: the weight of each space's sum of squares in each term.

    Attributes:
        weights: Term -> what its sum of squares is made of, by the name of a space.
        spaces: By the terms that span them.
        model: All terms.
        full: All terms and the networks.
        mean: The intercept.
        cells: How many.
        replicated: Whether networks were read in several ways: else a network cannot be told from the rest.
    """

    weights: Mapping[str, Mapping[tuple[str, ...], float]]
    spaces: Mapping[tuple[str, ...], Space]
    model: Space
    full: Space
    mean: Space
    cells: int
    replicated: bool

    @property
    def solvable(self) -> bool:
        """Whether chance can be told from the factors at all."""
        networks, own = self.freedom
        return own > 0 and (networks > 0 or not self.replicated)

    @property
    def freedom(self) -> tuple[int, int]:
        """The degrees of freedom of networks and of cells that the model leaves."""
        if self.replicated:
            return self.full.rank - self.model.rank, self.cells - self.full.rank
        return 0, self.cells - self.model.rank

    def components(self, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the variance of networks and of cells, `[D]` each, from scores `[cells, D]`.

        Expected squares are set equal to those found (Henderson 1953, Biometrics 9, 226-252, method 3):
        unbiased in any design, hence below 0 at times.
        """
        total = (scores**2).sum(axis=0)
        left = total - self.model.squares(scores)
        if not self.replicated:
            return np.zeros_like(total), left / self.freedom[1]
        own = (total - self.full.squares(scores)) / self.freedom[1]
        networks = left - own * (self.cells - self.model.rank)
        return networks / (self.cells - self.model.shared), own

    def parts(self, scores: FloatArray) -> dict[str, FloatArray]:
        """Return the sum of squares of each term `[D]`, less what chance puts there, and of chance itself."""
        networks, own = self.components(scores)
        squares = {name: space.squares(scores) for name, space in self.spaces.items()}
        parts = {}
        for term, weights in self.weights.items():
            parts[term] = np.zeros_like(own)
            for name, weight in weights.items():
                space = self.spaces[name]
                expected = networks * space.shared + own * space.rank
                parts[term] = parts[term] + weight * (squares[name] - expected)
        return parts | self.chance(networks, own)

    def chance(self, networks: FloatArray, own: FloatArray) -> dict[str, FloatArray]:
        """Return the sums of squares about the mean that networks and cells are expected to make."""
        rest = {REST: own * (self.cells - 1)}
        return {NETWORK: networks * (self.cells - self.mean.shared)} | rest if self.replicated else rest


def partition(plan: Design) -> Partition:
    """Return how the scores of a design are divided between its terms.

    A factor's part is what it adds to the explained squares, on average over all orders in which factors can
    be entered (Lindeman, Merenda & Gold 1980, p. 119 ff.; Groemping 2007, The American Statistician 61(2),
    139-147): what several factors explain together is divided evenly between them. Interactions
    are entered last, in their order.
    """
    factors = tuple(name for name, columns in plan.terms.items() if columns.shape[1] and name in plan.levels)
    crossed = tuple(name for name in plan.terms if name not in plan.levels)
    weights: dict[str, dict[tuple[str, ...], float]] = {name: {} for name in (*factors, *crossed)}
    for factor in factors:
        others = [name for name in factors if name != factor]
        for size in range(len(factors)):
            weight = factorial(size) * factorial(len(others) - size) / factorial(len(factors))
            for chosen in combinations(others, size):
                wider = tuple(name for name in factors if name in (*chosen, factor))
                weights[factor][wider] = weights[factor].get(wider, 0.0) + weight
                weights[factor][chosen] = weights[factor].get(chosen, 0.0) - weight
    for place, name in enumerate(crossed):
        before = (*factors, *crossed[:place])
        weights[name] = {(*before, name): 1.0, before: -1.0}
    spaces = {name: _space(plan, name) for part in weights.values() for name in part}
    return Partition(
        weights,
        spaces,
        _space(plan, tuple(plan.terms)),
        _space(plan, tuple(plan.terms), plan.networks),
        _space(plan, ()),
        len(plan.cells),
        plan.networks.shape[1] < len(plan.cells),
    )


def _space(plan: Design, terms: tuple[str, ...], more: FloatArray | None = None) -> Space:
    columns = [np.ones((len(plan.cells), 1)), *(plan.terms[name] for name in terms)]
    matrix = np.column_stack([*columns, more] if more is not None else columns)
    left, singular, _ = np.linalg.svd(matrix, full_matrices=False)
    basis = left[:, singular > SMALL * singular[0]]
    return Space(basis, float(((basis.T @ plan.networks) ** 2).sum()))
