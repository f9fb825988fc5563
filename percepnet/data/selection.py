"""Which pairs a contact sheet shows: some of every kind and level, spread evenly, the same every time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from percepnet.benchmarks.psychophysics.thresholds import FEWEST_RUNGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from percepnet.benchmarks.contract import Pair

T = TypeVar("T")

MOST_KINDS = 26
MOST_PAIRS = 7
"""Of one reference and kind, in a row."""
MOST_RUNGS = 6
_FEWEST = 3
"""Images that a cut group has at least."""
ROWS, LADDERS = 12, 8
"""Rows that a sheet should have; fewer kinds than that get several rows each."""


@dataclass(frozen=True, slots=True)
class Group:
    """A reference with its pairs of one kind, or a stimulus on its ladder.

    Attributes:
        pairs: Levels ascending; rungs ascending.
        stimulus: Name of the stimulus, "" for pairs that are on no ladder.
        of: How many pairs there are, of which `pairs` may be some.
    """

    pairs: tuple[Pair, ...]
    stimulus: str = ""
    of: int = 0

    @property
    def kind(self) -> str:
        """The kind of its pairs."""
        return self.pairs[0].kind

    @property
    def reference(self) -> str:
        """The reference of its pairs."""
        return self.pairs[0].reference

    def cut(self, size: int) -> Group:
        """Return at most `size` of the pairs: the highest rungs of a ladder, or spread evenly."""
        places = range(len(self.pairs))
        chosen = places[-size:] if self.stimulus else spread(places, size, ends=True)
        return Group(tuple(self.pairs[place] for place in chosen), self.stimulus, self.of)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is shown of a benchmark.

    Attributes:
        rows: Groups of one kind each, as many as may be needed to fill a row.
        left_out: In words.
    """

    rows: tuple[tuple[Group, ...], ...]
    left_out: tuple[str, ...]


def groups(pairs: Sequence[Pair]) -> list[Group]:
    """Return all groups, kinds together in the order in which they first come."""
    found: dict[tuple[str, str, str], list[Pair]] = {}
    for pair in pairs:
        found.setdefault((pair.kind, pair.reference, rung(pair.distorted)[0]), []).append(pair)
    kinds = {kind: place for place, kind in enumerate(dict.fromkeys(kind for kind, *_ in found))}
    loose: dict[tuple[str, str], list[Pair]] = {}
    ladders: list[Group] = []
    for (kind, reference, name), members in found.items():
        if name and len(members) >= FEWEST_RUNGS and len({pair.score for pair in members}) == 1:
            members.sort(key=lambda pair: rung(pair.distorted)[1])
            ladders.append(Group(tuple(members), name, len(members)))
        else:
            loose.setdefault((kind, reference), []).extend(members)
    others = [Group(tuple(sorted(some, key=_by_level)), "", len(some)) for some in loose.values()]
    return sorted([*others, *ladders], key=lambda group: kinds[group.kind])


def choose(every: Sequence[Group], columns: int, beside: int) -> Choice:
    """Return the rows of a sheet: every kind, or as many as there is room for; spread evenly.

    Args:
        every: All groups, kinds together.
        columns: Images in a row.
        beside: Images that a group shows beside its distorted ones: its reference, the difference.
    """
    kinds = {kind: list(members) for kind, members in groupby(every, key=lambda group: group.kind)}
    shown = spread(list(kinds), MOST_KINDS)
    rows_each = max(1, (LADDERS if any(group.stimulus for group in every) else ROWS) // len(shown))
    rows: list[tuple[Group, ...]] = []
    for place, kind in enumerate(shown):
        each = 1 if kinds[kind][0].stimulus else max(1, columns // (beside + 1))
        start = place / len(shown)
        some = spread(kinds[kind], rows_each * each, start=start)
        step = -(-len(some) // rows_each)
        parts = [some[at : at + step] for at in range(0, len(some), step)]
        rows += [_filled(_turned(part, start), columns, beside) for part in parts]
    return Choice(tuple(rows), tuple(_left_out(len(kinds), len(shown), every, rows)))


def _turned(some: Sequence[Group], share: float) -> list[Group]:
    """Return the groups, beginning a share of them further on, so that kinds show different references."""
    first = int(share * len(some))
    return [*some[first:], *some[:first]]


def _filled(some: Sequence[Group], columns: int, beside: int) -> tuple[Group, ...]:
    """Return the groups that fit into a row, the last perhaps cut."""
    row: list[Group] = []
    for group in some:
        room = columns - beside
        if room >= min(len(group.pairs), _FEWEST) or not row:
            row.append(group.cut(min(max(room, 1), MOST_RUNGS if group.stimulus else MOST_PAIRS)))
            columns = room - len(row[-1].pairs)
    return tuple(row)


def spread(items: Sequence[T], count: int, *, start: float = 0.0, ends: bool = False) -> list[T]:
    """Return `count` of the items, evenly spaced and in order; all of them if there are no more.

    Args:
        items: In order.
        count: How many are wanted.
        start: Share of a step by which the first is moved, so that calls take different items.
        ends: Whether the first and the last are among them.
    """
    if count >= len(items):
        return list(items)
    if ends and count > 1:
        return [items[round(at * (len(items) - 1) / (count - 1))] for at in range(count)]
    return [items[int((at + start) * len(items) / count)] for at in range(count)]


def rung(key: str) -> tuple[str, float]:
    """Return the name and the rung that the key of a stimulus on a ladder holds, else "" and 0."""
    name, at, value = key.rpartition("@")
    try:
        return (name, float(value)) if at and name else ("", 0.0)
    except ValueError:
        return "", 0.0


def unique(items: Iterable[T]) -> list[T]:
    """Return every item once, in order."""
    return list(dict.fromkeys(items))


def _by_level(pair: Pair) -> tuple[float, str, float, str]:
    try:
        return float(pair.level), "", pair.score, pair.distorted
    except ValueError:
        return float("inf"), pair.level, pair.score, pair.distorted


def _left_out(kinds: int, shown: int, every: Sequence[Group], rows: Sequence[Sequence[Group]]) -> list[str]:
    """Return what is not shown, in words."""
    said = [f"{shown} of {kinds} kinds"] if shown < kinds else []
    for name, is_ladder in (("stimuli", True), ("series (the images of one kind and reference)", False)):
        there = sum(bool(group.stimulus) == is_ladder for group in every)
        here = sum(bool(group.stimulus) == is_ladder for row in rows for group in row)
        said += [f"{here} of {there} {name}"] if here < there else []
    cut = [group for row in rows for group in row if len(group.pairs) < group.of]
    if any(group.stimulus for group in cut):
        said.append(f"the {MOST_RUNGS} highest rungs of each ladder")
    if any(not group.stimulus for group in cut):
        said.append(f"at most {MOST_PAIRS} images of one kind and reference")
    return said
