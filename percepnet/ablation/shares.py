"""How much of the differences between cells each factor explains: corrected for what chance explains."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from percepnet.ablation.design import CLOSE
from percepnet.ablation.partition import Partition, partition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from percepnet.ablation.design import Design
    from percepnet.agreement.contract import FloatArray

RESAMPLES = 1000


class Share(NamedTuple):
    """What part of the variance of the scores is a factor's.

    Attributes:
        factor: Its name; an interaction such as `goal:readout`; `network` for what differs between networks
            beyond their factors (seed, recipe), `rest` for what is left.
        value: Of the variance over cells; all add up to 1. One that explains nothing is 0 on average, so
            half of those are a little below 0: they are told as they are (Okada 2017, Negative estimate of
            variance-accounted-for effect size, Behavior Research Methods 49, 979-987).
        low: Lower end of its interval.
        high: Upper end.
    """

    factor: str
    value: float
    low: float
    high: float


def shares(plan: Design, seed: int = 0, level: float = 0.95) -> list[Share]:
    """Return the share of the variance of each factor, interaction, of networks and of the rest.

    Intervals are percentiles of a parametric bootstrap: networks and cells are drawn anew about the effects
    found, those scaled down to their corrected share first, as effects found are larger than true ones. The
    variances they are drawn from are as uncertain as their estimates: each is divided by a chi-square over
    its degrees of freedom (Weerahandi 1993, J. Am. Stat. Assoc. 88, 899-905). None where chance cannot be
    told from the factors, or where all scores are the same.
    """
    divided = partition(plan)
    if not divided.solvable or np.ptp(plan.scores) < CLOSE:
        return []
    scores = plan.scores[:, None]
    parts = {name: float(part[0]) for name, part in divided.parts(scores).items()}
    total = sum(parts.values())
    drawn = divided.parts(_drawn(plan, divided, parts, seed))
    sums = np.sum(list(drawn.values()), axis=0)
    tails = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
    ends = {name: np.quantile(part / sums, tails) for name, part in drawn.items()}
    return [
        Share(name, part / total, float(ends[name][0]), float(ends[name][1])) for name, part in parts.items()
    ]


def _drawn(plan: Design, divided: Partition, parts: Mapping[str, float], seed: int) -> FloatArray:
    """Return scores of new networks and cells, `[cells, RESAMPLES]`."""
    generator = np.random.default_rng(seed)
    networks, own = (max(0.0, float(part[0])) for part in divided.components(plan.scores[:, None]))
    freedom = divided.freedom
    cells = generator.normal(size=(divided.cells, RESAMPLES))
    noise = np.sqrt(own * _uncertain(freedom[1], generator)) * cells
    if networks > 0.0:
        members = generator.normal(size=(plan.networks.shape[1], RESAMPLES))
        noise += plan.networks @ (np.sqrt(networks * _uncertain(freedom[0], generator)) * members)
    return np.asarray(_signal(plan, divided, parts)[:, None] + noise)


def _uncertain(freedom: int, generator: np.random.Generator) -> FloatArray:
    """Return what a variance of these degrees of freedom may be, over its estimate, `[RESAMPLES]`."""
    return freedom / generator.chisquare(freedom, RESAMPLES)


def _signal(plan: Design, divided: Partition, parts: Mapping[str, float]) -> FloatArray:
    """Return the effects found in each cell, each term's scaled down to its corrected part."""
    found = np.linalg.pinv(plan.matrix) @ plan.scores
    signal = np.zeros(len(plan.cells))
    for term, weights in divided.weights.items():
        start, end = plan.columns[term]
        raw = sum(
            weight * float(divided.spaces[name].squares(plan.scores[:, None])[0])
            for name, weight in weights.items()
        )
        shrunk = np.sqrt(max(0.0, parts[term]) / raw) if raw > 0.0 else 0.0
        signal += shrunk * plan.matrix[:, start:end] @ found[start:end]
    return signal
