"""The mixed model of a design: variances, coefficients from scores, degrees of freedom."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from percepnet.ablation.design import CLOSE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from percepnet.ablation.design import Design
    from percepnet.agreement.contract import FloatArray

MIXED = "mixed model (REML), a random intercept per network, t with between-within degrees of freedom"
ORDINARY = "ordinary least squares, t with between-within degrees of freedom"


class Fit(NamedTuple):
    """Variances, and how coefficients come from scores.

    Attributes:
        kept: Columns of the design's matrix that are independent; the coefficients of the others are 0.
        estimator: `[kept, cells]`, generalised least squares.
        covariance: Of the coefficients, `[kept, kept]`.
        networks: Variance between networks; NaN where it is part of `own`.
        own: Variance between cells of a network.
        freedom: Between-within degrees of freedom of each factor's effects.
        method: Its name.
    """

    kept: list[int]
    estimator: FloatArray
    covariance: FloatArray
    networks: float
    own: float
    freedom: Mapping[str, int]
    method: str


def fit(plan: Design) -> Fit:
    """Return the model of a design's scores: mixed, or ordinary where networks cannot be told from cells."""
    kept = _independent(plan.matrix)
    matrix, method = plan.matrix[:, kept], MIXED
    networks, own = _variances(plan, matrix)
    if not np.isfinite(networks):
        left = plan.scores - matrix @ np.linalg.lstsq(matrix, plan.scores)[0]
        own, method = float(left @ left) / (len(left) - len(kept)), ORDINARY
    ratio = networks / own if method == MIXED and own > 0.0 else 0.0
    sizes = plan.networks.sum(axis=0)
    shrunk = (ratio / (1.0 + ratio * sizes))[:, None] * (plan.networks.T @ matrix)
    whitened = matrix - plan.networks @ shrunk  # V^-1 X of V = I + ratio Z Z', by Woodbury's identity
    inverse = np.linalg.inv(matrix.T @ whitened)
    freedom = {factor: _freedom(plan, factor) for factor in plan.levels}
    return Fit(kept, inverse @ whitened.T, own * inverse, networks, own, freedom, method)


def _variances(plan: Design, matrix: FloatArray) -> tuple[float, float]:
    """Return the variance between networks and within, by REML; NaN where networks cannot be told apart."""
    unknown = float("nan"), float("nan")
    several = plan.networks.shape[1] < len(plan.cells)
    spread = float(plan.scores.std())
    if not several or _freedom_within(plan) < 1 or spread < CLOSE:
        return unknown
    from statsmodels.regression.mixed_linear_model import MixedLM

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a variance lies on its boundary, 0, is an answer
        try:
            groups = plan.networks.argmax(axis=1)
            found = MixedLM(plan.scores / spread, matrix, groups).fit(method=["bfgs", "powell"], gtol=1e-8)
        except np.linalg.LinAlgError:
            return unknown
    if not found.converged:
        return unknown
    return float(found.cov_re[0, 0]) * spread**2, float(found.scale) * spread**2


def _freedom_within(plan: Design) -> int:
    return len(plan.cells) - int(np.linalg.matrix_rank(np.column_stack([plan.networks, plan.matrix])))


def _independent(matrix: FloatArray) -> list[int]:
    """Return the columns that add something to those before them."""
    kept: list[int] = []
    basis = np.zeros((matrix.shape[0], 0))
    for place, column in enumerate(matrix.T):
        new = column - basis @ (basis.T @ column)
        new = new - basis @ (basis.T @ new)  # twice is enough against rounding
        if np.linalg.norm(new) > CLOSE * np.linalg.norm(column):
            kept.append(place)
            basis = np.column_stack([basis, new / np.linalg.norm(new)])
    return kept


def _freedom(plan: Design, factor: str) -> int:
    """Return the between-within degrees of freedom of a factor's effects."""
    is_between = {name: _is_between(plan, columns) for name, columns in plan.terms.items()}
    alike = [columns for name, columns in plan.terms.items() if is_between[name] == is_between[factor]]
    if is_between[factor]:
        ones = np.ones((len(plan.cells), 1))
        return int(plan.networks.shape[1]) - int(np.linalg.matrix_rank(np.column_stack([ones, *alike])))
    return len(plan.cells) - int(np.linalg.matrix_rank(np.column_stack([plan.networks, *alike])))


def _is_between(plan: Design, columns: FloatArray) -> bool:
    """Tell whether columns are the same in all cells of a network."""
    means = plan.networks @ ((plan.networks.T @ columns) / plan.networks.sum(axis=0)[:, None])
    return bool(np.allclose(means, columns))
