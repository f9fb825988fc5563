"""Statistics that each channel has by itself, made of a few sums over positions.

x is the reference's response, y another image's, d = y - x, N the number of positions. Each function returns
`[n, C]` for n other images and C channels, in fp64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from percepnet.responses.once import once
from percepnet.responses.response import EPSILON, SMALLEST, central, inverse_root, root
from percepnet.responses.summing import sums

if TYPE_CHECKING:
    from torch import Tensor

    from percepnet.responses.response import Reference, Response

SIMILARITY_EPSILON = 1e-6
"""DISTS's constants c1 and c2."""


class Comparison:
    """The responses to n images beside that to their reference: sums over positions, and what follows.

    The sums are those of u = x - r, e = d - s and f = y - t, where r and s lie near the means of x and d, and
    t = r + s: then nothing cancels but what fp64 can bear, and one pass over the responses suffices.
    """

    def __init__(self, reference: Reference, others: Response) -> None:
        self.reference = reference
        self.others = others
        self.positions = reference.positions
        self.x = reference.moments

    @once
    def shifts(self) -> Tensor:
        """r, s and t, `[n, 3, C]`."""
        x, y = self.reference.sample, self.others.sample
        near_x, near_d = self.reference.near.expand(len(y), -1), (y - x).mean(dim=1).detach()
        return torch.stack([near_x, near_d, near_x + near_d], dim=1)

    @once
    def sums(self) -> Tensor:
        """Sums over positions divided by N, `[n, 11, C]`.

        Of |d|; of the squared differences of unit vectors over channels; of e and e^2; of f^2 - u^2, f^3 -
        u^3 and f^4 - u^4; of f, f^2, f^3 and f^4.
        """
        if not self.reference.compiled_with(self.others):
            return sums(self.reference, self.others, self.shifts) / self.positions
        from percepnet.responses import kernels

        x, shifts = self.reference.array[0], self.shifts[:, 1:].contiguous().numpy()
        ys, blocks = self.others.array, self.reference.blocks
        parts = np.empty((len(blocks), len(ys), kernels.SUMS, x.shape[1]))

        def fill(task: tuple[int, int]) -> None:
            place, image = task
            block = blocks[place]
            kernels.set_sums(x[block], ys[image, block], EPSILON, shifts[image], parts[task])

        self.reference.crew.each(fill, [*np.ndindex(parts.shape[:2])])
        means = torch.from_numpy(parts.sum(axis=0)) / self.positions
        # summed in the same order: for identical images the changes are exactly 0
        changes = means[:, 3:] - self.reference.powers
        return torch.cat([means[:, :2], changes[:, :1], means[:, 2:3], changes[:, 1:], means[:, 3:]], dim=1)

    @once
    def mean_difference(self) -> Tensor:
        """Mean of d."""
        return self.shifts[:, 1] + self.sums[:, 2]

    @once
    def difference_variance(self) -> Tensor:
        """Variance of d."""
        return (self.sums[:, 3] - self.sums[:, 2].square()).clamp_min(0.0)

    @once
    def y(self) -> Tensor:
        """Mean and central moments of order 2, 3, 4 of y, `[n, 4, C]`."""
        return central(self.sums[:, 7:], self.shifts[:, 2])

    @once
    def moment_differences(self) -> Tensor:
        """Differences, y less x, of the central moments of order 2, 3, 4, `[n, 3, C]`.

        Means of (f - f')^k - (u - u')^k with f' and u' the means of f and u, multiplied out.
        """
        e, second, third, fourth = self.sums[:, [2, 4, 5, 6]].unbind(dim=1)
        f = self.sums[:, 7]
        u, squares, cubes, _ = self.reference.powers
        both, powers = f + u, f.square() + u.square()
        return torch.stack(
            [
                second - e * both,
                third - 3.0 * (f * second + e * squares) + 2.0 * e * (powers + f * u),
                fourth
                - 4.0 * (f * third + e * cubes)
                + 6.0 * (f.square() * second + e * both * squares)
                - 3.0 * e * both * powers,
            ],
            dim=1,
        )

    def unit_difference(self, about_x: Tensor | float, about_d: Tensor | float) -> Tensor:
        """Return half the sums of ((y - a - b) / |y - a - b| - (x - a) / |x - a|)^2, `[n, C]`.

        The lengths are those of the whole responses. A response without length stays 0. With D = d - b,
        X = x - a and the inverse lengths p and q, y's being p: (p D + (p - q) X)^2, multiplied out.

        Args:
            about_x: a, of all channels together, `[]`.
            about_d: b, `[n, 1]`.
        """
        x_mean, d_mean = self.x[0] - about_x, self.mean_difference - about_d
        squares_x, squares_d = self.x[1] + x_mean.square(), self.difference_variance + d_mean.square()
        squares_y = self.y[:, 1] + (self.y[:, 0] - about_x - about_d).square()
        # the covariance of x and d, as f^2 - u^2 = 2 u e + e^2
        shared = 0.5 * (self.sums[:, 4] - self.sums[:, 3]) - self.reference.powers[0] * self.sums[:, 2]
        products = shared + x_mean * d_mean
        power_x, power_y = squares_x.sum(), squares_y.sum(dim=1, keepdim=True)
        p, q = inverse_root(power_y), inverse_root(power_x)
        # (p - q) from the change of the squares, so that it does not cancel
        change = (2.0 * products + squares_d).sum(dim=1, keepdim=True)
        both = -change * p * q / (root(power_x) + root(power_y)).clamp_min(SMALLEST)
        less = torch.where((p > 0.0) & (q > 0.0), both, p - q)
        total = p.square() * squares_d + 2.0 * p * less * products + less.square() * squares_x
        return 0.5 * total.clamp_min(0.0)


def squared_difference(both: Comparison) -> Tensor:
    """Return the mean over positions of (y - x)^2."""
    return both.difference_variance + both.mean_difference.square()


def absolute_difference(both: Comparison) -> Tensor:
    """Return the mean over positions of |y - x|."""
    return both.sums[:, 0]


def unit_squared_difference(both: Comparison) -> Tensor:
    """Return LPIPS's term per channel: the mean squared difference of unit vectors over channels.

    At every position the vector over channels is divided by its length + 1e-10 (Zhang et al., "The
    unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018, eq. 1, as in the authors'
    code).
    """
    return both.sums[:, 1]


def cosine_distance(both: Comparison) -> Tensor:
    """Return the channels' shares of 1 - cosine: half the squared difference of x / |x| and y / |y|, summed.

    The lengths are those of the whole tensors `[C, H, W]`. A response without length stays 0.
    """
    return both.unit_difference(0.0, 0.0)


def correlation_distance(both: Comparison) -> Tensor:
    """Return the channels' shares of 1 - Pearson's r: as `cosine_distance`, about each tensor's own mean."""
    return both.unit_difference(both.x[0].mean(), both.mean_difference.mean(dim=1, keepdim=True))


def reference_mean(both: Comparison) -> Tensor:
    """Return the mean of x over positions."""
    return both.x[0].expand(len(both.others), -1)


def reference_deviation(both: Comparison) -> Tensor:
    """Return the standard deviation of x over positions (divided by N, not N - 1)."""
    return root(both.x[1]).expand(len(both.others), -1)


def mean_difference(both: Comparison) -> Tensor:
    """Return the difference, y less x, of the means over positions."""
    return both.mean_difference


def deviation_difference(both: Comparison) -> Tensor:
    """Return the difference, y less x, of the standard deviations over positions."""
    return _ratio(both.moment_differences[:, 0], root(both.y[:, 1]) + root(both.x[1]))


def third_moment_difference(both: Comparison) -> Tensor:
    """Return the difference, y less x, of the signed cube roots of the third central moments.

    The root gives skewness the unit of the response, so that it can stand beside mean and deviation, and
    leaves it defined for a channel that does not respond.
    """
    x, y = _signed_root(both.x[2]), _signed_root(both.y[:, 2])
    return _ratio(both.moment_differences[:, 1], x.square() + x * y + y.square())


def fourth_moment_difference(both: Comparison) -> Tensor:
    """Return the difference, y less x, of the fourth roots of the fourth central moments."""
    x, y = root(both.x[3]), root(both.y[:, 3])
    return _ratio(both.moment_differences[:, 2], (x + y) * (root(x) + root(y)))


def _ratio(difference: Tensor, total: Tensor) -> Tensor:
    """Return difference / total, 0 where there is nothing."""
    return difference / total.clamp_min(SMALLEST)


def texture_difference(both: Comparison) -> Tensor:
    """Return 1 - l of DISTS: (mx - my)^2 / (mx^2 + my^2 + c1) (Ding et al. 2020, eq. 4, c1 = 1e-6)."""
    total = both.x[0].square() + both.y[:, 0].square() + SIMILARITY_EPSILON
    return both.mean_difference.square() / total


def structure_difference(both: Comparison) -> Tensor:
    """Return 1 - s of DISTS: var(y - x) / (var x + var y + c2) (Ding et al. 2020, eq. 5, c2 = 1e-6).

    The numerator is var x + var y - 2 cov(x, y).
    """
    return both.difference_variance / (both.x[1] + both.y[:, 1] + SIMILARITY_EPSILON)


def _signed_root(values: Tensor) -> Tensor:
    """Return the cube root, negative for negative values; finite gradient at 0."""
    size = values.abs().clamp_min(1e-24)
    return values * size.pow(-2.0 / 3.0)


EVERYWHERE = (
    *(squared_difference, absolute_difference, unit_squared_difference, cosine_distance),
    *(correlation_distance, reference_mean, reference_deviation, mean_difference, deviation_difference),
    *(third_moment_difference, fourth_moment_difference, texture_difference, structure_difference),
)
