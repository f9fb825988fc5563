"""Matched contrasts: what a factor changes where nothing else differs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from percepnet.ablation.matching import check, label, settings, unmatched
from percepnet.agreement.comparison import Difference, holm
from percepnet.networks.catalogue import UNTRAINED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.ablation.evidence import Cell, Evidence
    from percepnet.ablation.matching import Sides
    from percepnet.agreement.contract import FloatArray

__all__ = ["PLACES", "Contrast", "Pair", "contrasts", "unmatched"]

PLACES = ("best", "last")
NO_IMAGES = "an untrained network has learned from no images: goal and dataset change together"


class Pair(NamedTuple):
    """Cells that differ in one factor alone.

    Attributes:
        ours: Network and readout of one side; several that share all levels are joined by " + ".
        theirs: Of the other side.
        difference: How much more human-like ours is.
    """

    ours: str
    theirs: str
    difference: Difference


@dataclass(frozen=True)
class Contrast:
    """Two levels of a factor, compared wherever nothing else differs.

    Attributes:
        factor: One of `FACTORS`.
        level: Of the factor.
        other: The level that it is compared with.
        pairs: Every comparison.
        mean: How much more human-like `level` is than `other`, on average over the pairs. Interval and p are
            over the clusters of images: what new images would show of these very networks.
        holm: Its p, adjusted for all contrasts of the factor that were asked at once (Holm 1979).
        spread: Lowest and highest difference of a pair: how far the networks disagree about it.
        at: `best` or `last` layer.
        caveat: What a reader must know; "" where there is nothing.
    """

    factor: str
    level: str
    other: str
    pairs: tuple[Pair, ...]
    mean: Difference
    holm: float
    spread: tuple[float, float]
    at: str
    caveat: str = ""


def contrasts(evidence: Evidence, factor: str, at: str = "best") -> list[Contrast]:
    """Return the contrast of every two levels of a factor that meet in at least one setting.

    A setting is a choice of the other factors; for a readout, one network. Cells with the same levels (seeds,
    recipes) are averaged on each side before the two are compared: if every one were paired with every other,
    a setting with many seeds would outvote the rest, and one seed would be counted many times.

    Args:
        evidence: Cells that were judged on the same pairs; baselines are left out.
        factor: One of `FACTORS`.
        at: `best` compares each cell's most human-like layer (chosen anew in each resample), `last` the last.

    Raises:
        InputError: There is no such factor or place.
    """
    check("place", at, PLACES)
    matched = settings(evidence.networks, factor)
    levels = dict.fromkeys(cell.levels[factor] for cell in evidence.networks)
    found = [
        _contrast(evidence, factor, two, at, shared)
        for two in combinations(levels, 2)
        if (shared := [sides for sides in matched if set(two) <= set(sides)])
    ]
    return _adjusted(found)


def _contrast(
    evidence: Evidence, factor: str, two: tuple[str, str], at: str, shared: Sequence[Sides]
) -> Contrast:
    differences = [_mean(sides[two[0]], at) - _mean(sides[two[1]], at) for sides in shared]
    pairs = tuple(
        Pair(_names(sides[two[0]]), _names(sides[two[1]]), evidence.of(difference))
        for sides, difference in zip(shared, differences, strict=True)
    )
    mean = evidence.of(np.mean(differences, axis=0))
    single = [pair.difference.value for pair in pairs]
    caveat = NO_IMAGES if factor == "goal" and UNTRAINED in two else ""
    return Contrast(factor, *two, pairs, mean, mean.p, (min(single), max(single)), at, caveat)


def _adjusted(found: Sequence[Contrast]) -> list[Contrast]:
    """Return contrasts with Holm's p; one whose p is undefined is no part of the family and stays so."""
    p = np.array([contrast.mean.p for contrast in found])
    p[np.isfinite(p)] = holm(p[np.isfinite(p)])
    return [replace(contrast, holm=float(value)) for contrast, value in zip(found, p, strict=True)]


def _mean(cells: Sequence[Cell], at: str) -> FloatArray:
    """Return the mean draws `[1 + B + J]` of cells that share all levels."""
    rows = [(cell.best if at == "best" else cell.last).draws for cell in cells]
    return np.asarray(np.mean(rows, axis=0))


def _names(cells: Sequence[Cell]) -> str:
    return " + ".join(label(cell) for cell in cells)
