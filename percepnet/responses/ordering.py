"""The values of every channel in ascending order: over the whole image, and within local windows."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from percepnet.responses.response import Response

WINDOW = 8
"""Side of a local window, in positions. The borders are repeated where the last windows reach beyond them."""
SHARE = 64
"""Channels that one thread puts in order, one after the other."""


def distances(reference: Response, others: Sequence[Response]) -> Tensor:
    """Return the mean distances of values in order: over the image, and within windows; `[2, n, C]`."""
    if not reference.compiled_with(others):
        pairs = [zip(reference.ordered, other.ordered, strict=True) for other in others]
        apart = [torch.stack([(y - x).abs().flatten(1).mean(dim=1) for x, y in pair]) for pair in pairs]
        return torch.stack(apart, dim=1)
    from percepnet.responses import sorting

    known, known_windows = reference.arranged
    whole, local = np.empty((2, len(others), reference.channels))

    def compare(task: tuple[int, int]) -> None:
        image, low = task
        rows, share = others[image].array, slice(low, low + SHARE)
        if low < 0:
            sorting.windows_apart(rows, reference.size, known_windows, local[image])
        else:
            sorting.channels_apart(rows, low, known[share], whole[image, share])

    reference.crew.each(compare, [*product(range(len(others)), _shares(reference))])
    return torch.from_numpy(np.stack([whole, local]))


def arranged(response: Response) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a response's values in order for compiled loops: `[C, N]`, and the windows' in tables."""
    from percepnet.responses import sorting

    whole = np.empty((response.channels, response.positions), np.float32)
    tables = np.empty(sorting.tables(response.channels, response.size) * sorting.TABLE, np.float32)

    def fill(low: int) -> None:
        if low < 0:
            sorting.order_windows(response.array, response.size, tables)
        else:
            sorting.order_channels(response.array, low, whole[low : low + SHARE])

    response.crew.each(fill, _shares(response))
    return whole, tables


def ordered(response: Response) -> tuple[Tensor, Tensor]:
    """Return a response's values in order by torch: `[C, N]`, and in windows, `[C, rows, columns, 64]`."""
    height, width = response.size
    missing = (-height % WINDOW, -width % WINDOW)
    planes = response.rows.T.reshape(1, response.channels, height, width)
    padded = functional.pad(planes, (0, missing[1], 0, missing[0]), mode="replicate")[0]
    rows, columns = padded.shape[1] // WINDOW, padded.shape[2] // WINDOW
    cut = padded.reshape(response.channels, rows, WINDOW, columns, WINDOW).transpose(2, 3)
    return response.rows.T.sort(dim=1).values, cut.flatten(3).sort(dim=-1).values


def _shares(response: Response) -> list[int]:
    """Return what threads share: the windows (-1), and the first of every 64 channels."""
    return [-1, *range(0, response.channels, SHARE)]
