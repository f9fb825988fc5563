"""The responses to one image at one tap, and what is computed of them once and used often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from percepnet.responses.crew import Crew
from percepnet.responses.once import once
from percepnet.responses.ordering import Arranged, arranged, ordered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

SMALLEST = 1e-30
"""Below this a power counts as none: it keeps roots and their gradients finite where nothing responds."""
EPSILON = 1e-10
"""LPIPS's, added to the length of the vector over channels."""
FEW = 16
"""Channels whose products cost next to nothing in fp64."""
BLOCK = 1 << 18
"""Elements that are worked on at once: 1 MB in fp32, which a processor's cache can hold."""
DEVICE_BLOCK = 1 << 22
"""The same on a GPU: few enough for its memory, in fp64, and enough to keep it busy."""
SAMPLE = 64
"""Positions that tell about where a mean will lie."""


class Response:
    """The response `[C, H, W]` to one image at one tap, in fp32.

    Attributes:
        rows: Positions by channels, `[N, C]`: as convolutions in channels_last leave them.
        size: Height and width.
        crew: Threads for what is computed of it.
    """

    def __init__(self, values: Tensor, crew: Crew | None = None) -> None:
        self.rows = values.permute(1, 2, 0).flatten(0, 1).contiguous()
        self.size = (values.shape[1], values.shape[2])
        self.positions, self.channels = self.rows.shape
        self.crew = crew or Crew()

    @property
    def compiled(self) -> bool:
        """Whether compiled loops can work on it: on a CPU, where nobody asks for gradients."""
        return self.rows.device.type == "cpu" and not self.rows.requires_grad

    def compiled_with(self, others: Sequence[Response]) -> bool:
        """Whether compiled loops can work on this and on others."""
        return all(one.compiled for one in (self, *others))

    @property
    def array(self) -> NDArray[np.float32]:
        """The rows, for compiled loops."""
        values: NDArray[np.float32] = self.rows.numpy()
        return values

    @property
    def blocks(self) -> list[slice]:
        """The positions in blocks that are worked on at once."""
        step = max(1, (BLOCK if self.rows.device.type == "cpu" else DEVICE_BLOCK) // self.channels)
        return [slice(start, start + step) for start in range(0, self.positions, step)]

    @once
    def sample(self) -> Tensor:
        """The responses at some positions all over the image, `[at most 64, C]`, in fp64."""
        return self.rows[:: max(1, self.positions // SAMPLE)][:SAMPLE].double()

    @once
    def inverse_lengths(self) -> Tensor:
        """1 / (length of the vector over channels + 1e-10) at every position, `[N]`, in fp64."""
        return 1.0 / (root(self.rows.double().square().sum(dim=1)) + EPSILON)

    @once
    def moments(self) -> Tensor:
        """Mean and central moments of order 2, 3, 4 of each channel over positions, `[4, C]`, in fp64.

        In fp32 a third moment near 0 would be nothing but rounding, which its cube root makes large.
        """
        near = self.sample.mean(dim=0).detach()
        return central(self._powers(near) / self.positions, near)

    def _powers(self, shift: Tensor) -> Tensor:
        if not self.compiled:
            each = [_powers(self.rows[block].double() - shift) for block in self.blocks]
            return torch.stack(each).sum(dim=0)
        from percepnet.responses import kernels

        rows, shifts = self.array, shift.numpy()[None].repeat(3, 0)
        parts = np.empty((len(self.blocks), kernels.SUMS, self.channels))

        def fill(task: tuple[int, slice]) -> None:
            place, block = task
            kernels.set_sums(rows[block], rows[block], EPSILON, shifts, parts[place])

        self.crew.each(fill, [*enumerate(self.blocks)])
        return torch.from_numpy(parts[:, -4:].sum(axis=0))

    @once
    def ordered(self) -> tuple[Tensor, Tensor]:
        """Each channel's values in ascending order, over the image and within windows."""
        return ordered(self)

    @once
    def arranged(self) -> Arranged:
        """The same for compiled loops."""
        return arranged(self)

    @once
    def gram(self) -> Tensor:
        """F F^T / positions, `[C, C]`, in fp64, symmetric to the last bit."""
        parts = [product(self.rows[block], self.rows[block]) for block in self.blocks]
        table = torch.stack(parts).sum(dim=0)
        return (table + table.T) / (2.0 * self.positions)


def _powers(deviations: Tensor) -> Tensor:
    return torch.stack([deviations.pow(order).sum(dim=0) for order in (1, 2, 3, 4)])


def product(one: Tensor, other: Tensor) -> Tensor:
    """Return the sum over positions of the products of channels, `[C, C]` of two `[n, C]`, in fp64.

    Computed in fp64 where channels are few: those of an image are nearly alike, and what tells them apart
    would cancel in fp32.
    """
    if one.shape[1] > FEW:
        return (one.T @ other).double()
    if one.device.type != "cpu" or one.requires_grad or other.requires_grad:
        return one.T.double() @ other.double()
    from percepnet.responses import tables

    found = np.zeros((one.shape[1], one.shape[1]))
    tables.add_products(one.numpy(), other.numpy(), found)
    return torch.from_numpy(found)


def central(powers: Tensor, shift: Tensor) -> Tensor:
    """Return the mean and the central moments of order 2, 3, 4, `[..., 4, C]`, of mean powers about a shift.

    Exact to fp64's rounding where the shift is near the mean, compared with the standard deviation.
    """
    first, second, third, fourth = powers.unbind(dim=-2)
    variance = (second - first.square()).clamp_min(0.0)
    skew = third - 3.0 * first * second + 2.0 * first**3
    tails = (fourth - 4.0 * first * third + 6.0 * first.square() * second - 3.0 * first**4).clamp_min(0.0)
    return torch.stack([shift + first, variance, skew, tails], dim=-2)


def root(power: Tensor) -> Tensor:
    """Return the square root of a power; finite gradient where it is 0."""
    return torch.where(power > SMALLEST, power.clamp_min(SMALLEST).sqrt(), torch.zeros_like(power))


def inverse_root(power: Tensor) -> Tensor:
    """Return 1 / square root of a power; 0 where there is none."""
    return torch.where(power > SMALLEST, power.clamp_min(SMALLEST).rsqrt(), torch.zeros_like(power))
