"""Choosing hyper-parameters and the epoch to stop at, by folds inside the training pairs alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from percepnet.readouts.folds import held_out
from percepnet.readouts.relevance.training import CHECK_EVERY, Penalty, Schedule, train, watched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.agreement.people import BoolArray
    from percepnet.readouts.contract import FloatArray
    from percepnet.readouts.relevance.problem import Problem


@dataclass(frozen=True)
class Plan:
    """How weights are learned from some pairs.

    Attributes:
        schedule: Of every single training.
        grid: The penalties to choose from.
        folds: Inside the training pairs.
        seed: Of the split.
    """

    schedule: Schedule
    grid: tuple[Penalty, ...]
    folds: int
    seed: int


@dataclass(frozen=True)
class Learned:
    """Weights, and what was chosen on the way.

    Attributes:
        weights: `[K]`, so that the training pairs keep their mean distance.
        penalty: The one that was best on held-out groups of the training pairs.
        epochs: After how many the mean agreement there was best; 0 leaves the weights uniform.
    """

    weights: FloatArray
    penalty: Penalty
    epochs: int


def penalties(l1: Sequence[float], l2: Sequence[float], dropout: Sequence[float]) -> tuple[Penalty, ...]:
    """Return every combination."""
    return tuple(Penalty(*one) for one in product(l1, l2, dropout))


def learn(problem: Problem, chosen: BoolArray, plan: Plan) -> Learned:
    """Return weights learned from the chosen judged pairs `[P]`, which are whole groups.

    Raises:
        InputError: Fewer groups than inner folds.
    """
    inner = _inner(problem, chosen, plan)
    best, found = float("-inf"), (plan.grid[0], 0)
    for penalty in plan.grid:
        curves = [watched(problem, chosen & ~held, held, penalty, plan.schedule) for held in inner]
        mean = _mean(curves)
        place = int(np.argmax(mean))
        if mean[place] > best:
            best, found = float(mean[place]), (penalty, place * CHECK_EVERY)
    penalty, epochs = found
    return Learned(train(problem, chosen, penalty, replace(plan.schedule, epochs=epochs)), penalty, epochs)


def _inner(problem: Problem, chosen: BoolArray, plan: Plan) -> list[BoolArray]:
    """Return which judged pairs `[P]` each inner fold holds out, all of them among the chosen."""
    groups = [group for group, wanted in zip(problem.people.groups, chosen, strict=True) if wanted]
    masks = []
    for part in held_out(groups, plan.folds, plan.seed):
        mask = np.zeros_like(chosen)
        mask[chosen] = part
        masks.append(mask)
    return masks


def _mean(curves: Sequence[Sequence[float]]) -> FloatArray:
    """Return the mean curve; one that has ended counts with its last value from then on."""
    longest = max(map(len, curves))
    padded = [[*curve, *[curve[-1]] * (longest - len(curve))] for curve in curves]
    return np.asarray(np.mean(padded, axis=0))
