"""What each factor changes on the whole grid: effects and shares of the variance, networks being a sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from percepnet.ablation.aliasing import Comparison, comparisons, telling
from percepnet.ablation.design import CLOSE, design, missing_cells
from percepnet.ablation.mixed import Fit, fit
from percepnet.ablation.shares import Share, shares
from percepnet.errors import NothingThereError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.ablation.design import Design
    from percepnet.ablation.evidence import Evidence
    from percepnet.agreement.comparison import Difference


class Effect(NamedTuple):
    """How much more human-like a level is than its reference, all other factors being allowed for.

    Attributes:
        factor: One of `FACTORS`.
        level: Of the factor.
        reference: The most frequent level that it can be compared with.
        value: The difference of the scores of the best layers.
        low: Lower end of its interval over networks and cells: what other networks of these kinds would
            show on the same images.
        high: Upper end.
        p: Of no difference.
        df: Degrees of freedom of the t that these come from.
        images: The same combination of cells with its interval over images.
    """

    factor: str
    level: str
    reference: str
    value: float
    low: float
    high: float
    p: float
    df: int
    images: Difference


@dataclass(frozen=True)
class FactorModel:
    """The effects of all factors at once, and what could not be told.

    Attributes:
        effects: A level each, by factor.
        shares: Of the variance over cells; empty where chance cannot be told from the factors.
        refused: What the design cannot tell, each with the reason.
        missing: What was not run.
        residual_sd: Between cells of a network, beyond the readouts' effects.
        network_sd: Between networks, beyond the factors' effects; NaN where it is in `residual_sd`.
        n_cells: How many cells.
        n_networks: How many networks.
        method: How the effects were found.
        interactions: Those in the model.
    """

    effects: tuple[Effect, ...]
    shares: tuple[Share, ...]
    refused: tuple[str, ...]
    missing: tuple[str, ...]
    residual_sd: float
    network_sd: float
    n_cells: int
    n_networks: int
    method: str
    interactions: tuple[str, ...] = ()


def factor_effects(
    evidence: Evidence, interactions: Sequence[str] = ("goal:readout",), level: float = 0.95
) -> FactorModel:
    """Return the effect of every level on the score of a cell's best layer, and each factor's share.

    Effects are differences from a reference, the most frequent level: unlike deviations from a mean of all
    levels they do not change their meaning with the levels that happen to be run. The model is additive but
    for the interactions, has a random intercept per network (its readouts are repeated measures of it) and is
    fitted by REML. Tests are Student's t with between-within degrees of freedom (Schluchter & Elashoff 1990,
    J. Statist. Comput. Simul. 37, 69-87): networks less the rank of what differs between them for goal,
    dataset and arch; for a readout, cells less networks less the rank of what differs within them.

    Args:
        evidence: Baselines are left out.
        interactions: Two factors each; one that the design cannot tell is left out, with the reason.
        level: Coverage of the intervals.

    Raises:
        InputError: An interaction is not of two factors.
        NothingThereError: There are too few cells for any model.
    """
    plan, refused = telling(design(evidence, interactions))
    asked, confounded = comparisons(plan)
    rank = int(np.linalg.matrix_rank(plan.matrix))
    if len(plan.cells) <= rank or not asked:
        raise NothingThereError(
            f"{evidence.benchmark}, {evidence.metric}: too few cells to tell effects from chance",
            expected=f"more than {rank}, which differ in some factor",
            found=str(len(plan.cells)),
            remedy="run more networks, or more readouts of them",
        )
    model = fit(plan)
    effects = tuple(_effect(evidence, plan, model, one, level) for one in asked)
    divided = tuple(shares(plan, level=level))
    if not divided and np.ptp(plan.scores) >= CLOSE:
        refused.append("shares: what networks differ in by chance cannot be told from the factors")
    return FactorModel(
        effects,
        divided,
        (*confounded, *refused),
        tuple(missing_cells(plan)),
        float(np.sqrt(model.own)),
        float(np.sqrt(model.networks)),
        len(plan.cells),
        plan.networks.shape[1],
        model.method,
        tuple(":".join(two) for two in plan.interactions),
    )


def _effect(evidence: Evidence, plan: Design, model: Fit, asked: Comparison, level: float) -> Effect:
    df = model.freedom[asked.factor]
    weights = plan.contrast(*asked)[model.kept]
    cells = weights @ model.estimator
    images = evidence.of(cells @ plan.draws, level)
    error = float(np.sqrt(weights @ model.covariance @ weights))
    value = float(cells @ plan.scores)
    if df < 1:
        return Effect(*asked, value, float("nan"), float("nan"), float("nan"), 0, images)
    half = error * float(stats.t.ppf((1.0 + level) / 2.0, df))
    p = float(2.0 * stats.t.sf(abs(value) / error, df)) if error > 0.0 else float(value == 0.0)
    return Effect(*asked, value, value - half, value + half, p, df, images)
