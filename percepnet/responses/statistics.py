"""Pair statistics: what is kept of the responses to two images, `[C]` numbers per image pair and tap.

Each is a pure reduction over positions. Bump a statistic's version whenever its numbers change: the version
is part of the store's key.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LPIPS_EPSILON = 1e-10


@dataclass(frozen=True, slots=True)
class Statistic:
    """One reduction of two responses.

    Attributes:
        version: Part of the key under which results are stored.
        prepare: What is computed once per reference, `[C, H, W]` -> `[C, H, W]`.
        reduce: (prepared reference, response), both `[C, H, W]` -> `[C]`.
    """

    version: int
    prepare: Callable[[Tensor], Tensor]
    reduce: Callable[[Tensor, Tensor], Tensor]


def squared_difference(reference: Tensor, response: Tensor) -> Tensor:
    """Return the mean over positions of the squared difference, `[C]`, of two responses `[C, H, W]`."""
    return (response - reference).square_().mean(dim=(1, 2))


def unit_squared_difference(reference: Tensor, response: Tensor) -> Tensor:
    """Return LPIPS's term per channel, `[C]`: the mean squared difference of unit feature vectors.

    At every position the vector over channels is divided by its length + 1e-10 (Zhang et al., "The
    unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018, eq. 1, as in the authors'
    code). `reference` has been through `unit_vectors` already.
    """
    return squared_difference(reference, unit_vectors(response))


def unit_vectors(response: Tensor) -> Tensor:
    """Return `[C, H, W]` with every position's vector over channels at unit length."""
    length: Tensor = torch.linalg.vector_norm(response, dim=0, keepdim=True)
    return response / (length + LPIPS_EPSILON)


STATISTICS: Mapping[str, Statistic] = MappingProxyType(
    {
        "squared_difference": Statistic(1, torch.clone, squared_difference),
        "unit_squared_difference": Statistic(1, unit_vectors, unit_squared_difference),
    }
)


def chosen(names: Sequence[str]) -> dict[str, Statistic]:
    """Return the statistics of these names, sorted by name.

    Raises:
        InputError: An unknown name; tells the nearest.
    """
    for name in names:
        if name not in STATISTICS:
            raise InputError(f"unknown statistic {name!r}", remedy=nearest(name, STATISTICS))
    return {name: STATISTICS[name] for name in sorted(set(names))}
