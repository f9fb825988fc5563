"""Agreement with just noticeable differences: which pairs people call the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.checks import require, require_finite, require_shape
from percepnet.agreement.ordering import encode
from percepnet.agreement.summary import Metric, summarise
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.agreement.contract import Bootstrap, FloatArray, Score

METRIC = "map"
# Elements of the largest array of copies [resamples, P]: 32 MB.
_BUDGET = 1 << 22


def rate_same(
    distances: FloatArray, same: FloatArray, clusters: Sequence[str], bootstrap: Bootstrap
) -> list[Score]:
    """Return the map of every tap: how well small distances find the pairs that people call the same.

    The average precision of LPIPS' `score_jnd_dataset` (Zhang et al. 2018, section 5), which counts a pair
    as the share of people who said "same": see `average_precision`. The ceiling is unknown (NaN).

    Args:
        distances: `[R, P]`.
        same: Share of people who called the pair the same `[P]`, from 0 to 1.
        clusters: What the bootstrap resamples, a name per pair.
        bootstrap: How the intervals are drawn.

    Raises:
        InputError: Shapes do not fit, or a value is out of range.
    """
    _check(distances, same, clusters)
    codes, count = encode(clusters)
    draws = bootstrap.draws(count)
    step = max(1, _BUDGET // same.size)
    blocks = []
    for first in range(0, len(draws), step):
        copies = draws[first : first + step][:, codes].astype(np.float64)
        blocks.append(np.stack([average_precision(row, same, copies) for row in distances]))
    metric = Metric(np.concatenate(blocks, axis=1), 1, float("nan"))
    return summarise({METRIC: metric}, bootstrap, same.size, count)


def average_precision(distances: FloatArray, same: FloatArray, copies: FloatArray) -> FloatArray:
    """Return the area under the interpolated precision-recall curve of each resample, `[B]`.

    Pairs are taken in ascending order of distance. A pair adds its share of "same" to the true positives
    and the rest to the false ones; precision at a recall is the highest at that recall or above (PASCAL VOC
    2010). Pairs of equal distance enter together, as no order among them can be told; without ties this
    is `lpips.voc_ap`. NaN where nobody called anything the same.

    Args:
        distances: `[P]`.
        same: Share of "same" `[P]`.
        copies: How often each resample holds each pair, `[B, P]`.
    """
    order = np.argsort(distances, kind="stable")
    steps = np.flatnonzero(np.diff(distances[order], prepend=-np.inf))
    taken = copies[:, order]
    retrieved = np.cumsum(np.add.reduceat(taken, steps, axis=1), axis=1)
    hits = np.cumsum(np.add.reduceat(taken * same[order], steps, axis=1), axis=1)
    precision = np.divide(hits, retrieved, out=np.zeros_like(hits), where=retrieved > 0.0)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    gained = np.diff(hits, axis=1, prepend=0.0)
    total = hits[:, -1]
    return np.asarray(np.einsum("bk,bk->b", gained, envelope) / np.where(total > 0.0, total, np.nan))


def _check(distances: FloatArray, same: FloatArray, clusters: Sequence[str]) -> None:
    """Raise InputError for anything that would not be a score over every pair."""
    require_shape("shares of same", same, (None,), "[P pairs]")
    require_shape("distances", distances, (None, same.size), "[R taps, P pairs]")
    if len(clusters) != same.size:
        raise InputError(
            "the clusters do not fit the pairs",
            expected=f"{same.size} names, one per pair",
            found=f"{len(clusters)}",
        )
    inside = (same >= 0.0) & (same <= 1.0)
    require("shares of same", same, inside, ("pair",), "shares of people from 0 to 1")
    require_finite("distances", distances, ("tap", "pair"))
