"""Parts of the judgements: by kind (type of distortion, direction) and by level."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from percepnet.agreement.contract import IntArray, Score

FEWEST = 3
"""Judgements of the smallest part that is scored: two points always lie on a line."""


def with_parts(
    rate: Callable[[IntArray], list[Score]], kinds: Sequence[str], levels: Sequence[str]
) -> list[Score]:
    """Return the scores of all judgements, then those of each part.

    Args:
        rate: Scores the judgements with these indices `[n]`.
        kinds: Kind of each judgement, "" for none.
        levels: Level of each judgement, "" for none.
    """
    scores = rate(np.arange(len(kinds)))
    for name, chosen in parts(kinds, levels):
        scores += [replace(score, subset=name) for score in rate(chosen)]
    return scores


def parts(kinds: Sequence[str], levels: Sequence[str]) -> Iterator[tuple[str, IntArray]]:
    """Yield (`kind=jpeg`, indices) of every kind, then of every level, where there are several.

    Parts of fewer than three judgements are left out: nothing can be said of them.
    """
    for word, labels in (("kind", kinds), ("level", levels)):
        names = [name for name in dict.fromkeys(labels) if name]
        if len(names) > 1:
            for name in names:
                chosen = np.flatnonzero(np.array(labels, dtype=object) == name)
                if chosen.size >= FEWEST:
                    yield f"{word}={name}", chosen
