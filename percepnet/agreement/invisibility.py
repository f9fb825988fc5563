"""Agreement with the limits below which people do not see that an image was moved, turned or enlarged.

Alabau-Bosque, Dauden-Oliver, Vila-Tomas, Laparra, Malo (2024), Invariance of deep image quality metrics to
affine transformations, arXiv:2407.17927, and the authors' code, Rietta5/InvarianceTestIQA. Any distance d is
brought to one common scale, degradation as rated in an opinion database: D = a d^b, fitted by least squares.
On that scale people begin to see a difference at D = 0.445 (0.390 to 0.499). The magnitude at which a
model's mean distance reaches it is the model's invisibility threshold.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from percepnet.agreement.checks import require, require_finite, require_shape
from percepnet.agreement.criterion import crossings, log_curves
from percepnet.agreement.ordering import encode
from percepnet.agreement.power_law import fit
from percepnet.agreement.summary import Metric, summarise
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from percepnet.agreement.contract import Bootstrap, FloatArray, IntArray, Score

DETECTION = 0.445
"""The degradation, (10 - MOS) / 10 of TID2013, that people just see."""

HUMAN = "human threshold (Alabau-Bosque et al. 2024)"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Calibration:
    """Pairs whose degradation people have rated.

    Attributes:
        pairs: Their places among all pairs `[n]`.
        degradation: `[n]`.
        clusters: What the bootstrap resamples, a name per pair.
    """

    pairs: IntArray
    degradation: FloatArray
    clusters: Sequence[str]


@dataclass(frozen=True)
class Ladder:
    """One kind of change at growing magnitudes.

    Attributes:
        name: Of the change: `translation`.
        magnitudes: In physical units `[K]`, ascending.
        unchanged: The magnitude that changes nothing, below all others: 0, or 1 for a factor.
        human: The magnitude that people just see.
        pairs: Places among all pairs `[S, K]`, a row per image and direction of the change.
        clusters: What the bootstrap resamples, a name per row.
    """

    name: str
    magnitudes: FloatArray
    unchanged: float
    human: float
    pairs: IntArray
    clusters: Sequence[str]


class _Drawn(NamedTuple):
    """The cluster of every pair, and how often each counts, `[1 + B + J, C]` (`Bootstrap.draws`)."""

    calibration: IntArray
    ladders: list[IntArray]
    draws: FloatArray


def rate_invisibility(
    distances: FloatArray, calibration: Calibration, ladders: Sequence[Ladder], bootstrap: Bootstrap
) -> list[Score]:
    """Return `rmse` of every tap, then `threshold` of every tap for each kind of change.

    rmse is the root mean square over the kinds of change of log10(threshold of the model / of people), both
    counted from the magnitude that changes nothing (a scale of 1.026 counts as 0.026). A threshold stands in
    physical units and has no better direction; its ceiling is that of people. Along the ladder the
    cumulative maximum of the mean distance over images and directions is interpolated linearly in log-log
    coordinates; outside it, log distance goes on with slope 1, and a threshold above the ladder is reported.
    In each draw the calibration is fitted anew. A distance that does not grow with degradation has no
    threshold: NaN, and reported.

    Args:
        distances: `[R, P]`, one row per tap.
        calibration: Pairs with opinions.
        ladders: Pairs of growing magnitude.
        bootstrap: How the intervals are drawn.

    Raises:
        InputError: Shapes do not fit, or a value is out of range.
    """
    _check(distances, calibration, ladders)
    drawn, clusters = _draw(calibration, ladders, bootstrap)
    taps = np.stack([_log_thresholds(tap, calibration, ladders, drawn) for tap in distances])
    _report(taps[:, :, 0], ladders)
    human = np.log10([ladder.human - ladder.unchanged for ladder in ladders])
    off = np.sqrt(np.mean(np.square(taps - human[:, np.newaxis]), axis=1))
    used = calibration.pairs.size + sum(ladder.pairs.size for ladder in ladders)
    scores = summarise({"rmse": Metric(off, -1, float("nan"))}, bootstrap, used, clusters)
    for place, ladder in enumerate(ladders):
        scores += _thresholds(ladder, taps[:, place], bootstrap, clusters)
    return scores


def _thresholds(ladder: Ladder, log_excess: FloatArray, bootstrap: Bootstrap, drawn: int) -> list[Score]:
    """Return the threshold of every tap in physical units, from `[R, 1 + B + J]`."""
    metric = Metric(ladder.unchanged + 10.0**log_excess, 0, ladder.human, HUMAN)
    own = len(set(ladder.clusters))
    scores = summarise({"threshold": metric}, bootstrap, ladder.pairs.size, own, drawn)
    return [replace(score, subset=f"kind={ladder.name}") for score in scores]


def _draw(calibration: Calibration, ladders: Sequence[Ladder], bootstrap: Bootstrap) -> tuple[_Drawn, int]:
    """Return the resamples, in which all pairs of a cluster stay together, and the number of clusters."""
    parts = [calibration.clusters, *(ladder.clusters for ladder in ladders)]
    codes, count = encode([name for part in parts for name in part])
    first, *rest = np.split(codes, np.cumsum([len(part) for part in parts])[:-1])
    return _Drawn(first, rest, bootstrap.draws(count).astype(np.float64)), count


def _log_thresholds(
    tap: FloatArray, calibration: Calibration, ladders: Sequence[Ladder], drawn: _Drawn
) -> FloatArray:
    """Return log10 of the model's thresholds, less the unchanged magnitude, `[ladders, 1 + B + J]`."""
    law = fit(tap[calibration.pairs], calibration.degradation, drawn.calibration, drawn.draws)
    criteria = 10.0 ** law.log_distance(DETECTION)
    found = [
        _reached(ladder, tap[ladder.pairs], drawn.draws[:, codes], criteria)
        for ladder, codes in zip(ladders, drawn.ladders, strict=True)
    ]
    return np.stack(found)


def _reached(ladder: Ladder, distances: FloatArray, weights: FloatArray, criteria: FloatArray) -> FloatArray:
    """Return where the mean over rows `[S, K]` reaches each resample's criterion, in log10, `[1 + B + J]`."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        means = weights @ distances / weights.sum(axis=1, keepdims=True)
        curves = log_curves(ladder.magnitudes - ladder.unchanged, means / criteria[:, np.newaxis])
    [found] = crossings(curves, np.zeros(1))
    return np.where(np.isfinite(found), found, np.nan)


def _report(observed: FloatArray, ladders: Sequence[Ladder]) -> None:
    """Say which taps have no threshold, or one above the ladder, from log thresholds `[R, ladders]`."""
    for ladder, found in zip(ladders, observed.T, strict=True):
        highest = np.log10(ladder.magnitudes[-1] - ladder.unchanged)
        for what, taps in (
            ("no threshold: the distance does not grow with degradation or magnitude", np.isnan(found)),
            (f"a threshold above {ladder.magnitudes[-1]:g}, extrapolated", found > highest),
        ):
            if taps.any():
                _log.warning("%s: tap %s has %s", ladder.name, _named(taps), what)


def _named(taps: FloatArray) -> str:
    return ", ".join(str(place) for place in np.flatnonzero(taps))


def _check(distances: FloatArray, calibration: Calibration, ladders: Sequence[Ladder]) -> None:
    """Raise InputError for anything that would not be a threshold of every tap."""
    require_shape("distances", distances, (None, None), "[R taps, P pairs]")
    require("distances", distances, np.isfinite(distances) & (distances >= 0.0), ("tap", "pair"), "0 or more")
    require_shape("degradation", calibration.degradation, (calibration.pairs.size,), "[n pairs]")
    require_finite("degradation", calibration.degradation, ("pair",))
    for places in (calibration.pairs, *(ladder.pairs for ladder in ladders)):
        if places.size == 0 or places.min() < 0 or places.max() >= distances.shape[1]:
            raise InputError(
                "the distances do not fit the pairs",
                expected=f"a column for each of pairs 0 .. {int(places.max(initial=0))}",
                found=f"{distances.shape[1]} columns",
            )
    for problem in _problems(calibration, ladders):
        raise InputError("the study cannot be scored", expected="one consistent study", found=problem)


def _problems(calibration: Calibration, ladders: Sequence[Ladder]) -> Iterator[str]:
    if len(calibration.clusters) != calibration.pairs.size:
        yield f"{len(calibration.clusters)} clusters of {calibration.pairs.size} rated pairs"
    for ladder in ladders:
        steps = np.diff(np.r_[ladder.unchanged, ladder.magnitudes])
        if ladder.pairs.shape != (len(ladder.clusters), ladder.magnitudes.size):
            yield f"{ladder.name}: {len(ladder.clusters)} clusters of pairs {list(ladder.pairs.shape)}"
        if not (steps > 0.0).all():
            yield f"{ladder.name}: magnitudes {ladder.magnitudes.tolist()} that do not ascend"
        if not ladder.human > ladder.unchanged:
            yield f"{ladder.name}: a human threshold of {ladder.human:g}"
