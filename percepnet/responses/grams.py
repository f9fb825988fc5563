"""Gram matrices: the products of channels, summed over positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

    from percepnet.responses.response import Reference, Response

FEW = 16
"""Channels whose products are computed in fp64, where they cost next to nothing.

Those of an image are nearly alike, and what tells them apart would cancel in fp32.
"""
STRIP = 4096
"""Positions that torch takes at once, at most: a GPU works on many strips side by side."""


def gram(reference: Reference) -> Tensor:
    """Return F F^T / positions, `[C, C]`, in fp64, symmetric to the last bit."""
    rows = reference.rows
    if reference.compiled:
        each = [_product(rows[0, block], rows[0, block]) for block in reference.blocks]
    else:
        each = [_products(rows[:, block], rows[:, block])[0] for block in reference.blocks]
    return _even(torch.stack(each).sum(dim=0), reference.positions)


def gram_differences(reference: Reference, others: Response) -> Tensor:
    """Return the differences of F F^T / positions, `[n, C, C]`, in fp64."""
    # with d = y - x and s = x + y it is (d s^T + s d^T) / 2 N, where nothing cancels
    x, y, positions = reference.rows, others.rows, reference.positions
    shape = (len(others), others.channels, others.channels)
    if not reference.compiled_with(others):
        tables = x.new_zeros(shape, dtype=torch.float64)
        for images, some in others.pieces(positions):
            tables[images] += _products(y[images, some] - x[:, some], y[images, some] + x[:, some])
        return _even(tables, positions)
    found = torch.empty(shape, dtype=torch.float64)

    def fill(image: int) -> None:
        both = [(y[image, block], x[0, block]) for block in reference.blocks]
        each = [_product(one - other, one + other) for one, other in both]
        _even(torch.stack(each).sum(dim=0), positions, found[image])

    reference.crew.each(fill, range(len(others)))
    return found


def _even(tables: Tensor, positions: int, out: Tensor | None = None) -> Tensor:
    return torch.div(tables + tables.mT, 2.0 * positions, out=out)


def _products(one: Tensor, other: Tensor) -> Tensor:
    """Return the sums over positions of the products of channels, `[n, C, C]` of two `[n, N, C]`, in fp64."""
    if one.shape[2] <= FEW:
        one, other = one.double(), other.double()
    strips = -(-one.shape[1] // STRIP)
    padded = (functional.pad(rows, (0, 0, 0, -rows.shape[1] % strips)) for rows in (one, other))
    first, second = (rows.reshape(len(rows), strips, -1, rows.shape[2]) for rows in padded)
    return torch.matmul(first.mT, second).sum(dim=1, dtype=torch.float64)


def _product(one: Tensor, other: Tensor) -> Tensor:
    """Return the same of one image, `[C, C]` of two `[N, C]`, where compiled loops can work."""
    if one.shape[1] > FEW:
        return (one.T @ other).double()
    from percepnet.responses import tables

    found = np.zeros((one.shape[1], one.shape[1]))
    tables.add_products(one.numpy(), other.numpy(), found)
    return torch.from_numpy(found)
