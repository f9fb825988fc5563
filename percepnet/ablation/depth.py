"""Agreement by depth: where a network is most human-like, how it gets there, what is lost after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from percepnet.agreement.comparison import Difference
from percepnet.agreement.interval import interval
from percepnet.errors import InputError

if TYPE_CHECKING:
    from percepnet.ablation.evidence import Cell, Evidence
    from percepnet.agreement.contract import FloatArray, IntArray

FEWEST = 3
"""Layers that make a profile."""


@dataclass(frozen=True)
class Profile:
    """How agreement goes with depth in one cell.

    Attributes:
        best_layer: The most human-like one.
        best_depth: Its depth, 0 for the input and 1 for the end of the network.
        depth_low: Lower end of the percentile interval of that depth: each resample chooses its own layer.
        depth_high: Upper end.
        layers_to_best: How many layers there are up to and including the best.
        growth: Spearman's correlation of agreement with depth over these; 0 where the first layer is best,
            since nothing grows there. Each resample takes its own best layer as the end.
        growth_by_chance: What `growth` is on average where these layers come in a random order: 3 / (layers
            to the best + 1), as the last of them is the best by choice; 0 for a single layer.
        excess: `growth` less `growth_by_chance`, in each resample; 0 where depth means nothing up to
            the best layer. Its p tells whether anything grows; that of `growth` forgets the choice.
        trend: Spearman's correlation of agreement with depth over all layers.
        last_minus_best: The last layer less the best, never positive; interval and p hold whichever layer
            is the best (see `last_minus_best`).
    """

    best_layer: str
    best_depth: float
    depth_low: float
    depth_high: float
    layers_to_best: int
    growth: Difference
    growth_by_chance: float
    excess: Difference
    trend: Difference
    last_minus_best: Difference


def profile(cell: Cell, evidence: Evidence, level: float = 0.95) -> Profile:
    """Return how agreement goes with depth in a cell.

    Args:
        cell: Of the evidence, with three layers or more.
        evidence: The cell's.
        level: Coverage of the intervals.

    Raises:
        InputError: The cell has fewer layers.
    """
    if len(cell.rows) < FEWEST:
        raise InputError(
            f"{cell.network}, {cell.levels['readout']}: too few layers for a profile",
            expected=f"{FEWEST} or more",
            found=str(len(cell.rows)),
            remedy="run readout=layerwise",
        )
    draws = np.stack([row.draws for row in cell.rows])
    depths = np.array([row.depth for row in cell.rows])
    ends = _ends(draws)
    place = int(ends[0])
    depth = interval(np.where(ends < 0, np.nan, depths[ends]), evidence.left_out, level, "percentile")
    growth, chance = _growth(draws, depths, ends), _by_chance(ends + 1)
    return Profile(
        best_layer=cell.rows[place].layer,
        best_depth=float(depths[place]),
        depth_low=depth.low,
        depth_high=depth.high,
        layers_to_best=place + 1,
        growth=evidence.of(growth, level),
        growth_by_chance=float(chance[0]),
        excess=evidence.of(growth - chance, level),
        trend=evidence.of(_spearman(draws, depths), level),
        last_minus_best=last_minus_best(draws, evidence.left_out, level),
    )


def last_minus_best(draws: FloatArray, left_out: int, level: float = 0.95) -> Difference:
    """Return how far the last layer is below the best, with an interval that allows for the choice.

    The best of many equal layers is better than the last by chance alone, in the data and in every resample.
    So the interval is made of bounds that hold for the last layer's difference from all layers at once: the
    largest deviation of a resample's differences from the data's (White 2000, A reality check for data
    snooping, Econometrica 68, 1097-1126). p is one-sided in effect: of no layer being better than the last.

    Args:
        draws: `[layers, 1 + B + J]`, more is more human-like.
        left_out: J.
        level: Coverage of the interval.
    """
    behind = (draws[-1] - draws)[:, : draws.shape[1] - left_out]
    behind = behind[:, np.isfinite(behind).all(axis=0)]
    value, deviations = float(behind[:, 0].min()), behind[:, 1:] - behind[:, :1]
    below, above = deviations.max(axis=0), (-deviations).max(axis=0)
    tail = (1.0 + level) / 2.0
    low, high = value - np.quantile(below, tail), min(0.0, value + np.quantile(above, tail))
    p = (1.0 + np.count_nonzero(above >= -value)) / (1.0 + above.size)
    error = float(behind[:, 1:].min(axis=0).std(ddof=1))
    return Difference(value, float(low), float(high), "simultaneous over layers", float(p), error)


def _ends(draws: FloatArray) -> IntArray:
    """Return the place of the best layer in each draw, -1 where a layer is undefined."""
    known = np.isfinite(draws).all(axis=0)
    return np.where(known, np.where(known, draws, 0.0).argmax(axis=0), -1)


def _growth(draws: FloatArray, depths: FloatArray, ends: IntArray) -> FloatArray:
    """Return the correlation with depth up to the best layer of each draw `[1 + B + J]`."""
    growth = np.full(draws.shape[1], np.nan)
    for end in np.unique(ends[ends >= 0]):
        chosen = ends == end
        growth[chosen] = 0.0 if end == 0 else _spearman(draws[: end + 1, chosen], depths[: end + 1])
    return growth


def _by_chance(layers: IntArray) -> FloatArray:
    """Return the expected rank correlation of a random order whose last is its largest.

    With k ranks, the last contributes (k - 1)^2 / 4 to the sum of products of centred ranks, and the others,
    in random order, (k - 1) / 4 on average; that sum is k (k^2 - 1) / 12 at most: 3 / (k + 1).
    """
    return np.where(layers > 1, 3.0 / (layers + 1.0), 0.0)


def _spearman(draws: FloatArray, depths: FloatArray) -> FloatArray:
    """Return Spearman's rank correlation with depth of each draw `[layers, D]`, mean ranks for ties."""
    ranks, order = stats.rankdata(draws, axis=0, nan_policy="propagate"), stats.rankdata(depths)
    ranks, order = ranks - ranks.mean(axis=0), order - order.mean()
    size = np.sqrt((ranks**2).sum(axis=0) * (order**2).sum())
    return np.asarray(np.divide(order @ ranks, size, out=np.full(size.shape, np.nan), where=size > 0))
