"""How long channel relevance takes: KADID-10k's 10,125 pairs, VGG-16's 4,224 channels after convolutions.

    OMP_NUM_THREADS=2 python -m experiments.speed.relevance

Terms and scores are made from planted weights. One training with early stopping is timed (8,100 pairs learned
from, 2,025 held out), then the final one on all pairs; both through Lightning, as in a sweep.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import torch

from experiments.speed.goals import tell
from percepnet.agreement.people import People
from percepnet.readouts.folds import held_out
from percepnet.readouts.relevance.problem import Problem
from percepnet.readouts.relevance.readout import ChannelRelevance
from percepnet.readouts.relevance.training import CHECK_EVERY, Penalty, Schedule, train, watched
from percepnet.readouts.relevance.weights import sum_called

REFERENCES = 81
PER_REFERENCE = 125
CHANNELS = 4224


def planted() -> Problem:
    """Return terms and opinion scores that follow every tenth channel."""
    generator = np.random.default_rng(0)
    pairs = REFERENCES * PER_REFERENCE
    strength = generator.gamma(2.0, 1.0, (pairs, 1)).astype(np.float32)
    power = np.exp(generator.normal(0.0, 1.5, CHANNELS)).astype(np.float32)
    terms = generator.standard_exponential((pairs, CHANNELS), dtype=np.float32)
    terms *= strength * power
    terms /= terms.sum(axis=1).mean()
    weights = np.where(np.arange(CHANNELS) % 10 == 0, 1.0 / power, 0.0).astype(np.float32)
    distances = np.sqrt(terms @ weights).astype(np.float64)
    scores = -distances / distances.std() + 0.3 * generator.normal(size=pairs)

    def agreement(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        ranks = scores[chosen].argsort().argsort()
        return np.array([-np.corrcoef(row[chosen].argsort().argsort(), ranks)[0, 1] for row in values])

    groups = [f"I{place // PER_REFERENCE:02d}" for place in range(pairs)]
    people = People(np.arange(pairs), groups, scores, -1, None, None, agreement)
    return Problem(("all",), (CHANNELS,), terms, sum_called("euclidean"), people)


def main() -> None:
    """Print seconds and agreement."""
    problem, own = planted(), ChannelRelevance()
    every = np.ones(len(problem.terms), dtype=np.bool_)
    held = held_out(problem.people.groups, own.folds, own.seed)[0]
    print(f"{len(every)} pairs x {CHANNELS} channels, {torch.get_num_threads()} threads")
    for loss in ("pearson", "ranking"):
        schedule = Schedule(loss, own.epochs, own.patience, own.learning_rate, own.seed)
        began = time.perf_counter()
        curve = watched(problem, ~held, held, Penalty(), schedule)
        middle = time.perf_counter()
        best = int(np.argmax(curve))
        train(problem, every, Penalty(), replace(schedule, epochs=best * CHECK_EVERY))
        ended = time.perf_counter()
        print(
            f"{loss}: {middle - began:.1f} s for {CHECK_EVERY * (len(curve) - 1)} epochs (early stopping); "
            f"agreement {curve[0]:.3f} -> {curve[best]:.3f} at epoch {best * CHECK_EVERY}; "
            f"{ended - middle:.1f} s on all pairs"
        )
        tell(f"channel relevance, {loss}: one training with early stopping", [middle - began], unit="s")


if __name__ == "__main__":
    main()
