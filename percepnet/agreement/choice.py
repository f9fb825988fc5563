"""Agreement with forced choices: which of two images people call nearer to a third."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.checks import require, require_finite, require_shape
from percepnet.agreement.ordering import encode
from percepnet.agreement.summary import Metric, summarise
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.agreement.contract import Bootstrap, FloatArray, IntArray, Score

METRIC = "2afc"
VOTES = "votes: one voter with all of them, p^2 + (1 - p)^2"
# Elements of the largest array of weights [resamples, clusters] in floating point: 32 MB.
_BUDGET = 1 << 22


def rate_choices(
    distances: FloatArray,
    preference: FloatArray,
    clusters: Sequence[str],
    bootstrap: Bootstrap,
    votes: int | None = None,
) -> list[Score]:
    """Return the 2afc of every tap: the mean share of voters who choose as the model does.

    A triplet whose second image got the share p of the votes earns p if the model calls the second nearer,
    1 - p if the first, 0.5 on a tie (`score_2afc_dataset` of LPIPS; Zhang et al. 2018, The unreasonable
    effectiveness of deep features as a perceptual metric, section 5). The mean is over triplets: where a
    publication averages families of distortions, average the parts `kind=...`.

    Args:
        distances: Of the first and the second image from the reference, `[R, T, 2]`.
        preference: Share of votes for the second image `[T]`, from 0 to 1.
        clusters: What the bootstrap resamples, a name per triplet.
        bootstrap: How the intervals are drawn.
        votes: Voters behind each share. None or 1 gives a NaN ceiling: a single vote, or shares that are
            unanimous by selection, do not tell how far people agree.

    Raises:
        InputError: Shapes do not fit, or a value is out of range.
    """
    _check(distances, preference, clusters)
    codes, count = encode(clusters)
    earned = credit(distances, preference)
    values = resampled_means(earned, codes, count, bootstrap)
    metric = Metric(values, 1, votes_ceiling(preference, votes), VOTES)
    return summarise({METRIC: metric}, bootstrap, preference.size, count)


def credit(distances: FloatArray, preference: FloatArray) -> FloatArray:
    """Return what each triplet earns, `[R, T]`, of distances `[R, T, 2]` and preferences `[T]`."""
    first, second = distances[..., 0], distances[..., 1]
    decided = np.where(second < first, preference, 1.0 - preference)
    return np.where(first == second, 0.5, decided)


def votes_ceiling(preference: FloatArray, votes: int | None) -> float:
    """Return the mean of p^2 + (1 - p)^2: how often a voter drawn at random agrees with another one.

    This is the human performance of LPIPS' table 5: 80.8 % on BAPPS' traditional distortions, 73.9 % on the
    average of its six families. The other one may be the same voter, so it is high by 2 p (1 - p) / (n - 1)
    for n voters. It is no upper bound: who always sides with the majority earns max(p, 1 - p).

    Args:
        preference: Share of votes for the second image `[T]`.
        votes: Voters behind each share; NaN unless there are several.
    """
    if votes is None or votes < 2:
        return float("nan")
    return float(np.mean(preference**2 + (1.0 - preference) ** 2))


def resampled_means(values: FloatArray, codes: IntArray, clusters: int, bootstrap: Bootstrap) -> FloatArray:
    """Return the mean of all values and of each draw, `[R, 1 + B + J]`, from sums over clusters.

    Args:
        values: `[R, T]`.
        codes: Cluster of each value `[T]`, in 0 .. clusters - 1.
        clusters: Number of clusters.
        bootstrap: How clusters are drawn.
    """
    sums = np.stack([np.bincount(codes, row, minlength=clusters) for row in values], axis=1)
    sizes = np.bincount(codes, minlength=clusters).astype(np.float64)
    draws = bootstrap.draws(clusters)[1:]
    step = max(1, _BUDGET // clusters)
    means = [values.mean(axis=1)[np.newaxis]]
    for first in range(0, len(draws), step):
        weights = draws[first : first + step].astype(np.float64)
        means.append((weights @ sums) / (weights @ sizes)[:, np.newaxis])
    return np.concatenate(means).T


def _check(distances: FloatArray, preference: FloatArray, clusters: Sequence[str]) -> None:
    """Raise InputError for anything that would not be a score over every triplet."""
    require_shape("preferences", preference, (None,), "[T triplets]")
    require_shape("distances", distances, (None, preference.size, 2), "[R taps, T triplets, 2 images]")
    if len(clusters) != preference.size:
        raise InputError(
            "the clusters do not fit the triplets",
            expected=f"{preference.size} names, one per triplet",
            found=f"{len(clusters)}",
        )
    inside = (preference >= 0.0) & (preference <= 1.0)
    require("preferences", preference, inside, ("triplet",), "shares of votes from 0 to 1")
    require_finite("distances", distances, ("tap", "triplet", "image"))
