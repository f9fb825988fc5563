"""How well people agree with themselves: what no metric can be asked to exceed by much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray

REPLICATION = "replication: spread of the mean opinions"
OBSERVERS = "observers: each with the mean of the others"
_DRAWS = 200
_SEED = 0
# Two points always lie on a line.
_FEWEST = 3


def replication_ceiling(scores: FloatArray, spreads: FloatArray | None) -> dict[str, float]:
    """Return the expected srcc, krcc and plcc of `scores` with a replication of the experiment.

    A replication is `scores + spreads * N(0, 1)`: the simulated observer of
    Jorgvt/paramperceptnet/Experiments/SelfConsistency with k = 1. For Pearson it tends to
    `sd(scores) / sqrt(var(scores) + mean(spreads^2))`.

    Args:
        scores: Mean opinions `[P]`.
        spreads: Standard deviations of these means `[P]`; None gives NaN, as do constant scores
            and fewer than three pairs.
    """
    if spreads is None or scores.size < _FEWEST or np.ptp(scores) == 0.0:
        return dict.fromkeys(("srcc", "krcc", "plcc"), float("nan"))
    # Draws are dealt in the order of the judgements, so that the order of the pairs does not matter.
    order = np.lexsort((spreads, scores))
    truth, spread = scores[order], spreads[order]
    generator = np.random.default_rng(_SEED)
    draws = [_correlate(truth, truth + spread * generator.standard_normal(truth.size)) for _ in range(_DRAWS)]
    srcc, krcc, plcc = np.mean(draws, axis=0)
    return {"srcc": float(srcc), "krcc": float(krcc), "plcc": float(plcc)}


def observer_ceiling(human: FloatArray | None) -> dict[str, float]:
    """Return plcc, srcc and rmse of an observer with the mean of the others, averaged over observers.

    The rmse is taken after removing each observer's one free shift, since a model has one free parameter
    too (its criterion). An observer carries noise that the mean of all observers does not: a model may
    reach the mean more closely than this.

    Args:
        human: Log thresholds `[O, S]`, a row per observer; None, fewer than two observers or three stimuli
            give NaN.
    """
    if human is None or len(human) < 2 or human.shape[1] < _FEWEST:
        return dict.fromkeys(("plcc", "srcc", "rmse"), float("nan"))
    others = (human.sum(axis=0) - human) / (len(human) - 1)
    plcc, srcc, rmse = np.mean([_observe(one, rest) for one, rest in zip(human, others, strict=True)], axis=0)
    return {"plcc": float(plcc), "srcc": float(srcc), "rmse": float(rmse)}


def _correlate(x: FloatArray, y: FloatArray) -> tuple[float, float, float]:
    """Return Spearman, Kendall's tau-b and Pearson."""
    return (
        float(stats.spearmanr(x, y).statistic),
        float(stats.kendalltau(x, y, method="asymptotic").statistic),
        float(stats.pearsonr(x, y).statistic),
    )


def _observe(one: FloatArray, rest: FloatArray) -> tuple[float, float, float]:
    """Return Pearson, Spearman and the shift-free rmse of one observer with the mean of the rest."""
    rmse = float(np.std(one - rest))
    if np.ptp(one) == 0.0 or np.ptp(rest) == 0.0:
        return float("nan"), float("nan"), rmse
    return float(stats.pearsonr(one, rest).statistic), float(stats.spearmanr(one, rest).statistic), rmse
