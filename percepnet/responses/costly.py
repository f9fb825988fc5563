"""Statistics of two responses that need all channels at once or sorted values.

x is the reference's response, y another image's, N the number of positions. Each function returns `[n, K]`
for n other images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import torch

from percepnet.responses.once import once
from percepnet.responses.ordering import distances
from percepnet.responses.response import SMALLEST, Response, product, root

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

Made = TypeVar("Made")

SHORTEST = 1e-12
"""A distance between channels below this counts as none."""


class Whole:
    """The responses to n images beside that to their reference, with what several statistics need of them."""

    def __init__(self, reference: Response, others: Sequence[Response]) -> None:
        self.reference = reference
        self.others = others

    @once
    def gram_differences(self) -> list[Tensor]:
        """The differences of F F^T / N, n times `[C, C]`, in fp64."""
        return self.each(self._gram_difference)

    def _gram_difference(self, index: int) -> Tensor:
        # with d = y - x and s = x + y it is (d s^T + s d^T) / 2 N, where nothing cancels
        x, y = self.reference.rows, self.others[index].rows
        parts = [product(y[block] - x[block], y[block] + x[block]) for block in self.reference.blocks]
        change = torch.stack(parts).sum(dim=0)
        return (change + change.T) / (2.0 * self.reference.positions)

    @once
    def sorted_distances(self) -> Tensor:
        """The mean distances of values in order: over the image, and within windows; `[2, n, C]`."""
        return distances(self.reference, self.others)

    @property
    def compiled(self) -> bool:
        """Whether compiled loops can work on it."""
        return self.reference.compiled_with(self.others)

    def each(self, work: Callable[[int], Made]) -> list[Made]:
        """Return what `work` makes of the number of every other image."""
        numbers = range(len(self.others))
        if not self.compiled:
            return [work(number) for number in numbers]
        found: dict[int, Made] = {}
        self.reference.crew.each(lambda number: found.update({number: work(number)}), numbers)
        return [found[number] for number in numbers]


def gram_squared_difference(pair: Whole) -> Tensor:
    """Return the squared Frobenius norm of the difference of the Gram matrices F F^T / N, `[n, 1]`.

    Gatys, Ecker and Bethge, Image style transfer using convolutional neural networks (CVPR 2016).
    """
    return torch.stack([change.square().sum()[None] for change in pair.gram_differences])


def wasserstein(pair: Whole) -> Tensor:
    """Return the 1-Wasserstein distance of each channel's values: mean |sorted y - sorted x|.

    Peyre and Cuturi, Computational Optimal Transport (2019), remark 2.28.
    """
    return pair.sorted_distances[0]


def local_wasserstein(pair: Whole) -> Tensor:
    """Return the mean over windows of 8 x 8 of the 1-Wasserstein distance of each channel's values.

    After Liao et al., DeepWSD (2022), which compares sorted values window by window. Windows do not overlap.
    """
    return pair.sorted_distances[1]


def distance_correlation(pair: Whole) -> Tensor:
    """Return 1 - squared distance correlation, `[n, 1]`, channels as samples, positions as coordinates.

    Szekely, Rizzo and Bakirov (2007), definition 5, without the root, as averaged over layers by DeepDC (Zhu
    et al. 2022): half the squared difference of the doubly centred distance matrices, each at unit norm. A
    response whose channels are all alike has none: 0 from another such, else 1/2.
    """
    gram, changes = pair.reference.gram, pair.gram_differences
    if not pair.compiled:
        return torch.stack([_distance_correlation(gram, change) for change in changes])
    from percepnet.responses import tables

    values = pair.each(
        lambda number: tables.distance_correlation(gram.numpy(), changes[number].numpy(), SMALLEST, SHORTEST)
    )
    return torch.tensor(values, dtype=torch.float64)[:, None]


def _distance_correlation(gram: Tensor, change: Tensor) -> Tensor:
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
