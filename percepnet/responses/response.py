"""The responses to images at one tap, and what is computed of a reference's once and used often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from percepnet.responses.crew import Crew
from percepnet.responses.grams import gram
from percepnet.responses.once import once
from percepnet.responses.ordering import Arranged, arranged, ordered

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

SMALLEST = 1e-30
"""Below this a power counts as none: it keeps roots and their gradients finite where nothing responds."""
EPSILON = 1e-10
"""LPIPS's, added to the length of the vector over channels."""
BLOCK = 1 << 18
"""Elements that are worked on at once: 1 MB in fp32, which a processor's cache can hold."""
DEVICE_BLOCK = 1 << 22
"""The same on a GPU: few enough for its memory, in fp64, and enough to keep it busy."""
SAMPLE = 64
"""Positions that tell about where a mean will lie."""


class Response:
    """The responses `[n, C, H, W]` to n images at one tap, in fp32.

    Attributes:
        rows: Positions by channels, `[n, N, C]`: as convolutions in channels_last leave them.
        size: Height and width.
        crew: Threads for what is computed of it.
    """

    def __init__(self, values: Tensor, crew: Crew | None = None) -> None:
        self.rows = values.permute(0, 2, 3, 1).flatten(1, 2).contiguous()
        self.size = (values.shape[2], values.shape[3])
        self.positions, self.channels = self.rows.shape[1:]
        self.crew = crew or Crew()

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.rows)

    @property
    def compiled(self) -> bool:
        """Whether compiled loops can work on it: on a CPU, where nobody asks for gradients."""
        return self.rows.device.type == "cpu" and not self.rows.requires_grad

    def compiled_with(self, other: Response) -> bool:
        """Whether compiled loops can work on this and on another."""
        return self.compiled and other.compiled

    @property
    def array(self) -> NDArray[np.float32]:
        """The rows, for compiled loops."""
        values: NDArray[np.float32] = self.rows.numpy()
        return values

    @property
    def maps(self) -> Tensor:
        """The rows as maps, `[n, H, W, C]`."""
        return self.rows.view(len(self), *self.size, self.channels)

    @property
    def limit(self) -> int:
        """Elements that are worked on at once."""
        return BLOCK if self.rows.device.type == "cpu" else DEVICE_BLOCK

    @property
    def blocks(self) -> list[slice]:
        """The positions of one image in blocks that are worked on at once."""
        return parts(self.positions, self.channels, self.limit)

    def pieces(self, items: int) -> list[tuple[slice, slice]]:
        """The images, and each one's items (positions or channels), in pieces that are worked on at once."""
        each = self.positions * self.channels
        within = parts(items, each // items, self.limit)
        return [(images, some) for images in parts(len(self), each, self.limit) for some in within]

    @once
    def sample(self) -> Tensor:
        """The responses at some positions all over the image, `[n, at most 64, C]`, in fp64."""
        return self.rows[:, :: max(1, self.positions // SAMPLE)][:, :SAMPLE].double()


class Reference(Response):
    """The response `[C, H, W]` to one image, beside which those to others are laid."""

    def __init__(self, values: Tensor, crew: Crew | None = None) -> None:
        super().__init__(values[None], crew)

    @once
    def near(self) -> Tensor:
        """About the mean of each channel, `[C]`, in fp64."""
        return self.sample[0].mean(dim=0).detach()

    @once
    def powers(self) -> Tensor:
        """Means over positions of the powers 1 to 4 of each channel less `near`, `[4, C]`, in fp64.

        In fp32 a third moment near 0 would be nothing but rounding, which its cube root makes large.
        """
        if not self.compiled:
            each = [_powers(self.rows[0, block].double() - self.near) for block in self.blocks]
            return torch.stack(each).sum(dim=0) / self.positions
        from percepnet.responses import kernels

        rows, near = self.array[0], self.near.numpy()
        shifts = np.stack([np.zeros_like(near), near])
        sums = np.empty((len(self.blocks), kernels.SUMS, self.channels))

        def fill(task: tuple[int, slice]) -> None:
            place, block = task
            kernels.set_sums(rows[block], rows[block], EPSILON, shifts, sums[place])

        self.crew.each(fill, [*enumerate(self.blocks)])
        return torch.from_numpy(sums[:, -4:].sum(axis=0)) / self.positions

    @once
    def moments(self) -> Tensor:
        """Mean and central moments of order 2, 3, 4 of each channel over positions, `[4, C]`, in fp64."""
        return central(self.powers, self.near)

    @once
    def ordered(self) -> tuple[Tensor, Tensor]:
        """Each channel's values in ascending order, over the image and within windows."""
        whole, windows = ordered(self.maps.permute(0, 3, 1, 2))
        return whole[0], windows[0]

    @once
    def arranged(self) -> Arranged:
        """The same for compiled loops."""
        return arranged(self)

    @once
    def gram(self) -> Tensor:
        """F F^T / positions, `[C, C]`, in fp64, symmetric to the last bit."""
        return gram(self)


def parts(count: int, each: int, limit: int) -> list[slice]:
    """Return slices of `count` items, of so many that they have `limit` elements at most, `each` per item."""
    step = max(1, limit // each)
    return [slice(start, start + step) for start in range(0, count, step)]


def _powers(deviations: Tensor) -> Tensor:
    return torch.stack([deviations.pow(order).sum(dim=0) for order in (1, 2, 3, 4)])


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
    return power.clamp_min(SMALLEST).sqrt() * (power > SMALLEST)


def inverse_root(power: Tensor) -> Tensor:
    """Return 1 / square root of a power; 0 where there is none."""
    return power.clamp_min(SMALLEST).rsqrt() * (power > SMALLEST)
