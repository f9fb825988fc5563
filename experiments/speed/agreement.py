"""What intervals and tests cost: the layers of one network, and the stored resamples of a whole study.

    make bench

Goal: 5,000 rows of results x 1,000 resamples of 3,000 pairs, all pairwise tests between the layers of one
network included, in less than 60 s on 2 cores. Random numbers: speed does not depend on them.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.comparison import pairwise
from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.interval import interval
from percepnet.agreement.opinion import rate
from percepnet.results.resamples import read_resamples, write_resamples

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray, Score

LAYERS, PAIRS, CLUSTERS = 40, 3000, 25
ROWS, RUNS = 5000, 50
GOAL = 60.0
METRICS = ("srcc", "krcc", "plcc")


def judged() -> list[Score]:
    """Return the scores of every layer of one network, with their intervals."""
    generator = np.random.default_rng(0)
    scores = generator.normal(size=PAIRS)
    distances = -scores + generator.uniform(0.5, 2.0, (LAYERS, 1)) * generator.normal(size=(LAYERS, PAIRS))
    clusters = [f"{pair % CLUSTERS:02}" for pair in range(PAIRS)]
    return rate(np.exp(distances), scores, clusters, None, Bootstrap(), higher_is_better=True)


def compared(scores: list[Score]) -> int:
    """Return how many differences between two layers were tested, by every metric."""
    tested = 0
    for metric in METRICS:
        rows = [score for score in scores if score.metric == metric]
        found = pairwise(np.stack([_draws(row) for row in rows]), CLUSTERS, CLUSTERS)
        tested += np.count_nonzero(np.isfinite(np.triu(found.holm, 1)[np.triu_indices(LAYERS, 1)]))
    return tested


def _draws(score: Score) -> FloatArray:
    if score.resampled is None:
        raise RuntimeError("a score of 25 clusters has resamples")
    return np.concatenate([[score.value], score.resampled])


def written(scores: list[Score], results: Path) -> None:
    """Write the resamples of a study: 50 runs of 100 rows."""
    kept = [_draws(score)[1:] for score in scores]
    for run in range(RUNS):
        folder = results / str(run)
        folder.mkdir()
        rows = [(("tid2013", "srcc", row), CLUSTERS, kept[row % len(kept)]) for row in range(ROWS // RUNS)]
        write_resamples(folder, rows)


def read_back(scores: list[Score], results: Path) -> int:
    """Return how many intervals came out of the stored resamples."""
    found = 0
    for run in range(RUNS):
        for row, (left_out, values) in read_resamples(results / str(run), "tid2013", "srcc").items():
            whole = np.concatenate([[scores[row % len(scores)].value], values])
            found += bool(np.isfinite(interval(whole, left_out).low))
    return found


def main() -> None:
    """Print a line per step, then whether the goal is met."""
    total = 0.0

    def told(what: str, seconds: float) -> float:
        print(f"{seconds:6.2f} s  {what}", flush=True)
        return seconds

    began = time.perf_counter()
    scores = judged()
    total += told(
        f"scores and intervals: {LAYERS} layers x {len(METRICS)} correlations, {PAIRS} pairs in {CLUSTERS} "
        "clusters, 1000 resamples",
        time.perf_counter() - began,
    )
    began = time.perf_counter()
    tested = compared(scores)
    total += told(f"{tested} differences between layers, with Holm's p", time.perf_counter() - began)
    with tempfile.TemporaryDirectory() as place:
        began = time.perf_counter()
        written(scores, Path(place))
        total += told(f"writing the resamples of {ROWS} rows", time.perf_counter() - began)
        began = time.perf_counter()
        found = read_back(scores, Path(place))
        total += told(f"{found} intervals from stored resamples", time.perf_counter() - began)
    print(f"{total:6.2f} s  in all: the goal of {GOAL:.0f} s is {'met' if total < GOAL else 'NOT met'}")


if __name__ == "__main__":
    main()
