"""The sums over positions of responses beside their reference's, by torch: many images at once."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

import torch

from percepnet.responses.response import EPSILON, SMALLEST, parts, root

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from percepnet.responses.response import Reference, Response

    Summing = Callable[[Tensor, Tensor, Tensor], Tensor]

log = logging.getLogger(__name__)

SUMS = 11
"""Sums per channel that `position_sums` makes."""
MOST = 1 << 30
"""Numbers that a fused function takes at once: 32 bits can count them."""
TYPICAL = (8, 24, 32, 64)
"""Images, height, width and channels by which kernels are laid out: all different, so that none is tied."""


def sums(reference: Reference, others: Response, shifts: Tensor) -> Tensor:
    """Return the sums of `channelwise.Comparison.sums`, `[n, 11, C]`: where no compiled loops can work."""
    if is_fusible(others) and not reference.rows.requires_grad:
        x, y, work = reference.maps[0], others.maps, fused(others.rows.device)
        pieces = parts(len(y), y[0].numel(), MOST)
        return torch.cat([work(x, y[images], shifts[images]) for images in pieces])
    x, y = reference.rows, others.rows
    total = shifts.new_zeros(len(others), SUMS, others.channels)
    for images, some in others.pieces(others.positions):
        total[images] += position_sums(x[:, some], y[images, None, some], shifts[images])
    return total


def is_fusible(others: Response) -> bool:
    """Whether a GPU would gain: sizes of 1 would each need a function of their own, and have little to do."""
    several = min(len(others), *others.size, others.channels) > 1
    return several and others.rows.device.type == "cuda" and not others.rows.requires_grad


def position_sums(x: Tensor, y: Tensor, shifts: Tensor) -> Tensor:
    """Return the sums of `channelwise.Comparison.sums`, `[n, 11, C]`, in fp64.

    Args:
        x: Of the reference, `[H, W, C]`.
        y: Of n other images, `[n, H, W, C]`.
        shifts: Means over positions, exact for x, near for y - x and for y, `[n, 3, C]`.
    """
    x, y = x.double(), y.double()
    mean, near_d, near_y = shifts[0, 0], shifts[:, 1, None, None], shifts[:, 2, None, None]
    d = y - x
    u, e, f = x - mean, d - near_d, y - near_y
    w, unit = u + e, _unit_difference(x, y, d)
    uu, ww, ff = u * u, w * w, f * f
    squares = e * (w + u)
    changes = (e, e * e, squares, e * (ww + w * u + uu), squares * (ww + uu))
    terms = (d.abs(), unit * unit, *changes, f, ff, ff * f, ff * ff)
    # first along the width, then along the height: a kernel for each, that leaves no thread idle
    return torch.stack([term.sum(dim=2) for term in terms], dim=1).sum(dim=2)


def _unit_difference(x: Tensor, y: Tensor, d: Tensor) -> Tensor:
    """Return the difference of unit vectors over channels, y less x.

    With the inverse lengths p and q, y's being p, it is p d + (p - q) x or q d + (p - q) y: what does not
    cancel. p - q comes from the change of the squares, so that it is exactly 0 for identical images however
    their lengths were summed.
    """
    change = (d * (y + x)).sum(dim=-1, keepdim=True)
    length_x, length_y = (root(rows.square().sum(dim=-1, keepdim=True)) for rows in (x, y))
    p, q = 1.0 / (length_y + EPSILON), 1.0 / (length_x + EPSILON)
    less = change * p * q / (length_x + length_y).clamp_min(SMALLEST)
    return d * torch.minimum(p, q) - torch.where(p < q, x, y) * less


@cache
def fused(device: torch.device) -> Summing:
    """Return `position_sums` as torch.compile makes it: in a few kernels that keep nothing in between.

    As it is where that fails: a GPU needs Triton for it, a CPU a C++ compiler.
    """
    made: Summing = torch.compile(position_sums, dynamic=True)
    images, height, width, channels = TYPICAL
    y = torch.zeros(images, height, width, channels, device=device)
    shifts = torch.zeros(images, 3, channels, dtype=torch.float64, device=device)
    try:
        made(y[0], y, shifts)
    except Exception as error:  # noqa: BLE001 (of torch's compiler, of Triton, of what they start)
        said = str(error).strip().partition("\n")[0]
        log.warning("sums are computed step by step, which takes longer: torch.compile fails here: %s", said)
        return position_sums
    return made
