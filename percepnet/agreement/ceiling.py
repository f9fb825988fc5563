"""How well people agree with themselves: what no metric can be asked to exceed by much."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray

REPLICATION = "replication: spread of the mean opinions"
OBSERVERS = "observers: each with the mean of the others"
CHANCE = {"srcc": 0.0, "krcc": 0.0, "plcc": 0.0, "plcc_logistic": 0.0, "2afc": 0.5}
"""What distances reach that have nothing to do with the judgements, by metric."""

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
    truth, spread = scores[order].astype(np.float64), spreads[order].astype(np.float64)
    srcc, krcc, plcc = _replicated(truth.tobytes(), spread.tobytes())
    return {"srcc": srcc, "krcc": krcc, "plcc": plcc}


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


def share_of_ceiling(value: float, ceiling: float, metric: str) -> float:
    """Return how far a value has come from chance to what people reach: 0 at chance, 1 at the ceiling.

    `(value - chance) / (ceiling - chance)`. Chance is 0 for correlations, 0.5 for forced choices: a coin
    earns p / 2 + (1 - p) / 2 of every triplet, so that half of what people reach takes no eyes at all. Beyond
    1 a value lies above the ceiling, below 0 it is worse than chance.

    Args:
        value: With the sign that results give it.
        ceiling: With the same sign; a ceiling that is not above chance bounds nothing.
        metric: Its name in results. Errors have no chance level and so no share: NaN, as for NaN ceilings.
    """
    chance = CHANCE.get(metric, float("nan"))
    reach = ceiling - chance
    has_share = reach > 0.0 or (reach < 0.0 and chance == 0.0)
    return float((value - chance) / reach) if has_share else float("nan")


def above_ceiling(low: float, ceiling: float) -> bool:
    """Return whether a whole interval lies beyond what people reach, which asks for a second look.

    It need not be a mistake: mean opinions carry less noise than a person does, and a readout may have been
    fitted to these very judgements.

    Args:
        low: The less human-like end, turned by the polarity so that more is more human-like.
        ceiling: Turned likewise. NaN of either: False.
    """
    return bool(low > ceiling)


@lru_cache(maxsize=4096)
def _replicated(truth: bytes, spread: bytes) -> tuple[float, float, float]:
    """Return the mean correlations of mean opinions with their replications; both as bytes of float64.

    Remembered by content: it costs seconds, and every network that a process judges by a benchmark meets the
    same people.
    """
    opinions, noise = np.frombuffer(truth), np.frombuffer(spread)
    generator = np.random.default_rng(_SEED)
    drawn = [opinions + noise * generator.standard_normal(opinions.size) for _ in range(_DRAWS)]
    srcc, krcc, plcc = np.mean([_correlate(opinions, one) for one in drawn], axis=0)
    return float(srcc), float(krcc), float(plcc)


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
