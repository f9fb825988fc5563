"""Agreement of distances with opinion scores: signed correlations, intervals over clusters, ceilings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.ceiling import REPLICATION, replication_ceiling
from percepnet.agreement.checks import require, require_finite, require_shape
from percepnet.agreement.correlation import METRICS, correlations
from percepnet.agreement.logistic import fitted
from percepnet.agreement.ordering import encode
from percepnet.agreement.summary import Metric, summarise
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.agreement.contract import Bootstrap, FloatArray, Score


def rate(  # noqa: PLR0913 - the whole of a benchmark's judgements, and nothing else
    distances: FloatArray,
    scores: FloatArray,
    clusters: Sequence[str],
    spreads: FloatArray | None,
    bootstrap: Bootstrap,
    *,
    higher_is_better: bool,
) -> list[Score]:
    """Return srcc, krcc and plcc (raw: no fit) of every tap, in this order, tap by tap.

    With `bootstrap.logistic` also plcc_logistic and rmse_logistic (in the unit of the scores), after a
    monotone curve from distances to scores, fitted anew in each resample: see `percepnet.agreement.logistic`.

    Correlations are those of the distance with the score as given, sign kept: where a higher score means
    better quality, a human-like distance correlates negatively and the polarity is -1.

    Args:
        distances: `[R, P]`, one row per tap.
        scores: Human judgements `[P]`.
        clusters: What the bootstrap resamples, a name per pair (P of them); their order and that of the
            pairs do not matter. A single cluster has nothing to resample: NaN intervals.
        spreads: Standard deviations of `scores` `[P]`, or None: NaN ceilings.
        bootstrap: How the intervals are drawn.
        higher_is_better: True for MOS, False for DMOS.

    Raises:
        InputError: Shapes do not fit, or a value is not a finite number.
    """
    _check(distances, scores, clusters, spreads)
    codes, count = encode(clusters)
    draws = bootstrap.draws(count)
    found = correlations(distances, scores, codes, draws)
    polarity = -1 if higher_is_better else 1
    ceilings = replication_ceiling(scores, spreads)
    metrics = {
        name: Metric(found[name], polarity, polarity * ceilings[name], REPLICATION) for name in METRICS
    }
    if bootstrap.logistic:
        plcc, rmse, fits = fitted(
            distances, scores, codes, draws, higher_is_better=higher_is_better, parameters=bootstrap.logistic
        )
        metrics |= {
            "plcc_logistic": Metric(plcc, polarity, polarity * ceilings["plcc"], REPLICATION, fits),
            "rmse_logistic": Metric(rmse, -1, float("nan"), fits=fits),
        }
    return summarise(metrics, bootstrap, scores.size, count)


def _check(
    distances: FloatArray, scores: FloatArray, clusters: Sequence[str], spreads: FloatArray | None
) -> None:
    """Raise InputError for anything that would not be a score over every pair."""
    require_shape("human scores", scores, (None,), "[P pairs]")
    require_shape("distances", distances, (None, scores.size), "[R taps, P pairs]")
    if len(clusters) != scores.size:
        raise InputError(
            "the clusters do not fit the pairs",
            expected=f"{scores.size} names, one per pair",
            found=f"{len(clusters)}",
        )
    require_finite("human scores", scores, ("pair",))
    require_finite("distances", distances, ("tap", "pair"))
    if spreads is not None:
        require_shape("spreads", spreads, (scores.size,), "[P pairs]")
        require("spreads", spreads, np.isfinite(spreads) & (spreads >= 0.0), ("pair",), "finite, 0 or more")
