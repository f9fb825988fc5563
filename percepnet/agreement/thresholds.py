"""Agreement with threshold experiments: the contrasts a model needs, and those that people need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.ceiling import OBSERVERS, observer_ceiling
from percepnet.agreement.checks import require, require_finite, require_shape
from percepnet.agreement.criterion import Curves, crossings, fit, log_curves, refit
from percepnet.agreement.ordering import encode
from percepnet.agreement.summary import Metric, summarise
from percepnet.agreement.weighted import pearson, rms, spearman
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.agreement.contract import Bootstrap, FloatArray, IntArray, Score

POLARITY = {"plcc": 1, "srcc": 1, "rmse": -1}


@dataclass(frozen=True)
class Measured:
    """Thresholds that people have, each on its own ladder of contrasts.

    Attributes:
        ladders: Contrasts at which each stimulus was shown, `[S, K]`, positive and ascending.
        target: log10 threshold of the average person `[S]`.
        clusters: What the bootstrap resamples, a name per stimulus.
        observers: log10 thresholds `[O, S]`, a row per observer; None where only averages are known, which
            leaves the ceiling unknown.
    """

    ladders: FloatArray
    target: FloatArray
    clusters: Sequence[str]
    observers: FloatArray | None = None

    @classmethod
    def of_observers(cls, ladders: FloatArray, observers: FloatArray) -> Measured:
        """Return the mean over observers as the target, every stimulus a cluster of its own.

        Args:
            ladders: `[S, K]`, or `[K]` for one ladder that serves all.
            observers: `[O, S]`.
        """
        require_shape("human thresholds", observers, (None, None), "[O observers, S stimuli]")
        stimuli = observers.shape[1]
        each = np.broadcast_to(ladders, (stimuli, np.shape(ladders)[-1]))
        return cls(each, observers.mean(axis=0), [f"{place:06d}" for place in range(stimuli)], observers)

    def part(self, chosen: IntArray) -> Measured:
        """Return the stimuli with these indices `[n]`."""
        observers = None if self.observers is None else self.observers[:, chosen]
        clusters = [self.clusters[index] for index in chosen]
        return Measured(self.ladders[chosen], self.target[chosen], clusters, observers)


def model_thresholds(contrasts: FloatArray, distances: FloatArray, criteria: FloatArray) -> FloatArray:
    """Return the log10 contrast at which each stimulus first reaches each criterion, `[G, S]`.

    Along the ladder the cumulative maximum of the distance is interpolated linearly in log-log
    coordinates. Outside it, and below the first rung with a positive distance, log distance goes on with
    slope 1: the small-signal regime, in which distance is proportional to contrast.

    Args:
        contrasts: The ladder `[K]`, or one per stimulus `[S, K]`, positive and ascending.
        distances: `[S, K]`, 0 or more; a stimulus with nothing but zeros gets an infinite threshold.
        criteria: Positive distances `[G]`.

    Raises:
        InputError: Shapes do not fit, or a value is out of range.
    """
    _check_contrasts(contrasts)
    require_shape("criteria", criteria, (None,), "[G criteria]")
    require(
        "criteria", criteria, np.isfinite(criteria) & (criteria > 0.0), ("criterion",), "positive distances"
    )
    require_shape("distances", distances, (None, contrasts.shape[-1]), "[S stimuli, K contrasts]")
    _check_distances(distances, ("stimulus", "contrast"))
    return crossings(log_curves(contrasts, distances), np.log10(criteria))


def rate_thresholds(distances: FloatArray, human: Measured, bootstrap: Bootstrap) -> list[Score]:
    """Return plcc, srcc and rmse (log10 units) of every tap, in this order, tap by tap.

    A model has one free parameter, the criterion, common to all stimuli: fitted by least squares between
    its log thresholds and the average person's, and fitted anew in each draw of the clusters.

    Args:
        distances: `[R, S, K]` of each stimulus at each contrast from its background.
        human: The stimuli's ladders, and the thresholds of people.
        bootstrap: How the intervals are drawn.

    Raises:
        InputError: Shapes do not fit, or a value is out of range.
    """
    _check_human(human)
    _check_contrasts(human.ladders)
    stimuli, rungs = human.ladders.shape
    require_shape("distances", distances, (None, stimuli, rungs), "[R taps, S stimuli, K contrasts]")
    _check_distances(distances, ("tap", "stimulus", "contrast"))
    codes, clusters = encode(human.clusters)
    weights = bootstrap.draws(clusters)[1:, codes].astype(np.float64)
    taps = [_rate_tap(log_curves(human.ladders, tap), human.target, weights) for tap in distances]
    ceilings = observer_ceiling(human.observers)
    metrics = {
        name: Metric(np.stack([tap[name] for tap in taps]), polarity, ceilings[name], OBSERVERS)
        for name, polarity in POLARITY.items()
    }
    return summarise(metrics, bootstrap, stimuli, clusters)


def _rate_tap(curves: Curves, target: FloatArray, weights: FloatArray) -> dict[str, FloatArray]:
    """Return each metric `[1 + B + J]`: of all stimuli, then of every draw at its own criterion."""
    if not curves.reachable:
        return {name: np.full(1 + len(weights), np.nan) for name in POLARITY}
    observed = crossings(curves, np.array([fit(curves, target)]))
    model = np.concatenate([observed, refit(curves, target, weights)])
    return _measure(model, target, np.concatenate([np.ones_like(observed), weights]))


def _measure(model: FloatArray, target: FloatArray, weights: FloatArray) -> dict[str, FloatArray]:
    """Return plcc, srcc and rmse `[B]` of model thresholds `[B, S]` with `target` `[S]`."""
    return {
        "plcc": pearson(model, target, weights),
        "srcc": spearman(model, target, weights),
        "rmse": rms(model - target, weights),
    }


def _check_contrasts(contrasts: FloatArray) -> None:
    """Raise InputError unless contrasts `[K]` or `[S, K]` ascend from above 0."""
    axes = ("stimulus", "contrast")[-contrasts.ndim :]
    require("contrasts", contrasts, np.isfinite(contrasts) & (contrasts > 0.0), axes, "positive")
    falling = np.argwhere(np.diff(np.atleast_2d(contrasts), axis=1) <= 0.0)
    if len(falling):
        ladder = np.atleast_2d(contrasts)[falling[0][0]]
        raise InputError("the contrasts are no ladder", expected="ascending", found=str(ladder.tolist()))


def _check_human(human: Measured) -> None:
    """Raise InputError unless there is one finite threshold, one ladder and one cluster per stimulus."""
    require_shape("human thresholds", human.target, (None,), "[S stimuli]")
    require_finite("human thresholds", human.target, ("stimulus",))
    stimuli = human.target.size
    require_shape("contrasts", human.ladders, (stimuli, None), "[S stimuli, K contrasts]")
    if len(human.clusters) != stimuli:
        raise InputError(
            "the clusters do not fit the stimuli", expected=f"{stimuli}", found=f"{len(human.clusters)}"
        )
    if human.observers is not None:
        require_shape("observers", human.observers, (None, stimuli), "[O observers, S stimuli]")
        require_finite("observers", human.observers, ("observer", "stimulus"))


def _check_distances(distances: FloatArray, axes: tuple[str, ...]) -> None:
    """Raise InputError unless distances are finite and 0 or more."""
    require("distances", distances, np.isfinite(distances) & (distances >= 0.0), axes, "finite, 0 or more")
