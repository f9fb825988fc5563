"""Compiled loops that put the values of channels in order and compare them: see kernels.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from percepnet.responses.kernels import compiled
from percepnet.responses.lanes import (
    HALF,
    WIDTH,
    all_doubles,
    doubles,
    higher,
    put,
    singles,
    sort_columns,
    turn,
)
from percepnet.responses.ordering import WINDOW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from percepnet.responses.kernels import Doubles, Floats

    Keys = NDArray[np.uint32]
    Size = tuple[int, int]

BENEATH = "b66ca986"
"""First digits of the sha256 of kernels.py, which is compiled in: see kernels.py."""
INSIDE = WINDOW * WINDOW
"""Positions of a window: what `sort_columns` sorts."""
TABLE = INSIDE * WIDTH
"""Numbers that are sorted at once: of a window, 16 channels."""
LONG = 2048
"""Values from which on the radix sort takes all digits; before, the upper ones suffice for nearly all."""


@compiled
def transpose(rows: Floats, low: int, channels: int, out: Floats, step: int) -> None:
    """Set `out[c * step + n]` to `rows[n, low + c]`, for so many channels; `out` is flat."""
    positions, across = rows.shape
    flat = rows.reshape(-1)
    whole, full = positions - positions % WIDTH, channels - channels % WIDTH
    for n in range(0, whole, WIDTH):
        for c in range(0, full, WIDTH):
            turn(flat, n * across + low + c, across, out, c * step + n, step)
    for c in range(channels):
        for n in range(whole if c < full else 0, positions):
            out[c * step + n] = flat[n * across + low + c]


@compiled
def ascending(values: Floats, out: Floats) -> None:
    """Set `out` to the values in ascending order: a radix sort of those that are not 0."""
    size, sign = values.shape[0], np.uint32(1 << 31)
    bits, found = values.view(np.uint32), out.view(np.uint32)
    keys, other = np.empty(size + 1, np.uint32), np.empty(size + 1, np.uint32)
    count = negative = np.int64(0)
    for n in range(size):  # no branches: where the zeros lie cannot be predicted
        is_negative = bits[n] >> np.uint32(31)
        is_number = np.int64((bits[n] & ~sign) != 0)
        keys[count] = bits[n] ^ ((np.uint32(0) - is_negative) | sign)
        count += is_number
        negative += is_number * np.int64(is_negative)
    if size < LONG:
        _by_two_digits(keys, count, other)
    else:
        _by_three_digits(keys, count, other)
    for n in range(negative):
        found[n] = ~other[n]
    for n in range(negative, negative + size - count):
        found[n] = 0
    for n in range(negative, count):
        found[n + size - count] = other[n] ^ sign


@compiled
def _by_three_digits(keys: Keys, count: np.int64, out: Keys) -> None:
    """Sort by 11, 11 and 10 bits, from the lowest on; the keys are lost."""
    digit, one = np.uint32(11), np.uint32(1)
    mask = np.uint32((1 << 11) - 1)
    first, second, third = np.zeros(2049, np.int32), np.zeros(2049, np.int32), np.zeros(1025, np.int32)
    for n in range(count):
        key = keys[n]
        first[(key & mask) + one] += 1
        second[((key >> digit) & mask) + one] += 1
        third[(key >> (digit + digit)) + one] += 1
    _spread(keys, count, np.uint32(0), mask, first, out)
    _spread(out, count, digit, mask, second, keys)
    _spread(keys, count, digit + digit, mask, third, out)


@compiled
def _by_two_digits(keys: Keys, count: np.int64, out: Keys) -> None:
    """Sort by the upper 16 bits of those in which keys differ, then what is left by insertion."""
    lowest = highest = keys[0]
    for n in range(count):
        lowest, highest = min(lowest, keys[n]), max(highest, keys[n])
    length = 0
    while length < 32 and (highest - lowest) >> np.uint32(length):
        length += 1
    low, digit, one = np.uint32(max(0, length - 16)), np.uint32(8), np.uint32(1)
    mask = np.uint32(255)
    first, second = np.zeros(257, np.int32), np.zeros(257, np.int32)
    for n in range(count):
        keys[n] -= lowest
        first[((keys[n] >> low) & mask) + one] += 1
        second[(keys[n] >> (low + digit)) + one] += 1
    _spread(keys, count, low, mask, first, out)
    _spread(out, count, low + digit, mask, second, keys)
    for n in range(count):
        key, place = keys[n], n
        while place > 0 and out[place - 1] > key:
            out[place] = out[place - 1]
            place -= 1
        out[place] = key
    for n in range(count):
        out[n] += lowest


@compiled
def _spread(
    keys: Keys, count: np.int64, low: np.uint32, mask: np.uint32, starts: NDArray[np.int32], out: Keys
) -> None:
    """Put keys in the order of one digit; `starts[d + 1]` holds how many have digit d."""
    for digit in range(starts.shape[0] - 1):
        starts[digit + 1] += starts[digit]
    for n in range(count):
        digit = (keys[n] >> low) & mask
        out[starts[digit]] = keys[n]
        starts[digit] += 1


@compiled
def order_channels(rows: Floats, low: int, out: Floats) -> None:
    """Set `out[c]` to the values of channel `low + c` in ascending order."""
    planes = np.empty((WIDTH, rows.shape[0]), np.float32)
    for c in range(out.shape[0]):
        if c % WIDTH == 0:
            several = min(WIDTH, out.shape[0] - c)
            transpose(rows, low + c, several, planes.reshape(-1), rows.shape[0])
        ascending(planes[c % WIDTH], out[c])


@compiled
def tables(channels: int, size: Size) -> int:
    """Return how many tables of 64 x 16 numbers hold the windows of an image."""
    if channels < WIDTH:
        return -(-_windows(size) // (WIDTH // channels))
    return _windows(size) * _groups(channels)


@compiled
def order_windows(rows: Floats, size: Size, out: Floats) -> None:
    """Set `out` to the windows' values in ascending order, table by table: a column holds a channel."""
    table, place = np.zeros(TABLE, np.float32), 0
    for window in range(_windows(size)):
        for group in range(_groups(rows.shape[1])):
            if _fill(rows, size, window, group, table):
                sort_columns(table)
                out[place : place + TABLE] = table
                place += TABLE


@compiled
def windows_apart(rows: Floats, size: Size, known: Floats, out: Doubles) -> None:
    """Set `out[c]` to the mean distance of channel c, in order within windows, from `known`."""
    channels, table, place = rows.shape[1], np.zeros(TABLE, np.float32), 0
    sums = np.zeros(_groups(channels) * WIDTH)
    for window in range(_windows(size)):
        for group in range(_groups(channels)):
            if _fill(rows, size, window, group, table):
                sort_columns(table)
                _add_distances(table, known, place, sums, group * WIDTH)
                place += TABLE
    positions = _windows(size) * INSIDE
    out[:] = 0.0
    if channels < WIDTH:
        for column in range(WIDTH // channels * channels):
            out[column % channels] += sums[column] / positions
    else:
        for column in range(sums.shape[0]):
            out[_first(channels, column // WIDTH) + column % WIDTH] = sums[column] / positions


@compiled
def _windows(size: Size) -> int:
    return -(-size[0] // WINDOW) * -(-size[1] // WINDOW)


@compiled
def _groups(channels: int) -> int:
    return -(-channels // WIDTH)


@compiled
def _first(channels: int, group: int) -> int:
    """Return the first channel of a group of 16; the last group may hold some of the one before."""
    return min(group * WIDTH, channels - WIDTH)


@compiled
def _fill(rows: Floats, size: Size, window: int, group: int, table: Floats) -> bool:
    """Fill a table with a window of 16 channels, or with windows of few; return whether it is full.

    The borders are repeated where the last windows reach beyond them.
    """
    height, width = size
    channels, flat, across = rows.shape[1], rows.reshape(-1), -(-width // WINDOW)
    top, left = window // across * WINDOW, window % across * WINDOW
    few = channels < WIDTH
    packed = WIDTH // channels if few else 1
    if few and window % packed == 0:
        table[:] = 0.0
    for i in range(WINDOW):
        row = min(top + i, height - 1) * width
        for j in range(WINDOW):
            place = (row + min(left + j, width - 1)) * channels
            slot = (i * WINDOW + j) * WIDTH
            if few:
                for c in range(channels):
                    table[slot + window % packed * channels + c] = flat[place + c]
            else:
                put(table, slot, singles(flat, place + _first(channels, group)))
    return window % packed == packed - 1 or window == _windows(size) - 1


@compiled
def _add_distances(table: Floats, known: Floats, place: int, sums: Doubles, low: int) -> None:
    """Add to 16 sums the distances between a table and that at a place of the known ones."""
    left = right = all_doubles(0.0)
    for n in range(0, TABLE, WIDTH):
        one, other = doubles(table, n), doubles(known, place + n)
        left = left + higher(one - other, other - one)
        one, other = doubles(table, n + HALF), doubles(known, place + n + HALF)
        right = right + higher(one - other, other - one)
    put(sums, low, doubles(sums, low) + left)
    put(sums, low + HALF, doubles(sums, low + HALF) + right)
