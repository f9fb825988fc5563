"""Matched groups: networks that are the same in all factors but one, and what else differs between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from percepnet.errors import InputError, nearest
from percepnet.networks.architectures import read_yaml
from percepnet.networks.catalogue import Checkpoint, checkpoints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

HELD: dict[str, Callable[[Checkpoint], tuple[str, ...]]] = {
    "goal": lambda row: (row.dataset, row.arch, row.variant),
    "dataset": lambda row: (row.goal, row.arch, row.variant),
    "arch": lambda row: (row.goal, row.dataset),
    "recipe": lambda row: row.factors,
}
"""What is the same within a group, by the factor that varies. The recipe is a nuisance everywhere."""


@dataclass(frozen=True)
class Group:
    """Networks that differ in one factor.

    Attributes:
        name: Of the group.
        factor: What varies: `goal`, `dataset`, `arch` (with its variant) or `recipe`.
        members: In the order of the catalogue, or as written in contrasts.yaml.
        caveat: What a reader must know beyond the members' own confounds.
        curated: Whether somebody has looked at it (contrasts.yaml), or it was found by its factors alone.
    """

    name: str
    factor: str
    members: tuple[Checkpoint, ...]
    caveat: str = ""
    curated: bool = False

    @property
    def levels(self) -> tuple[str, ...]:
        """The values of the factor that occur."""
        return tuple(dict.fromkeys(level(row, self.factor) for row in self.members))

    @property
    def confounds(self) -> dict[str, tuple[str, ...]]:
        """What else differs, one sentence each, and the members that it concerns."""
        own: dict[str, tuple[str, ...]] = {}
        for row in self.members:
            for sentence in row.confounds:
                own[sentence] = (*own.get(sentence, ()), row.id)
        everybody = tuple(row.id for row in self.members)
        return {**dict.fromkeys(self._derived(), everybody), **own}

    def _derived(self) -> Iterable[str]:
        """Yield what the rows themselves show to differ beside the factor."""
        for words, values in (
            ("goals", [row.goal for row in self.members]),
            ("datasets", [row.dataset for row in self.members]),
            ("architectures", [level(row, "arch") for row in self.members]),
            ("modules", [row.architecture.name for row in self.members]),
            ("input conventions", [row.input for row in self.members]),
            ("recipes", [row.recipe or "?" for row in self.members]),
        ):
            several = list(dict.fromkeys(values))
            natural = {"goal": "goals", "dataset": "datasets", "recipe": "recipes", "arch": "architectures"}
            varies = words == natural[self.factor] or (self.factor == "arch" and words == "modules")
            if len(several) > 1 and not varies:
                yield f"Several {words}: {', '.join(several)}."


def level(row: Checkpoint, factor: str) -> str:
    """Return the value of a factor; that of `arch` includes the variant."""
    if factor == "arch":
        return f"{row.arch} {row.variant}".strip()
    return str(getattr(row, factor))


def contrasts(rows: Sequence[Checkpoint] | None = None, factor: str = "") -> list[Group]:
    """Return the groups of at least two levels: the curated ones, then those found by their factors.

    Args:
        rows: Of which networks; None: of the whole catalogue.
        factor: Only where this factor varies; empty: goal, dataset, arch and recipe.

    Raises:
        InputError: There is no such factor.
    """
    if factor and factor not in HELD:
        raise InputError(f"no factor is called {factor!r}", remedy=nearest(factor, HELD))
    wanted = checkpoints() if rows is None else tuple(rows)
    factors = [factor] if factor else list(HELD)
    kept = [
        Group(group.name, group.factor, members, group.caveat, curated=True)
        for group in curated()
        if group.factor in factors
        and len(members := tuple(row for row in group.members if row in wanted)) > 1
    ]
    return kept + [group for name in factors for group in matched(wanted, name)]


def matched(rows: Sequence[Checkpoint], factor: str) -> list[Group]:
    """Return the groups that are the same in all factors but one, those with the most levels first."""
    cells: dict[tuple[str, ...], list[Checkpoint]] = {}
    for row in rows:
        cells.setdefault(HELD[factor](row), []).append(row)
    groups = [Group(" ".join(held).strip(), factor, tuple(cell)) for held, cell in cells.items()]
    return sorted((group for group in groups if len(group.levels) > 1), key=lambda group: -len(group.levels))


def group_called(name: str) -> Group:
    """Return a group by name.

    Raises:
        InputError: There is none; tells the nearest.
    """
    groups = contrasts()
    for group in groups:
        if group.name == name:
            return group
    raise InputError(
        f"no contrast is called {name!r}", remedy=nearest(name, {group.name for group in groups})
    )


@cache
def curated() -> tuple[Group, ...]:
    """Return the groups of contrasts.yaml.

    Raises:
        InputError: A member that the catalogue lacks.
    """
    text = (files("percepnet.networks") / "contrasts.yaml").read_text(encoding="utf-8")
    rows = {row.id: row for row in checkpoints()}
    groups = []
    for entry in read_yaml(text):
        for member in entry["members"]:
            if member not in rows:
                raise InputError(
                    f"contrast {entry['name']}: no network {member!r}", remedy=nearest(member, rows)
                )
        members = tuple(rows[member] for member in entry["members"])
        groups.append(Group(entry["name"], entry["factor"], members, entry["caveat"], curated=True))
    return tuple(groups)
