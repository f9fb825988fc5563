"""Which cells differ in one factor alone, and which have no such partner."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from percepnet.ablation.evidence import FACTORS
from percepnet.errors import InputError, nearest
from percepnet.networks.catalogue import UNTRAINED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from percepnet.ablation.evidence import Cell, Evidence

Sides = dict[str, list["Cell"]]
"""Level of a factor -> the cells that have it, all else being the same."""


def settings(cells: Iterable[Cell], factor: str) -> list[Sides]:
    """Return the cells by what is held fixed: the other factors; for a readout also the network itself.

    An untrained network stands in every setting of its architecture where the goal varies, and in none where
    the dataset does: it has learned from no images.

    Raises:
        InputError: There is no such factor.
    """
    check("factor", factor, FACTORS)
    cells = list(cells)
    controls = [cell for cell in cells if _has_no_images(cell)] if factor in ("goal", "dataset") else []
    found: dict[tuple[str, ...], Sides] = {}
    for cell in cells:
        if cell not in controls:
            found.setdefault(_held(cell, factor), {}).setdefault(cell.levels[factor], []).append(cell)
    for control in controls if factor == "goal" else ():
        for held, sides in found.items():
            if held[1:] == _held(control, factor)[1:]:
                sides.setdefault(UNTRAINED, []).append(control)
    return list(found.values())


def unmatched(evidence: Evidence, factor: str) -> list[str]:
    """Return what no contrast of a factor tells: cells without a partner, levels that never meet.

    Raises:
        InputError: There is no such factor.
    """
    cells = evidence.networks
    compared = [sides for sides in settings(cells, factor) if len(sides) > 1]
    used = {id(cell) for sides in compared for side in sides.values() for cell in side}
    return [*_alone(cells, factor, used), *_never_met(cells, factor, compared)]


def check(kind: str, name: str, known: Sequence[str]) -> None:
    """Pass where a name is known.

    Raises:
        InputError: It is not.
    """
    if name not in known:
        raise InputError(
            f"unknown {kind}", expected="one of " + ", ".join(known), found=name, remedy=nearest(name, known)
        )


def label(cell: Cell) -> str:
    """Return the network and the readout of a cell, for people."""
    return f"{cell.network} {cell.levels['readout']}"


def _alone(cells: Sequence[Cell], factor: str, used: set[int]) -> Iterator[str]:
    for network in dict.fromkeys(cell.network for cell in cells):
        own = [cell for cell in cells if cell.network == network]
        alone = [cell for cell in own if id(cell) not in used]
        where = "" if len(alone) == len(own) else " as read by " + _readouts(alone)
        if alone and factor == "dataset" and _has_no_images(alone[0]):
            yield f"{network} has no dataset: it is untrained"
        elif alone:
            start = f"{factor}={alone[0].levels[factor]}: {network}{where} has no partner"
            yield f"{start}; {_nearest(alone, cells, factor)}"


def _never_met(cells: Sequence[Cell], factor: str, compared: Sequence[Sides]) -> Iterator[str]:
    """Yield the levels that are compared with something, but not with each other."""
    met = {frozenset(two) for sides in compared for two in combinations(sides, 2)}
    of_level: Sides = {}
    for cell in cells:
        of_level.setdefault(cell.levels[factor], []).append(cell)
    compared_at_all = [level for level in of_level if any(level in two for two in met)]
    for one, other in combinations(compared_at_all, 2):
        if frozenset((one, other)) not in met:
            near = _nearest(of_level[one], of_level[other], factor)
            yield f"{factor}={one} and {factor}={other} are never compared; {near}"


def _nearest(ours: Sequence[Cell], theirs: Sequence[Cell], factor: str) -> str:
    """Return what else differs between the two cells that are most alike, one from each side."""
    near = [
        (_differing(cell, other, factor), cell, other)
        for cell in ours
        for other in theirs
        if cell.levels[factor] != other.levels[factor]
    ]
    if not near:
        return f"no other {factor} was run"
    differing, cell, other = min(near, key=lambda found: len(found[0]))
    also = ", ".join(f"{name} ({cell.levels[name]}, {other.levels[name]})" for name in differing)
    return f"the nearest, {label(cell)} and {label(other)}, differ also in {also or 'the network'}"


def _differing(cell: Cell, other: Cell, factor: str) -> list[str]:
    return [name for name in FACTORS if name != factor and cell.levels[name] != other.levels[name]]


def _held(cell: Cell, factor: str) -> tuple[str, ...]:
    """Return what must be the same; the dataset comes first where the goal varies."""
    others = tuple(cell.levels[name] for name in FACTORS if name != factor)
    return (*others, cell.network) if factor == "readout" else others


def _readouts(cells: Iterable[Cell]) -> str:
    return ", ".join(dict.fromkeys(cell.levels["readout"] for cell in cells))


def _has_no_images(cell: Cell) -> bool:
    return cell.levels["goal"] == UNTRAINED
