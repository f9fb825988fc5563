"""Human judgements as a readout that learns from them is handed them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from percepnet.agreement.contract import FloatArray, IntArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class People:
    """What people said about the P judged pairs of a benchmark.

    Attributes:
        places: Row of the store's entry of each judged pair, `[P]`.
        groups: What no fold may divide, a name per judged pair: the reference image, the stimulus.
        scores: Opinion scores `[P]`; None for other kinds of judgement.
        polarity: Sign that a human-like correlation of distances with `scores` has: -1 for MOS.
        sides: Forced choices: which judged pairs are the first and the second image of each triplet,
            `[T, 2]`; None for other kinds.
        preference: Share of votes for the second image, `[T]`; None for other kinds.
        agreement: (distances `[R, P]`, chosen pairs `[P]`) -> `[R]`: how human-like each row is over the
            chosen pairs, which have to be whole groups; a larger value is better, NaN is undefined.
    """

    places: IntArray
    groups: Sequence[str]
    scores: FloatArray | None
    polarity: int
    sides: IntArray | None
    preference: FloatArray | None
    agreement: Callable[[FloatArray, BoolArray], FloatArray]
