"""The values of every channel in ascending order: over the whole image, and within local windows."""

from __future__ import annotations

from dataclasses import dataclass
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

    Floats = NDArray[np.float32]

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
    from percepnet.responses import sorting, transport

    known = reference.arranged
    whole, local = np.empty((2, len(others), reference.channels))

    def compare(task: tuple[int, int]) -> None:
        image, low = task
        rows, share = others[image].array, slice(low, low + SHARE)
        if low < 0:
            sorting.windows_apart(rows, reference.size, known.windows, local[image])
        else:
            transport.channels_apart(rows, low, known.whole[share], known.bins(share), whole[image, share])

    reference.crew.each(compare, [*product(range(len(others)), _shares(reference))])
    return torch.from_numpy(np.stack([whole, local]))


@dataclass(frozen=True, slots=True)
class Arranged:
    """A reference's values in order, for compiled loops.

    Attributes:
        whole: Each channel's over the image, `[C, N]`.
        windows: Tables of windows: see sorting.py.
        below: Each channel's bins of values, `[C, bins + 1]`, and so the next two: see transport.py.
        zeros: `[C]`.
        scales: `[C]`.
    """

    whole: Floats
    windows: Floats
    below: NDArray[np.int32]
    zeros: NDArray[np.int32]
    scales: Floats

    def bins(self, share: slice) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats]:
        """Return the bins of some channels."""
        return self.below[share], self.zeros[share], self.scales[share]


def arranged(response: Response) -> Arranged:
    """Return a response's values in order."""
    from percepnet.responses import sorting, transport

    channels, positions = response.channels, response.positions
    tables = sorting.tables(channels, response.size) * sorting.TABLE
    found = Arranged(
        np.empty((channels, positions), np.float32),
        np.empty(tables, np.float32),
        np.empty((channels, transport.bins_of(positions) + 1), np.int32),
        np.empty(channels, np.int32),
        np.empty(channels, np.float32),
    )

    def fill(low: int) -> None:
        share = slice(low, low + SHARE)
        if low < 0:
            sorting.order_windows(response.array, response.size, found.windows)
        else:
            sorting.order_channels(response.array, low, found.whole[share])
            transport.count_known(found.whole[share], found.bins(share))

    response.crew.each(fill, _shares(response))
    return found


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
