"""Agreement with threshold experiments: the contrasts a model needs, and those that people need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.ceiling import observer_ceiling
from percepnet.agreement.checks import require, require_finite, require_shape
from percepnet.agreement.criterion import Curves, crossings, fit, log_curves, refit
from percepnet.agreement.summary import Metric, summarise
from percepnet.agreement.weighted import pearson, rms, spearman
from percepnet.errors import InputError

if TYPE_CHECKING:
    from percepnet.agreement.contract import Bootstrap, FloatArray, Score

POLARITY = {"plcc": 1, "srcc": 1, "rmse": -1}


def model_thresholds(contrasts: FloatArray, distances: FloatArray, criteria: FloatArray) -> FloatArray:
    """Return the log10 contrast at which each stimulus first reaches each criterion, `[G, S]`.

    Along the ladder the cumulative maximum of the distance is interpolated linearly in log-log
    coordinates. Outside it, and below the first rung with a positive distance, log distance goes on with
    slope 1: the small-signal regime, in which distance is proportional to contrast.

    Args:
        contrasts: The ladder `[K]`, positive and ascending.
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
    require_shape("distances", distances, (None, contrasts.size), "[S stimuli, K contrasts]")
    _check_distances(distances, ("stimulus", "contrast"))
    return crossings(log_curves(contrasts, distances), np.log10(criteria))


def rate_thresholds(
    contrasts: FloatArray, distances: FloatArray, human: FloatArray, bootstrap: Bootstrap
) -> list[Score]:
    """Return plcc, srcc and rmse (log10 units) of every tap, in this order, tap by tap.

    A model has one free parameter, the criterion, common to all stimuli: fitted by least squares between
    its log thresholds and the observers' mean, and fitted anew in each resample of the stimuli.

    Args:
        contrasts: The ladder `[K]`, positive and ascending.
        distances: `[R, S, K]` of each stimulus at each contrast from the plain field.
        human: log10 contrast thresholds `[O, S]`, a row per observer.
        bootstrap: How the percentile intervals are drawn; clusters are the stimuli.

    Raises:
        InputError: Shapes do not fit, or a value is out of range.
    """
    _check_contrasts(contrasts)
    require_shape("human thresholds", human, (None, None), "[O observers, S stimuli]")
    require_finite("human thresholds", human, ("observer", "stimulus"))
    stimuli = human.shape[1]
    require_shape("distances", distances, (None, stimuli, contrasts.size), "[R taps, S stimuli, K contrasts]")
    _check_distances(distances, ("tap", "stimulus", "contrast"))
    target = human.mean(axis=0)
    weights = bootstrap.multiplicities(stimuli).astype(np.float64)
    taps = [_rate_tap(log_curves(contrasts, ladder), target, weights) for ladder in distances]
    ceilings = observer_ceiling(human)
    metrics = {
        name: Metric(np.stack([tap[name] for tap in taps]), polarity, ceilings[name])
        for name, polarity in POLARITY.items()
    }
    return summarise(metrics, bootstrap, stimuli, stimuli)


def _rate_tap(curves: Curves, target: FloatArray, weights: FloatArray) -> dict[str, FloatArray]:
    """Return each metric `[1 + B]`: of all stimuli, then of every resample at its own criterion."""
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
    """Raise InputError unless contrasts `[K]` ascend from above 0."""
    require_shape("contrasts", contrasts, (None,), "[K contrasts]")
    require("contrasts", contrasts, np.isfinite(contrasts) & (contrasts > 0.0), ("contrast",), "positive")
    if np.any(np.diff(contrasts) <= 0.0):
        raise InputError("the contrasts are no ladder", expected="ascending", found=str(contrasts.tolist()))


def _check_distances(distances: FloatArray, axes: tuple[str, ...]) -> None:
    """Raise InputError unless distances are finite and 0 or more."""
    require("distances", distances, np.isfinite(distances) & (distances >= 0.0), axes, "finite, 0 or more")
