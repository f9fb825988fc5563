"""Statistics of two responses that need all channels at once or sorted values.

x is the reference's response, y another image's, N the number of positions. Each function returns `[n, K]`
for n other images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from percepnet.responses.grams import gram_differences
from percepnet.responses.once import once
from percepnet.responses.ordering import distances
from percepnet.responses.response import SMALLEST, parts, root

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from percepnet.responses.response import Reference, Response

SHORTEST = 1e-12
"""A distance between channels below this counts as none."""


class Whole:
    """The responses to n images beside that to their reference, with what several statistics need of them."""

    def __init__(self, reference: Reference, others: Response) -> None:
        self.reference = reference
        self.others = others

    @once
    def gram_differences(self) -> Tensor:
        """The differences of F F^T / N, `[n, C, C]`, in fp64."""
        return gram_differences(self.reference, self.others)

    @once
    def sorted_distances(self) -> Tensor:
        """The mean distances of values in order: over the image, and within windows; `[2, n, C]`."""
        return distances(self.reference, self.others)

    def of_grams(self, work: Callable[[Tensor], Tensor]) -> Tensor:
        """Return what `work` makes of some of the differences of F F^T / N at a time, `[n, 1]`."""
        changes = self.gram_differences
        pieces = parts(len(changes), changes[0].numel(), self.others.limit)
        return torch.cat([work(changes[images]) for images in pieces])[:, None]


def gram_squared_difference(pair: Whole) -> Tensor:
    """Return the squared Frobenius norm of the difference of the Gram matrices F F^T / N, `[n, 1]`.

    Gatys, Ecker and Bethge, Image style transfer using convolutional neural networks (CVPR 2016).
    """
    return pair.of_grams(lambda changes: changes.square().sum(dim=(1, 2)))


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
    reference, others, gram = pair.reference, pair.others, pair.reference.gram
    if not reference.compiled_with(others):
        return pair.of_grams(lambda changes: _distance_correlations(gram, changes))
    from percepnet.responses import tables

    table, changes, found = gram.numpy(), pair.gram_differences.numpy(), np.empty((len(others), 1))

    def fill(image: int) -> None:
        found[image] = tables.distance_correlation(table, changes[image], SMALLEST, SHORTEST)

    reference.crew.each(fill, range(len(others)))
    return torch.from_numpy(found)


def _distance_correlations(gram: Tensor, changes: Tensor) -> Tensor:
    x, y = _distances(gram), _distances(gram + changes)
    # the change of the matrix from the change of its squares, so that nothing cancels
    moved = _doubly_centred(_squared_distances(changes) / (x + y).clamp_min(SHORTEST))
    x, y = _doubly_centred(x), _doubly_centred(y)
    length_x, length_y = _length(x), _length(y)
    shorter = -_total(moved * (x + y)) / (length_x + length_y).clamp_min(SHORTEST)
    one, other = _unit(length_x), _unit(length_y)
    both = moved * other + x * (shorter * one * other)
    # with a single length there is no change of direction, but a direction that the other has not
    difference = torch.where((length_x > SHORTEST) & (length_y > SHORTEST), both, x * one - y * other)
    return 0.5 * difference.square().sum(dim=(1, 2))


def _total(tables: Tensor) -> Tensor:
    return tables.sum(dim=(-2, -1), keepdim=True)


def _length(tables: Tensor) -> Tensor:
    return root(_total(tables.square()))


def _squared_distances(gram: Tensor) -> Tensor:
    power = gram.diagonal(dim1=-2, dim2=-1)
    return power[..., :, None] + power[..., None, :] - 2.0 * gram


def _distances(gram: Tensor) -> Tensor:
    return root(_squared_distances(gram).clamp_min(0.0))


def _doubly_centred(tables: Tensor) -> Tensor:
    rows, columns = tables.mean(dim=-1, keepdim=True), tables.mean(dim=-2, keepdim=True)
    return tables - columns - rows + tables.mean(dim=(-2, -1), keepdim=True)


def _unit(length: Tensor) -> Tensor:
    return (length > SHORTEST) / length.clamp_min(SHORTEST)


AT_STAGES = (gram_squared_difference, wasserstein, local_wasserstein, distance_correlation)
KNOWN = {wasserstein: "arranged", local_wasserstein: "arranged", distance_correlation: "gram"}
"""What of the reference they need: the same for all other images."""
