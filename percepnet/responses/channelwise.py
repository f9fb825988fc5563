"""Statistics of two responses that each channel has by itself, computed block of channels by block.

x is the reference's response, y the other's, N the number of positions. Each function returns `[c]` for a
block of c channels.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import torch

from percepnet.responses.response import SMALLEST, Response, root

if TYPE_CHECKING:
    from torch import Tensor

SIMILARITY_EPSILON = 1e-6
"""DISTS's constants c1 and c2."""


class Block:
    """Some channels of two responses, with what several statistics need of them."""

    def __init__(self, reference: Response, other: Response, channels: slice) -> None:
        self.reference = reference
        self.other = other
        self.channels = channels
        self.x = reference.flat[channels]
        self.y = other.flat[channels]

    @cached_property
    def difference(self) -> Tensor:
        """Return y - x, `[c, N]`."""
        return self.y - self.x

    @cached_property
    def mean_difference(self) -> Tensor:
        """Return the mean over positions of y - x, `[c]`."""
        return self.difference.mean(dim=1)

    @cached_property
    def centred_difference(self) -> Tensor:
        """Return y - x less its mean over positions, `[c, N]`."""
        return self.difference - self.mean_difference[:, None]

    @cached_property
    def difference_variance(self) -> Tensor:
        """Return the variance over positions of y - x, `[c]`."""
        return _power(self.centred_difference)

    @cached_property
    def moment_differences(self) -> Tensor:
        """Return the differences, y less x, of the central moments of order 2, 3, 4, `[3, c]`.

        In fp64. With d = y - x, all centred: (x + d)^n - x^n, d factored out, so that nothing cancels.
        """
        x = self.x.double() - self.reference.moments[0, self.channels, None]
        d = self.difference.double()
        d -= d.mean(dim=1, keepdim=True)
        squares = x.square()
        second = torch.linalg.vecdot(d, 2.0 * x + d)
        third = torch.linalg.vecdot(d, 3.0 * squares + d * (3.0 * x + d))
        fourth = torch.linalg.vecdot(d, 4.0 * squares * x + d * (6.0 * squares + d * (4.0 * x + d)))
        return torch.stack([second, third, fourth]) / x.shape[1]

    def moments(self, order: int) -> tuple[Tensor, Tensor]:
        """Return a central moment of x and of y over positions (order 1: the mean), `[c]` each, in fp64."""
        place = order - 1
        return self.reference.moments[place, self.channels], self.other.moments[place, self.channels]


def _power(values: Tensor) -> Tensor:
    """Return the mean over positions of squares, `[c]`."""
    power: Tensor = torch.linalg.vecdot(values, values)
    return power / values.shape[1]


def squared_difference(block: Block) -> Tensor:
    """Return the mean over positions of (y - x)^2."""
    return block.difference_variance + block.mean_difference.square()


def absolute_difference(block: Block) -> Tensor:
    """Return the mean over positions of |y - x|."""
    # not vector_norm, which sums one after the other: 1e-3 is lost over the pixels of an image
    return block.difference.abs().mean(dim=1)


def unit_squared_difference(block: Block) -> Tensor:
    """Return LPIPS's term per channel: the mean squared difference of unit vectors over channels.

    At every position the vector over channels is divided by its length + 1e-10 (Zhang et al., "The
    unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018, eq. 1, as in the authors'
    code).
    """
    return _power(block.y * block.other.inverse_lengths - block.x * block.reference.inverse_lengths)


def cosine_distance(block: Block) -> Tensor:
    """Return the channels' shares of 1 - cosine: half the squared difference of x / |x| and y / |y|, summed.

    The lengths are those of the whole tensors `[C, H, W]`. A response without length stays 0.
    """
    difference = block.y * block.other.inverse_norm - block.x * block.reference.inverse_norm
    return 0.5 * _power(difference) * difference.shape[1]


def correlation_distance(block: Block) -> Tensor:
    """Return the channels' shares of 1 - Pearson's r: as `cosine_distance`, about each tensor's own mean."""
    x = (block.x - block.reference.mean) * block.reference.inverse_centred_norm
    y = (block.y - block.other.mean) * block.other.inverse_centred_norm
    return 0.5 * _power(y - x) * x.shape[1]


def reference_mean(block: Block) -> Tensor:
    """Return the mean of x over positions."""
    return block.moments(1)[0]


def reference_deviation(block: Block) -> Tensor:
    """Return the standard deviation of x over positions (divided by N, not N - 1)."""
    return root(block.moments(2)[0])


def mean_difference(block: Block) -> Tensor:
    """Return the difference, y less x, of the means over positions."""
    return block.mean_difference


def deviation_difference(block: Block) -> Tensor:
    """Return the difference, y less x, of the standard deviations over positions."""
    x, y = block.moments(2)
    return _ratio(block.moment_differences[0], root(y) + root(x))


def third_moment_difference(block: Block) -> Tensor:
    """Return the difference, y less x, of the signed cube roots of the third central moments.

    The root gives skewness the unit of the response, so that it can stand beside mean and deviation, and
    leaves it defined for a channel that does not respond.
    """
    x, y = (_signed_root(moment) for moment in block.moments(3))
    return _ratio(block.moment_differences[1], x.square() + x * y + y.square())


def fourth_moment_difference(block: Block) -> Tensor:
    """Return the difference, y less x, of the fourth roots of the fourth central moments."""
    x, y = (root(moment) for moment in block.moments(4))
    return _ratio(block.moment_differences[2], (x + y) * (root(x) + root(y)))


def _ratio(difference: Tensor, total: Tensor) -> Tensor:
    """Return difference / total, 0 where there is nothing."""
    return difference / total.clamp_min(SMALLEST)


def texture_difference(block: Block) -> Tensor:
    """Return 1 - l of DISTS: (mx - my)^2 / (mx^2 + my^2 + c1) (Ding et al. 2020, eq. 4, c1 = 1e-6)."""
    x, y = block.moments(1)
    return block.mean_difference.square() / (x.square() + y.square() + SIMILARITY_EPSILON)


def structure_difference(block: Block) -> Tensor:
    """Return 1 - s of DISTS: var(y - x) / (var x + var y + c2) (Ding et al. 2020, eq. 5, c2 = 1e-6).

    The numerator is var x + var y - 2 cov(x, y).
    """
    x, y = block.moments(2)
    return block.difference_variance / (x + y + SIMILARITY_EPSILON)


def _signed_root(values: Tensor) -> Tensor:
    """Return the cube root, negative for negative values; finite gradient at 0."""
    size = values.abs().clamp_min(1e-24)
    return values * size.pow(-2.0 / 3.0)


EVERYWHERE = (
    *(squared_difference, absolute_difference, unit_squared_difference, cosine_distance),
    *(correlation_distance, reference_mean, reference_deviation, mean_difference, deviation_difference),
    *(third_moment_difference, fourth_moment_difference, texture_difference, structure_difference),
)
