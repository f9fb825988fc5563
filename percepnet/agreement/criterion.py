"""The one free parameter of a threshold model: the distance that counts as just visible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray

# A step of the grid is a 2,000th of the range in which the optimum must lie.
_GRID = 2001


@dataclass(frozen=True, slots=True)
class Curves:
    """Log distance as it grows with log contrast, one curve per stimulus.

    Attributes:
        contrasts: log10 of each stimulus's ladder `[S, K]`, ascending.
        distances: log10 of the cumulative maximum of the distance `[S, K]`; -inf where it is still 0.
    """

    contrasts: FloatArray
    distances: FloatArray

    @property
    def reachable(self) -> bool:
        """Whether every stimulus has a positive distance somewhere, hence a finite threshold."""
        return bool(np.isfinite(self.distances[:, -1]).all())


def log_curves(contrasts: FloatArray, distances: FloatArray) -> Curves:
    """Return the curves of one tap from ladders `[K]` or `[S, K]` and distances `[S, K]`."""
    highest = np.maximum.accumulate(distances, axis=1)
    with np.errstate(divide="ignore"):
        return Curves(np.broadcast_to(np.log10(contrasts), distances.shape), np.log10(highest))


def crossings(curves: Curves, criteria: FloatArray) -> FloatArray:
    """Return the log10 contrast at which each curve first reaches each log10 criterion, `[G, S]`."""
    each = zip(curves.contrasts, curves.distances, strict=True)
    return np.stack([_crossing(ladder, curve, criteria) for ladder, curve in each], axis=1)


def fit(curves: Curves, target: FloatArray) -> float:
    """Return the log10 criterion with the least squared error to the log thresholds `target` `[S]`."""
    grid, _, errors = _search(curves, target)
    total = errors.sum(axis=1)
    best = int(np.argmin(total))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, _GRID - 1)]
    refined = optimize.minimize_scalar(
        lambda criterion: float(np.square(crossings(curves, np.array([criterion])) - target).sum()),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return float(refined.x if refined.fun < total[best] else grid[best])


def refit(curves: Curves, target: FloatArray, weights: FloatArray) -> FloatArray:
    """Return each resample's thresholds at its own best criterion, `[B, S]`, from `weights` `[B, S]`."""
    _, thresholds, errors = _search(curves, target)
    return np.asarray(thresholds[np.argmin(weights @ errors.T, axis=1)])


def _search(curves: Curves, target: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log criteria `[G]`, their thresholds `[G, S]` and squared errors `[G, S]`.

    Thresholds rise with the criterion. Below the least distance found at the target thresholds every
    stimulus is seen too early, above the greatest every one too late: the best criterion of any subset
    of the stimuli lies between.
    """
    own = [_level(*each) for each in zip(curves.contrasts, curves.distances, target, strict=True)]
    grid = np.linspace(min(own), max(own), _GRID)
    thresholds = crossings(curves, grid)
    return grid, thresholds, np.square(thresholds - target)


def _crossing(contrasts: FloatArray, curve: FloatArray, criteria: FloatArray) -> FloatArray:
    """Return where one curve `[K]` first reaches each criterion, `[G]`; infinity if it is 0 throughout."""
    if not np.isfinite(curve[-1]):
        return np.full(criteria.shape, np.inf)
    reach = float(np.abs(criteria - curve[-1]).max() + np.abs(criteria - curve[np.isfinite(curve)][0]).max())
    x, y = _continued(contrasts, curve, reach)
    upper = np.searchsorted(y, criteria)
    lower = upper - 1
    share = (criteria - y[lower]) / (y[upper] - y[lower])
    return np.asarray(x[lower] + share * (x[upper] - x[lower]))


def _level(contrasts: FloatArray, curve: FloatArray, contrast: float) -> float:
    """Return the log distance of one curve `[K]` at a log contrast."""
    reach = float(np.abs(contrasts - contrast).max())
    return float(np.interp(contrast, *_continued(contrasts, curve, reach)))


def _continued(contrasts: FloatArray, curve: FloatArray, reach: float) -> tuple[FloatArray, FloatArray]:
    """Return the positive part of a curve with a knot more at both ends, slope 1, over `reach` and more."""
    positive = np.isfinite(curve)
    x, y = contrasts[positive], curve[positive]
    far = reach + 1.0
    return np.r_[x[0] - far, x, x[-1] + far], np.r_[y[0] - far, y, y[-1] + far]
