"""What intervals and tests cost: every row of a study, from pairs to intervals to pairwise tests.

    python -m experiments.speed.agreement

Goal: 5,000 rows of results x 1,000 resamples of 3,000 pairs with their intervals, and all pairwise tests
between the layers of one network, in less than 60 s on 2 cores. Random numbers: speed does not depend on
them.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.speed.goals import Goal, tell
from percepnet.agreement.comparison import pairwise
from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.interval import interval
from percepnet.agreement.opinion import rate
from percepnet.results.resamples import read_resamples, write_resamples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from percepnet.agreement.contract import FloatArray, Score

NETWORKS, LAYERS, PAIRS, CLUSTERS = 42, 40, 3000, 25
GOAL = Goal(60.0)
METRICS = ("srcc", "krcc", "plcc")


def judged(seed: int) -> list[Score]:
    """Return the scores of every layer of one network, with their intervals."""
    generator = np.random.default_rng(seed)
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


def written(study: list[list[Score]], results: Path) -> None:
    """Write the resamples of a study, a run per network."""
    for run, scores in enumerate(study):
        folder = results / str(run)
        folder.mkdir()
        kept = enumerate(scores)
        rows = [(("tid2013", "srcc", row), CLUSTERS, _draws(score)[1:]) for row, score in kept]
        write_resamples(folder, rows)


def read_back(study: list[list[Score]], results: Path) -> int:
    """Return how many intervals came out of the stored resamples."""
    found = 0
    for run, scores in enumerate(study):
        for row, (left_out, values) in read_resamples(results / str(run), "tid2013", "srcc").items():
            whole = np.concatenate([[scores[row].value], values])
            found += bool(np.isfinite(interval(whole, left_out).low))
    return found


@contextmanager
def told(what: str, spent: list[float]) -> Iterator[None]:
    """Print how long the block took."""
    began = time.perf_counter()
    yield
    spent.append(time.perf_counter() - began)
    print(f"{spent[-1]:6.2f} s  {what}", flush=True)


def main() -> None:
    """Print a line per step, then whether the goal is met."""
    spent: list[float] = []
    rows = NETWORKS * LAYERS * len(METRICS)
    data = f"{PAIRS} pairs in {CLUSTERS} clusters, 1000 resamples"
    with told(f"scores and intervals of {rows} rows: {data}", spent):
        study = [judged(network) for network in range(NETWORKS)]
    with told("differences between all layers of one network by three metrics, with Holm's p", spent):
        tested = compared(study[0])
    with tempfile.TemporaryDirectory() as place:
        with told(f"writing the resamples of {rows} rows", spent):
            written(study, Path(place))
        with told("intervals from the stored resamples", spent):
            found = read_back(study, Path(place))
    print(f"{tested} tests, {found} rows")
    tell(f"scores, intervals and tests of {rows} rows x {PAIRS} pairs", [sum(spent)], GOAL, "s")


if __name__ == "__main__":
    main()
