"""How sure it is that an effect lies beyond a bound: by its error, and for the best of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.ablation.claims.model import Tail
    from percepnet.agreement.comparison import Difference
    from percepnet.agreement.contract import FloatArray

FEWEST = 2
DEFINED = 0.99


def tails(effect: Difference, clusters: int) -> tuple[Tail, Tail]:
    """Return the one-sided p values of an effect not lying above, and not lying below, any bound.

    Student's t of the effect by its bootstrap standard error, with one degree of freedom less than there are
    clusters, as in `percepnet.agreement.comparison`.
    """

    def above(bound: float) -> float:
        return _t_tail(effect.value - bound, effect.error, clusters - 1)

    def below(bound: float) -> float:
        return _t_tail(bound - effect.value, effect.error, clusters - 1)

    return above, below


def _t_tail(distance: float, error: float, freedom: int) -> float:
    if error == 0.0:
        return 0.0 if distance > 0.0 else 1.0
    return float(stats.t.sf(distance / error, freedom))


def some_above(draws: FloatArray, left_out: int, clusters: int, bound: float = 0.0) -> float:
    """Return the one-sided p value of none of several effects lying above a bound.

    The best of many layers exceeds a reference by chance more easily than one layer does. So the largest
    of the effects' t values is held against the largest that chance gives if all true effects are at the
    bound: max-T of Westfall & Young (1993, Resampling-based multiple testing) over the bootstrap's own
    deviations, which carry the layers' correlation, each divided by the root of a mean square as in Dunnett's
    (1955, JASA 50, 1096-1121) multivariate t. An effect that is clearly below the bound, by the root of
    2 log log C errors, is left where it is (Hansen 2005, A test for superior predictive ability, JBES 23,
    365-380): poor layers would only hide what good ones show. With one effect that
    is not so it is Student's t. NaN as in `percepnet.agreement.comparison.difference`, whose errors it takes.

    Args:
        draws: `[effects, 1 + B + J]`.
        left_out: J.
        clusters: Number of clusters that were resampled.
        bound: What the effects are held against.
    """
    resampled = draws[:, 1 : draws.shape[1] - left_out]
    known = resampled[:, np.isfinite(resampled).all(axis=0)]
    if clusters < FEWEST or known.shape[1] < max(FEWEST, DEFINED * resampled.shape[1]):
        return float("nan")
    spreads = known.std(axis=1, ddof=1)
    errors = spreads * np.sqrt(clusters / (clusters - 1.0))
    distances = draws[:, 0] - bound
    if (distances[errors == 0.0] > 0.0).any():
        return 0.0
    moving = errors > 0.0
    if not moving.any():
        return 1.0
    ratios = distances[moving] / errors[moving]
    deviations = known[moving] - known[moving].mean(axis=1, keepdims=True)
    behind = np.where(ratios < -_behind(clusters), ratios, 0.0)
    chance = (deviations / spreads[moving, None] + behind[:, None]).max(axis=0)
    return _beyond(chance, float(ratios.max()), clusters - 1)


def mean_of_best_above(
    groups: Sequence[FloatArray], left_out: int, clusters: int, bound: float = 0.0
) -> float:
    """Return the one-sided p value of the mean over groups not lying above a bound, each group's best taken.

    As `some_above`, in the unit of the effects: the mean of the best is held against the mean of each group's
    largest deviation (for one group White 2000, A reality check, Econometrica 68, 1097-1126); an effect that
    is clearly behind the best of its group stays behind it.

    Args:
        groups: Of effects, `[effects, 1 + B + J]` each.
        left_out: J.
        clusters: Number of clusters that were resampled.
        bound: What the mean is held against.
    """
    found = float(np.mean([draws[:, 0].max() for draws in groups])) - bound
    resampled = [draws[:, 1 : draws.shape[1] - left_out] for draws in groups]
    known = np.isfinite(np.concatenate(resampled)).all(axis=0)
    if clusters < FEWEST or known.sum() < max(FEWEST, DEFINED * known.size):
        return float("nan")
    kept = [draws[:, known] for draws in resampled]
    largest = [
        _largest(draws[:, 0], resamples, clusters) for draws, resamples in zip(groups, kept, strict=True)
    ]
    chance = np.mean(largest, axis=0)
    if not chance.any():
        return 0.0 if found > 0.0 else 1.0
    return _beyond(chance, found, clusters - 1)


def _largest(values: FloatArray, resampled: FloatArray, clusters: int) -> FloatArray:
    """Return the largest deviation of a group's effects in each resample, if its foremost ones were equal."""
    narrow = np.sqrt(clusters / (clusters - 1.0))
    best = int(values.argmax())
    errors = (resampled - resampled[best]).std(axis=1, ddof=1) * narrow
    gaps = values - values[best]
    gaps = np.where(gaps < -_behind(clusters) * errors, gaps, 0.0)
    deviations = (resampled - resampled.mean(axis=1, keepdims=True)) * narrow
    return np.asarray((deviations + gaps[:, None]).max(axis=0))


def _behind(clusters: int) -> float:
    """Return how many errors below is clearly below: the root of 2 log log C, of 6 clusters or more."""
    return float(np.sqrt(2.0 * np.log(np.log(max(clusters, 6)))))


def _beyond(chance: FloatArray, largest: float, freedom: int) -> float:
    """Return the mean probability that `chance` over the root of a mean square lies beyond `largest`."""
    if largest == 0.0:
        return float((chance >= 0.0).mean())
    squared = freedom * (chance / largest) ** 2
    if largest > 0.0:
        return float(np.where(chance > 0.0, stats.chi2.cdf(squared, freedom), 0.0).mean())
    return float(np.where(chance >= 0.0, 1.0, stats.chi2.sf(squared, freedom)).mean())
