"""Splits of judged pairs for readouts that learn: by group (reference image, stimulus), in no other way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.agreement.people import BoolArray


def held_out(groups: Sequence[str], folds: int, seed: int) -> list[BoolArray]:
    """Return which pairs `[P]` each fold holds out: every pair once, whole groups, as even as groups allow.

    Names are sorted before they are shuffled, so that neither the order of the pairs nor Python's hash seed
    has a say.

    Raises:
        InputError: Fewer than two folds, or fewer groups than folds.
    """
    names = sorted(set(groups))
    if not 2 <= folds <= len(names):
        raise InputError(
            "this split cannot be made",
            expected=f"2 or more folds, at most one per reference image or stimulus ({len(names)})",
            found=f"{folds} folds",
        )
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = {names[place]: index % folds for index, place in enumerate(order)}
    own = np.array([fold_of[group] for group in groups])
    return [own == fold for fold in range(folds)]
