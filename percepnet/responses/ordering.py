"""The values of every channel in ascending order: over the whole image, and within local windows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from percepnet.responses.response import Reference, Response
    from percepnet.responses.transport import Bins

    Floats = NDArray[np.float32]

WINDOW = 8
"""Side of a local window, in positions. The borders are repeated where the last windows reach beyond them."""
SHARE = 64
"""Channels of an image that one thread compares, one after the other."""
FEW = 16
"""Channels of a reference that one thread puts in order: the others work on the same reference."""


def distances(reference: Reference, others: Response) -> Tensor:
    """Return the mean distances of values in order: over the image, and within windows; `[2, n, C]`."""
    if not reference.compiled_with(others):
        return _distances(reference, others)
    from percepnet.responses import sorting, transport

    known, rows = reference.arranged, others.array
    whole, local = np.empty((2, len(others), reference.channels))

    def compare(task: tuple[int, int]) -> None:
        image, low = task
        share = slice(low, low + SHARE)
        if low < 0:
            sorting.windows_apart(rows[image], reference.size, known.windows, local[image])
        else:
            bins, apart = known.bins(share), whole[image, share]
            transport.channels_apart(rows[image], low, known.whole[share], bins, apart)

    reference.crew.each(compare, [*product(range(len(others)), _shares(reference, SHARE))])
    return torch.from_numpy(np.stack([whole, local]))


def _distances(reference: Reference, others: Response) -> Tensor:
    """Return the same by torch."""
    planes, known = others.maps.permute(0, 3, 1, 2), reference.ordered
    apart = planes.new_empty(2, len(others), others.channels)
    for images, some in others.pieces(others.channels):
        for kind, values in enumerate(ordered(planes[images, some])):
            apart[kind, images, some] = (values - known[kind][some]).abs().flatten(2).mean(dim=2)
    return apart


@dataclass(frozen=True, slots=True)
class Arranged:
    """A reference's values in order, for compiled loops.

    Attributes:
        whole: Each channel's over the image, `[C, N]`.
        windows: Tables of windows: see sorting.py.
        below: Each channel's bins of values, `[C, bins + 1]`, and so the next three: see transport.py.
        zeros: `[C]`.
        scales: `[C]`.
        sums: `[C, N // 16 + 1]`.
    """

    whole: Floats
    windows: Floats
    below: NDArray[np.int32]
    zeros: NDArray[np.int32]
    scales: Floats
    sums: NDArray[np.float64]

    def bins(self, share: slice) -> Bins:
        """Return the bins of some channels."""
        return self.below[share], self.zeros[share], self.scales[share], self.sums[share]


def arranged(response: Reference) -> Arranged:
    """Return a response's values in order."""
    from percepnet.responses import sorting, transport

    rows, channels, positions = response.array[0], response.channels, response.positions
    tables = sorting.tables(channels, response.size) * sorting.TABLE
    found = Arranged(
        np.empty((channels, positions), np.float32),
        np.empty(tables, np.float32),
        np.empty((channels, transport.bins_of(positions) + 1), np.int32),
        np.empty(channels, np.int32),
        np.empty(channels, np.float32),
        np.empty((channels, positions // transport.STEP + 1)),
    )

    def fill(low: int) -> None:
        share = slice(low, low + FEW)
        if low < 0:
            sorting.order_windows(rows, response.size, found.windows)
        else:
            sorting.order_channels(rows, low, found.whole[share])
            transport.count_known(found.whole[share], found.bins(share))

    response.crew.each(fill, _shares(response, FEW))
    return found


def ordered(planes: Tensor) -> tuple[Tensor, Tensor]:
    """Return the values of `[n, C, H, W]` in order, `[n, C, N]`, and in windows, `[n, C, ..., 64]`."""
    height, width = planes.shape[2:]
    padded = functional.pad(planes, (0, -width % WINDOW, 0, -height % WINDOW), mode="replicate")
    rows, columns = padded.shape[2] // WINDOW, padded.shape[3] // WINDOW
    cut = padded.reshape(*planes.shape[:2], rows, WINDOW, columns, WINDOW).transpose(3, 4)
    return planes.flatten(2).sort(dim=2).values, cut.flatten(4).sort(dim=4).values


def _shares(response: Response, several: int) -> list[int]:
    """Return what threads share: the windows (-1), and the first of every several channels."""
    return [-1, *range(0, response.channels, several)]
