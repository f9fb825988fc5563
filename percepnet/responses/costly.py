"""Statistics of two responses that need all channels at once or sorted values.

x is the reference's response, y the other's, N the number of positions.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import torch

from percepnet.responses.response import Response, product, root

if TYPE_CHECKING:
    from torch import Tensor

SHORTEST = 1e-12
"""A distance between channels below this counts as none."""


class Whole:
    """Two responses, all channels, with what several costly statistics need of them."""

    def __init__(self, reference: Response, other: Response) -> None:
        self.reference = reference
        self.other = other

    @cached_property
    def gram_difference(self) -> Tensor:
        """Return the difference of F F^T / N, `[C, C]`, in fp64.

        With d = y - x and s = x + y it is (d s^T + s d^T) / 2 N, where nothing cancels.
        """
        x, y = self.reference.flat, self.other.flat
        change = product(y - x, y + x)
        return (change + change.T) / (2.0 * self.reference.positions)


def gram_squared_difference(pair: Whole) -> Tensor:
    """Return the squared Frobenius norm of the difference of the Gram matrices F F^T / N, `[1]`.

    Gatys, Ecker and Bethge, Image style transfer using convolutional neural networks (CVPR 2016).
    """
    return pair.gram_difference.square().sum()[None]


def wasserstein(pair: Whole) -> Tensor:
    """Return the 1-Wasserstein distance of each channel's values: mean |sorted y - sorted x|.

    Peyre and Cuturi, Computational Optimal Transport (2019), remark 2.28.
    """
    return (pair.other.ordered - pair.reference.ordered).abs().mean(dim=1)


def local_wasserstein(pair: Whole) -> Tensor:
    """Return the mean over windows of 8 x 8 of the 1-Wasserstein distance of each channel's values.

    After Liao et al., DeepWSD (2022), which compares sorted values window by window. Windows do not overlap.
    """
    return (pair.other.ordered_windows - pair.reference.ordered_windows).abs().mean(dim=(1, 2))


def distance_correlation(pair: Whole) -> Tensor:
    """Return 1 - squared distance correlation, `[1]`, with channels as samples and positions as coordinates.

    Szekely, Rizzo and Bakirov (2007), definition 5, without the root, as averaged over layers by DeepDC (Zhu
    et al. 2022): half the squared difference of the doubly centred distance matrices, each at unit norm. A
    response whose channels are all alike has none: 0 from another such, else 1/2.
    """
    gram, change = pair.reference.gram, pair.gram_difference
    x, y = _distances(gram), _distances(gram + change)
    # the change of the matrix from the change of its squares, so that nothing cancels
    moved = _doubly_centred(_squared_distances(change) / (x + y).clamp_min(SHORTEST))
    x, y = _doubly_centred(x), _doubly_centred(y)
    length_x, length_y = root(x.square().sum()), root(y.square().sum())
    shorter = -(moved * (x + y)).sum() / (length_x + length_y).clamp_min(SHORTEST)
    one, other = _unit(length_x), _unit(length_y)
    both = moved * other + x * (shorter * one * other)
    # with a single length there is no change of direction, but a direction that the other has not
    difference = torch.where((length_x > SHORTEST) & (length_y > SHORTEST), both, x * one - y * other)
    return 0.5 * difference.square().sum()[None]


def _squared_distances(gram: Tensor) -> Tensor:
    power = gram.diagonal()
    return power[:, None] + power[None, :] - 2.0 * gram


def _distances(gram: Tensor) -> Tensor:
    return root(_squared_distances(gram).clamp_min(0.0))


def _doubly_centred(table: Tensor) -> Tensor:
    return table - table.mean(dim=0) - table.mean(dim=1, keepdim=True) + table.mean()


def _unit(length: Tensor) -> Tensor:
    return torch.where(length > SHORTEST, 1.0 / length.clamp_min(SHORTEST), torch.zeros_like(length))


AT_STAGES = (gram_squared_difference, wasserstein, local_wasserstein, distance_correlation)
