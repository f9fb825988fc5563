"""The responses to one image at one tap, and what is computed of them once and used often."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

SMALLEST = 1e-30
"""Below this a power counts as none: it keeps roots and their gradients finite where nothing responds."""
EPSILON = 1e-10
"""LPIPS's, added to the length of the vector over channels."""
WINDOW = 8
"""Side of a local window, in positions."""
FEW = 16
"""Channels whose products cost next to nothing in fp64."""
BLOCK = 1 << 18
"""Elements of a block of channels: 1 MB in fp32, so that what is made of it stays in a processor's cache."""


class Response:
    """The response `[C, H, W]` to one image at one tap, in fp32."""

    def __init__(self, values: Tensor) -> None:
        # one layout for all: a sum over another order of memory ends in another last bit
        self.map = values.contiguous()
        self.flat = self.map.flatten(1)
        self.channels, self.positions = self.flat.shape

    @property
    def blocks(self) -> list[slice]:
        """The channels in blocks that fit into a cache."""
        step = max(1, BLOCK // self.positions)
        return [slice(start, start + step) for start in range(0, self.channels, step)]

    @cached_property
    def inverse_lengths(self) -> Tensor:
        """1 / (length of the vector over channels + 1e-10) at every position, `[N]`."""
        power = sum(self.flat[block].square().sum(dim=0) for block in self.blocks)
        return 1.0 / (root(torch.as_tensor(power)) + EPSILON)

    @cached_property
    def moments(self) -> Tensor:
        """Mean and central moments of order 2, 3, 4 of each channel over positions, `[4, C]`, in fp64.

        In fp32 a third moment near 0 would be nothing but rounding, which its cube root makes large.
        """
        return torch.cat([_moments(self.flat[block].double()) for block in self.blocks], dim=1)

    @cached_property
    def means(self) -> Tensor:
        """Mean over positions, `[C]`."""
        return self.moments[0].float()

    @cached_property
    def variances(self) -> Tensor:
        """Variance over positions, `[C]`."""
        return self.moments[1].float()

    @cached_property
    def mean(self) -> Tensor:
        """Mean over channels and positions."""
        return self.means.mean()

    @cached_property
    def inverse_norm(self) -> Tensor:
        """1 / length of the whole response; 0 where it has none."""
        return _inverse(self.positions * (self.variances + self.means.square()).sum())

    @cached_property
    def inverse_centred_norm(self) -> Tensor:
        """1 / length of the whole response about its mean; 0 where it has none."""
        offsets = (self.means - self.mean).square()
        return _inverse(self.positions * (self.variances + offsets).sum())

    @cached_property
    def ordered(self) -> Tensor:
        """Each channel's values in ascending order, `[C, N]`."""
        return ascending(self.flat)

    @cached_property
    def ordered_windows(self) -> Tensor:
        """Each channel's values in ascending order within every window of 8 x 8, `[C, windows, 64]`.

        The borders are repeated where the last windows reach beyond them.
        """
        height, width = self.map.shape[1:]
        missing = (-height % WINDOW, -width % WINDOW)
        padded = functional.pad(self.map[None], (0, missing[1], 0, missing[0]), mode="replicate")[0]
        rows, columns = padded.shape[1] // WINDOW, padded.shape[2] // WINDOW
        cut = padded.reshape(self.channels, rows, WINDOW, columns, WINDOW).transpose(2, 3)
        return ascending(cut.reshape(self.channels, rows * columns, WINDOW * WINDOW))

    @cached_property
    def gram(self) -> Tensor:
        """F F^T / positions, `[C, C]`, in fp64."""
        return product(self.flat, self.flat) / self.positions


def product(x: Tensor, y: Tensor) -> Tensor:
    """Return x y^T, `[C, C]` of two `[C, N]`, in fp64.

    Computed in fp64 where channels are few: those of an image are nearly alike, and what tells them apart
    would cancel in fp32.
    """
    if len(x) > FEW:
        return (x @ y.T).double()
    return x.double() @ y.double().T


def root(power: Tensor) -> Tensor:
    """Return the square root of a power; finite gradient where it is 0."""
    return torch.where(power > SMALLEST, power.clamp_min(SMALLEST).sqrt(), torch.zeros_like(power))


def _inverse(power: Tensor) -> Tensor:
    return torch.where(power > SMALLEST, power.clamp_min(SMALLEST).rsqrt(), torch.zeros_like(power))


def _moments(values: Tensor) -> Tensor:
    mean = values.mean(dim=1)
    centred = values - mean[:, None]
    squares = centred.square()
    third = torch.linalg.vecdot(squares, centred) / values.shape[1]
    fourth = torch.linalg.vecdot(squares, squares) / values.shape[1]
    return torch.stack([mean, squares.mean(dim=1), third, fourth])


def ascending(values: Tensor) -> Tensor:
    """Return the values sorted along the last axis. NumPy sorts fp32 several times faster than torch."""
    if values.device.type != "cpu" or values.requires_grad:
        return values.sort(dim=-1).values
    return torch.from_numpy(np.sort(values.numpy(), axis=-1))
