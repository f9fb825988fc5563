"""The values of every channel in ascending order: over the whole image, and within local windows."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.responses.response import Response

WINDOW = 8
"""Side of a local window, in positions."""
GROUP = 16
"""Channels that are sorted one after the other by one thread: what a line of the cache holds."""


class Ordered(NamedTuple):
    """Sorted values of channels.

    Attributes:
        whole: Over the whole image, `[C, N]`.
        windows: Within every window of 8 x 8, `[C, windows * 64]`, window by window. The borders are repeated
            where the last windows reach beyond them.
    """

    whole: Tensor
    windows: Tensor


def ordered(response: Response) -> Ordered:
    """Return all channels of a response in order."""
    if not response.compiled:
        return _by_torch(response)
    found = _empty(response, response.channels)

    def fill(low: int) -> None:
        group = slice(low, low + GROUP)
        _arrange(response, low, Ordered(found.whole[group], found.windows[group]))

    response.crew.each(fill, range(0, response.channels, GROUP))
    return found


def distances(reference: Response, others: Sequence[Response]) -> Tensor:
    """Return the mean distances of values in order: over the image, and within windows; `[2, n, C]`."""
    own = reference.ordered
    if not reference.compiled_with(others):
        pairs = [zip(own, other.ordered, strict=True) for other in others]
        return torch.stack(
            [torch.stack([(y - x).abs().mean(dim=1) for x, y in pair]) for pair in pairs], dim=1
        )
    from percepnet.responses import kernels

    apart = np.empty((2, len(others), reference.channels))

    def fill(task: tuple[int, int]) -> None:
        image, low = task
        group = slice(low, low + GROUP)
        theirs = _empty(reference, min(GROUP, reference.channels - low))
        _arrange(others[image], low, theirs)
        for kind, (x, y) in enumerate(zip(own, theirs, strict=True)):
            kernels.mean_distances(x[group].numpy(), y.numpy(), apart[kind, image, group])

    reference.crew.each(fill, [*product(range(len(others)), range(0, reference.channels, GROUP))])
    return torch.from_numpy(apart)


def _empty(response: Response, channels: int) -> Ordered:
    height, width = response.size
    windows = -(-height // WINDOW) * -(-width // WINDOW)
    return Ordered(torch.empty(channels, response.positions), torch.empty(channels, windows * WINDOW**2))


def _arrange(response: Response, low: int, out: Ordered) -> None:
    from percepnet.responses import kernels

    windows = out.windows.numpy()
    kernels.arrange(response.array, low, *response.size, WINDOW, out.whole.numpy(), windows)
    # NumPy sorts short rows faster than we do
    windows.reshape(len(windows), -1, WINDOW**2).sort(axis=-1)


def _by_torch(response: Response) -> Ordered:
    height, width = response.size
    missing = (-height % WINDOW, -width % WINDOW)
    planes = response.rows.T.reshape(1, response.channels, height, width)
    padded = functional.pad(planes, (0, missing[1], 0, missing[0]), mode="replicate")[0]
    rows, columns = padded.shape[1] // WINDOW, padded.shape[2] // WINDOW
    cut = padded.reshape(response.channels, rows, WINDOW, columns, WINDOW).transpose(2, 3)
    windows = cut.flatten(3).sort(dim=-1).values
    return Ordered(response.rows.T.sort(dim=1).values, windows.flatten(1))
