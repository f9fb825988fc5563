"""Pair statistics: what is kept of the responses to two images, K numbers per image pair and tap.

Each is a pure reduction over positions; K is the number of channels C unless said otherwise. Bump a
statistic's version whenever its numbers change: the version is part of the store's key.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from percepnet.errors import InputError, nearest
from percepnet.responses.channelwise import EVERYWHERE, Comparison
from percepnet.responses.costly import AT_STAGES, KNOWN, Whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from percepnet.responses.response import Reference, Response


@dataclass(frozen=True, slots=True)
class Statistic:
    """One reduction of responses beside that of their reference, computed at every tap.

    Attributes:
        version: Part of the key under which results are stored.
        reduce: n responses beside their reference's -> `[n, C]`.
    """

    version: int
    reduce: Callable[[Comparison], Tensor]


@dataclass(frozen=True, slots=True)
class StageStatistic:
    """A costlier one: at the input and at the architecture's stages alone.

    Attributes:
        version: Part of the key under which results are stored.
        reduce: n responses beside their reference's -> `[n, K]`.
    """

    version: int
    reduce: Callable[[Whole], Tensor]


STATISTICS: Mapping[str, Statistic | StageStatistic] = MappingProxyType(
    {
        **{reduce.__name__: Statistic(3, reduce) for reduce in EVERYWHERE},
        **{reduce.__name__: StageStatistic(2, reduce) for reduce in AT_STAGES},
    }
)

Kinds = dict[str, "Statistic | StageStatistic"]


def chosen(names: Sequence[str]) -> Kinds:
    """Return the statistics of these names, sorted by name; `all` stands for every one.

    Raises:
        InputError: An unknown name; tells the nearest.
    """
    wanted = {name for given in names for name in (STATISTICS if given == "all" else [given])}
    for name in wanted:
        if name not in STATISTICS:
            raise InputError(f"unknown statistic {name!r}", remedy=nearest(name, [*STATISTICS, "all"]))
    return {name: STATISTICS[name] for name in sorted(wanted)}


def prepare(reference: Reference, kinds: Kinds, *, stage: bool) -> None:
    """Compute what images are compared with, while all threads can work on it: later each has its own images.

    Elsewhere than on a CPU it is computed when it is first needed.
    """
    if reference.compiled:
        for kind in kinds.values():
            if isinstance(kind, Statistic):
                _ = reference.moments
            elif stage and kind.reduce in KNOWN:
                getattr(reference, KNOWN[kind.reduce])


def reduced(reference: Reference, others: Response, kinds: Kinds, *, stage: bool) -> dict[str, Tensor]:
    """Return every statistic that is computed at this tap, `[n, K]` each, in fp32.

    Args:
        reference: Of the first image of n pairs.
        others: Of the n second images.
        kinds: Which.
        stage: Whether the tap is the input or closes a stage.
    """
    both, pair = Comparison(reference, others), Whole(reference, others)
    values = {}
    for name, kind in kinds.items():
        if isinstance(kind, Statistic):
            values[name] = kind.reduce(both).float()
        elif stage:
            values[name] = kind.reduce(pair).float()
    return values
