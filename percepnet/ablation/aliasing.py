"""What a design cannot tell apart, each with the reason, and the comparisons that are left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from percepnet.ablation.evidence import FACTORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from percepnet.ablation.design import Design


class Comparison(NamedTuple):
    """A level and the reference that it can be compared with.

    Attributes:
        factor: One of `FACTORS`.
        level: Of the factor.
        reference: The most frequent level that it can be compared with.
    """

    factor: str
    level: str
    reference: str


def comparisons(plan: Design) -> tuple[list[Comparison], list[str]]:
    """Return every level beside its reference, and why a level cannot be compared with the factor's own.

    Levels that can be compared with each other form a class; each class has a reference of its own. So two
    goals that share their images are compared even where neither can be compared with the rest.
    """
    found, refused = [], []
    for factor in FACTORS:
        classes = _classes(plan, factor)
        for members in classes:
            found += [Comparison(factor, level, members[0]) for level in members[1:]]
        if len(plan.levels[factor]) == 1:
            refused.append(f"{factor}: only {plan.levels[factor][0]} was run")
        for members in classes[1:]:
            refused += [_reason(plan, Comparison(factor, level, classes[0][0])) for level in members]
    return found, refused


def telling(plan: Design) -> tuple[Design, list[str]]:
    """Return the design with the interactions that can be estimated, and why the others cannot.

    An interaction is kept where it costs nothing that was known without it: all of its combinations occur,
    its columns are new, every comparison of levels stands, and there is something left to judge it by.
    """
    kept, refused = replace(plan, interactions=()), []
    for one, other in plan.interactions:
        if min(len(plan.levels[one]), len(plan.levels[other])) == 1:
            continue
        wider = replace(kept, interactions=(*kept.interactions, (one, other)))
        reason = _loss(kept, wider)
        if reason:
            refused.append(f"{one}:{other} is left out: {reason}")
        else:
            kept = wider
    return kept, refused


def _loss(kept: Design, wider: Design) -> str:
    """Return what would be lost by an interaction; "" where nothing is."""
    one, other = wider.interactions[-1]
    there = set(zip(wider.codes[one].tolist(), wider.codes[other].tolist(), strict=True))
    for place, level in enumerate(wider.levels[one]):
        for at, name in enumerate(wider.levels[other]):
            if (place, at) not in there:
                return f"no cell has {one}={level} and {other}={name}"
    columns = wider.matrix.shape[1] - kept.matrix.shape[1]
    rank = int(np.linalg.matrix_rank(wider.matrix))
    if rank - int(np.linalg.matrix_rank(kept.matrix)) < columns or (comparisons(kept) != comparisons(wider)):
        return "it cannot be told apart from the other factors"
    both = int(np.linalg.matrix_rank(np.column_stack([wider.networks, wider.matrix])))
    if len(wider.cells) - both < 1:
        return "too few cells, nothing would be left to judge it by"
    return ""


def _classes(plan: Design, factor: str) -> list[list[str]]:
    """Return the levels of a factor in groups that can be compared within, the reference's first."""
    by_frequency = sorted(
        range(len(plan.levels[factor])), key=lambda place: -np.count_nonzero(plan.codes[factor] == place)
    )
    classes: list[list[str]] = []
    for place in by_frequency:
        level = plan.levels[factor][place]
        for members in classes:
            if plan.estimable(plan.contrast(factor, level, members[0])):
                members.append(level)
                break
        else:
            classes.append([level])
    return classes


def _reason(plan: Design, asked: Comparison) -> str:
    """Return why a level cannot be compared with the factor's reference."""
    factor, level, reference = asked
    others = list(_freeing(plan, asked))
    only = [found for name in others if (found := _only_with(plan, factor, level, name))]
    together = [found for name in FACTORS if name != factor and (found := _bound(plan, factor, level, name))]
    if only or together:
        with_it = " and ".join(only[:1] or together)
        return f"{factor}={level} occurs only with {with_it}: their effects cannot be told apart"
    return (
        f"{factor}={level} cannot be compared with {factor}={reference}: no chain of cells joins them "
        f"in which {' or '.join(others) or 'all else'} can be allowed for"
    )


def _freeing(plan: Design, asked: Comparison) -> Iterator[str]:
    """Yield the factors without which a comparison could be made."""
    for other in FACTORS:
        if other != asked.factor:
            codes = dict(plan.codes) | {other: np.zeros_like(plan.codes[other])}
            without = replace(plan, codes=codes, interactions=())
            if without.estimable(without.contrast(*asked)):
                yield other


def _only_with(plan: Design, factor: str, level: str, other: str) -> str:
    """Return the only level of another factor that a level occurs with; "" where there are several."""
    rows = plan.codes[factor] == plan.levels[factor].index(level)
    levels = set(plan.codes[other][rows].tolist())
    return f"{other}={plan.levels[other][levels.pop()]}" if len(levels) == 1 else ""


def _bound(plan: Design, factor: str, level: str, other: str) -> str:
    """Return the level of another factor that occurs with a level and with no other; "" if there is none."""
    found = _only_with(plan, factor, level, other)
    name = found.removeprefix(f"{other}=")
    return found if found and _only_with(plan, other, name, factor) == f"{factor}={level}" else ""
