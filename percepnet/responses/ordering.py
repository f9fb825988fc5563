"""The values of every channel in ascending order: over the whole image, and within local windows."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from percepnet.responses.response import Reference, Response

WINDOW = 8
"""Side of a local window, in positions. The borders are repeated where the last windows reach beyond them."""
SHARE = 64
"""Channels that one thread puts in order, one after the other."""


def distances(reference: Reference, others: Response) -> Tensor:
    """Return the mean distances of values in order: over the image, and within windows; `[2, n, C]`."""
    if not reference.compiled_with(others):
        return _distances(reference, others)
    from percepnet.responses import sorting

    known, known_windows = reference.arranged
    rows = others.array
    whole, local = np.empty((2, len(others), reference.channels))

    def compare(task: tuple[int, int]) -> None:
        image, low = task
        share = slice(low, low + SHARE)
        if low < 0:
            sorting.windows_apart(rows[image], reference.size, known_windows, local[image])
        else:
            sorting.channels_apart(rows[image], low, known[share], whole[image, share])

    reference.crew.each(compare, [*product(range(len(others)), _shares(reference))])
    return torch.from_numpy(np.stack([whole, local]))


def _distances(reference: Reference, others: Response) -> Tensor:
    """Return the same by torch."""
    planes, known = others.maps.permute(0, 3, 1, 2), reference.ordered
    apart = planes.new_empty(2, len(others), others.channels)
    for images, some in others.pieces(others.channels):
        for kind, values in enumerate(ordered(planes[images, some])):
            apart[kind, images, some] = (values - known[kind][some]).abs().flatten(2).mean(dim=2)
    return apart


def arranged(response: Reference) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a reference's values in order for compiled loops: `[C, N]`, and the windows' in tables."""
    from percepnet.responses import sorting

    rows = response.array[0]
    whole = np.empty((response.channels, response.positions), np.float32)
    tables = np.empty(sorting.tables(response.channels, response.size) * sorting.TABLE, np.float32)

    def fill(low: int) -> None:
        if low < 0:
            sorting.order_windows(rows, response.size, tables)
        else:
            sorting.order_channels(rows, low, whole[low : low + SHARE])

    response.crew.each(fill, _shares(response))
    return whole, tables


def ordered(planes: Tensor) -> tuple[Tensor, Tensor]:
    """Return the values of `[n, C, H, W]` in order, `[n, C, N]`, and in windows, `[n, C, ..., 64]`."""
    height, width = planes.shape[2:]
    padded = functional.pad(planes, (0, -width % WINDOW, 0, -height % WINDOW), mode="replicate")
    rows, columns = padded.shape[2] // WINDOW, padded.shape[3] // WINDOW
    cut = padded.reshape(*planes.shape[:2], rows, WINDOW, columns, WINDOW).transpose(3, 4)
    return planes.flatten(2).sort(dim=2).values, cut.flatten(4).sort(dim=4).values


def _shares(response: Response) -> list[int]:
    """Return what threads share: the windows (-1), and the first of every 64 channels."""
    return [-1, *range(0, response.channels, SHARE)]
