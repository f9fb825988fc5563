"""The sums over positions of responses beside their reference's, by torch: many images at once."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

import torch

from percepnet.responses.response import EPSILON, SMALLEST, parts, root

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from percepnet.responses.response import Reference, Response

    Summing = Callable[[Tensor, Tensor, Tensor], Tensor]

log = logging.getLogger(__name__)

SUMS = 11
"""Sums per channel that `step_by_step` makes."""
MOST = 1 << 30
"""Numbers that a fused function takes at once: 32 bits can count them."""
TYPICAL = (8, 24, 32, 64)
"""Images, height, width and channels by which kernels are laid out: all different, so that none is tied."""
INLINE: dict[str, Any] = {"realize_reads_threshold": 64, "realize_opcount_threshold": 1000}
"""Options of torch.compile: no term is kept for all positions before it is summed."""


def sums(reference: Reference, others: Response, shifts: Tensor) -> Tensor:
    """Return the sums of `channelwise.Comparison.sums`, `[n, 11, C]`: where no compiled loops can work."""
    made = fused(others.rows.device) if is_fusible(reference, others) else None
    if made is not None:
        x, y = reference.maps[0], others.maps
        pieces = parts(len(y), y[0].numel(), MOST)
        return torch.cat([made(x, y[images], shifts[images]) for images in pieces])
    x, y = reference.rows, others.rows
    total = shifts.new_zeros(len(others), SUMS, others.channels)
    for images, some in others.pieces(others.positions):
        total[images] += step_by_step(x[:, some], y[images, None, some], shifts[images])
    return total


def is_fusible(reference: Reference, others: Response) -> bool:
    """Whether fused sums would be faster: on a GPU, where nobody asks for gradients.

    Sizes of 1 would each need a function of their own, and have little to do.
    """
    several = min(len(others), *others.size, others.channels) > 1
    rows = (reference.rows, others.rows)
    return several and all(one.device.type == "cuda" and not one.requires_grad for one in rows)


def step_by_step(x: Tensor, y: Tensor, shifts: Tensor) -> Tensor:
    """Return the sums of `channelwise.Comparison.sums`, `[n, 11, C]`, in fp64.

    Args:
        x: Of the reference, `[H, W, C]`.
        y: Of n other images, `[n, H, W, C]`.
        shifts: What lies near the means over positions of x, y - x and y, `[n, 3, C]`.
    """
    return _sums(x, y, shifts, *_unit_factors(x, y))


@cache
def fused(device: torch.device) -> Summing | None:
    """Return `step_by_step` as torch.compile makes it: a few kernels that keep next to nothing in between.

    None where that fails: a GPU needs Triton for it, a CPU a C++ compiler.
    """
    # one by one: within one function the factors would be computed anew for every channel
    factors = torch.compile(_unit_factors, dynamic=True, options=INLINE)
    made: Callable[..., Tensor] = torch.compile(_sums, dynamic=True, options=INLINE)
    images, height, width, channels = TYPICAL
    y = torch.zeros(images, height, width, channels, device=device)
    shifts = torch.zeros(images, 3, channels, dtype=torch.float64, device=device)
    try:
        made(y[0], y, shifts, *factors(y[0], y))
    except Exception as error:  # noqa: BLE001 (of torch's compiler, of Triton, of what they start)
        said = str(error).strip().partition("\n")[0]
        log.warning("sums are computed step by step, which takes longer: torch.compile fails here: %s", said)
        return None
    return lambda x, y, shifts: made(x, y, shifts, *factors(x, y))


def _unit_factors(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the smaller of the inverse lengths of the vectors over channels, and q - p, `[n, H, W, 1]`.

    p is y's inverse length, q x's. The difference comes from the change of the squares, so that it is exactly
    0 for identical images however their lengths were summed.
    """
    x, y = x.double(), y.double()
    change = ((y - x) * (y + x)).sum(dim=-1, keepdim=True)
    length_x, length_y = (root(rows.square().sum(dim=-1, keepdim=True)) for rows in (x, y))
    p, q = 1.0 / (length_y + EPSILON), 1.0 / (length_x + EPSILON)
    return torch.minimum(p, q), change * p * q / (length_x + length_y).clamp_min(SMALLEST)


def _sums(x: Tensor, y: Tensor, shifts: Tensor, smaller: Tensor, less: Tensor) -> Tensor:
    x, y = x.double(), y.double()
    near_x, near_d, near_y = shifts[0, 0], shifts[:, 1, None, None], shifts[:, 2, None, None]
    d = y - x
    u, e, f = x - near_x, d - near_d, y - near_y
    # y p - x q, from the longer of the two vectors: nothing cancels
    unit = d * smaller - torch.where(less > 0.0, x, y) * less
    uu, ff = u * u, f * f
    squares = e * (f + u)  # f - u = e
    changes = (squares, e * (ff + f * u + uu), squares * (ff + uu))
    terms = (d.abs(), unit * unit, e, e * e, *changes, f, ff, ff * f, ff * ff)
    # first along the width, then along the height: a kernel for each, that leaves no thread idle
    return torch.stack([term.sum(dim=2) for term in terms], dim=1).sum(dim=2)
