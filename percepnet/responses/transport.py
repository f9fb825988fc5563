"""Compiled loops that compare the values of two images, each in ascending order, most of them unsorted.

Bins of values tell most of it: where the ranks that a bin holds lie, in the reference, all in lower bins, or
all in higher ones, every value in order lies on the same side of its partner's, so that sums suffice. The
values of other bins are sorted. Exact, but for the order of summation. See kernels.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from percepnet.responses.kernels import compiled
from percepnet.responses.sorting import ascending, transpose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from percepnet.responses.kernels import Doubles, Floats

    Counts = NDArray[np.int32]
    Places = NDArray[np.uint16]
    Bins = tuple[Counts, Counts, Floats, Doubles]

BENEATH = "d99738e3"
"""First digits of the sha256 of sorting.py, which is compiled in: see kernels.py."""
FEWEST, MOST = 32, 512
"""Bins of a channel: more leave less to be sorted, and take time of their own."""
TILE = 64
"""Positions of the channels of a thread that lie in the cache together."""
IN_A_BIN = 16
"""Values in a bin, about, where the bins are neither few nor many."""
STEP = 16
"""Values in order from one whose place has a sum to the next."""


@compiled
def bins_of(positions: int) -> int:
    """Return how many bins a channel of so many values gets."""
    return min(max(positions // IN_A_BIN, FEWEST), MOST)


@compiled
def count_known(known: Floats, bins: Bins) -> None:
    """Set the bins of a reference's channels, which `known[c]` holds in ascending order.

    Args:
        known: `[C, N]`.
        bins: How many values lie below each bin, `[C, bins + 1]`; the bin that holds 0 and nothing else,
            `[C]`; bins per unit of the values that are not 0, `[C]`; the sum of the values before every
            16th, `[C, N // 16 + 1]`.
    """
    below, zeros, scales, sums = bins
    several, size = below.shape[1] - 1, known.shape[1]
    places = np.empty(size, np.uint16)
    for c in range(known.shape[0]):
        low, high = min(known[c, 0], np.float32(0)), max(known[c, size - 1], np.float32(0))
        scale = np.float32(several - 4) / (high - low)
        if not 0.0 < scale < np.inf:  # of values that are all alike, next to nothing, or no numbers
            scale = np.float32(0)
        scales[c], zeros[c] = scale, 1
        if scale > 0.0:
            zeros[c] += np.int32(-low * scale)
        _set_places(known[c], (zeros[c], scales[c], several), places)
        below[c] = 0
        for n in range(size):
            below[c, np.int64(places[n]) + 1] += 1
        for b in range(several):
            below[c, b + 1] += below[c, b]
        sums[c, 0] = 0.0
        for step in range(size // STEP):
            sums[c, step + 1] = sums[c, step] + _total(known[c, step * STEP : (step + 1) * STEP])


@compiled
def _set_places(values: Floats, layout: tuple[np.int32, np.float32, int], out: Places) -> None:
    """Set `out[n]` to the bin of a value; NaN lies in one of them."""
    zero, scale, several = layout
    top = np.float32(several)
    for n in range(values.shape[0]):
        value = values[n]
        far = min(top, abs(value) * scale)  # in this order: of NaN it makes top
        step = np.int32(far) + np.int32(1)
        place = zero + step if value > np.float32(0) else (zero - step if value != np.float32(0) else zero)
        out[n] = np.uint16(min(max(place, np.int32(0)), np.int32(several - 1)))


@compiled
def take_numbers(rows: Floats, low: int, out: Floats, counts: NDArray[np.int64]) -> None:
    """Set `out[c]` to the values of channel `low + c` that are not 0, and `counts[c]` to their number."""
    width = counts.shape[0]
    tile = np.empty((width, TILE), np.float32)
    counts[:] = 0
    for first in range(0, rows.shape[0], TILE):
        several = min(TILE, rows.shape[0] - first)
        transpose(rows[first : first + several], low, width, tile.reshape(-1), TILE)
        for c in range(width):
            bits, into, taken = tile[c].view(np.uint32), out[c].view(np.uint32), counts[c]
            for n in range(several):  # no branches: where the zeros lie cannot be predicted
                into[taken] = bits[n]
                taken += np.int64(bits[n] << np.uint32(1) != np.uint32(0))
            counts[c] = taken


@compiled
def _spread(length: int) -> int:
    """Return the next length at which rows begin in different sets of the cache: 320 bytes over 4 KB."""
    return length + (80 - length) % 1024


@compiled
def channels_apart(rows: Floats, low: int, known: Floats, bins: Bins, out: Doubles) -> None:
    """Set `out[c]` to the mean distance of channel `low + c`, in order, from `known[c]`.

    Args:
        rows: Of an image, `[N, channels]`.
        low: First of the channels that are compared.
        known: Theirs of the reference, in ascending order, `[C, N]`.
        bins: As `count_known` sets them.
        out: `[C]`.
    """
    below, zeros, scales, sums = bins
    positions, several = rows.shape[0], below.shape[1] - 1
    numbers = np.empty((known.shape[0], _spread(positions + 1)), np.float32)
    counts = np.empty(known.shape[0], np.int64)
    take_numbers(rows, low, numbers, counts)
    places, spare = np.empty(positions, np.uint16), np.empty(positions, np.float32)
    side, found = np.empty(several, np.float32), np.empty(several + 1, np.int32)
    for c in range(known.shape[0]):
        count = counts[c]
        values = numbers[c, :count]
        _set_places(values, (zeros[c], scales[c], several), places)
        found[:] = 0
        for n in range(count):
            found[np.int64(places[n]) + 1] += 1
        found[zeros[c] + 1] = positions - count
        for b in range(several):
            found[b + 1] += found[b]
        _set_sides(found, below[c], zeros[c], side)
        total, undecided = _decided(values, places, side, spare)
        total += _known_apart(known[c], sums[c], found, side, undecided)
        # zeros went with those above their partners: put right where they lie below
        first, stop = found[zeros[c]], found[zeros[c] + 1]
        positive = min(max(first, below[c, zeros[c] + 1]), stop)
        total += 2.0 * _between(known[c], sums[c], positive, stop)
        out[c] = total / positions


@compiled
def _set_sides(found: Counts, below: Counts, zero: np.int32, side: Floats) -> None:
    """Set `side[b]` to 1 or -1 where a bin's values all lie above or below their partners, else to 0."""
    for b in range(side.shape[0]):
        side[b] = 0
        if below[b] >= found[b + 1]:
            side[b] = 1
        elif below[b + 1] <= found[b]:
            side[b] = -1
    side[zero] = 1


@compiled
def _decided(values: Floats, places: Places, side: Floats, spare: Floats) -> tuple[float, Floats]:
    """Return the sum of values times their bin's side, and those without one in order; `values` is lost."""
    left, total = np.int64(0), 0.0
    for n in range(values.shape[0]):
        value, one = values[n], side[places[n]]
        total += np.float64(one) * np.float64(value)
        values[left] = value
        left += np.int64(one == np.float32(0))
    if left:
        ascending(values[:left], spare[:left])
    return total, spare[:left]


@compiled
def _known_apart(known: Floats, sums: Doubles, found: Counts, side: Floats, undecided: Floats) -> float:
    """Return what ranks add beside the values of bins that have a side."""
    total, taken, b = 0.0, 0, 0
    while b < side.shape[0]:
        first, one = found[b], side[b]
        while b < side.shape[0] and side[b] == one:
            b += 1
        count = found[b] - first
        if one != np.float32(0):
            total -= np.float64(one) * _between(known, sums, first, found[b])
        else:
            total += _apart(undecided[taken : taken + count], known[first : first + count])
            taken += count
    return total


@compiled
def _apart(ones: Floats, others: Floats) -> float:
    total = 0.0
    for n in range(ones.shape[0]):
        total += abs(np.float64(ones[n]) - np.float64(others[n]))
    return total


@compiled
def _between(known: Floats, sums: Doubles, first: int, stop: int) -> float:
    """Return the sum of a channel's values in order, from the first to before the stop."""
    low, high = -(-first // STEP), stop // STEP
    if low >= high:
        total: float = _total(known[first:stop])
    else:
        edges = _total(known[first : low * STEP]) + _total(known[high * STEP : stop])
        total = sums[high] - sums[low] + edges
    return total


@compiled
def _total(values: Floats) -> float:
    total = 0.0
    for n in range(values.shape[0]):
        total += np.float64(values[n])
    return total
