"""Loops over the responses of a CPU, compiled by Numba: each reads memory once and lets other threads run.

Responses come as rows `[N, C]`, positions by channels, as convolutions in channels_last leave them. All sums
are in fp64. What is compiled is kept in Numba's cache beside this file (or NUMBA_CACHE_DIR).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]

SUMS = 11
"""Sums per channel that `set_sums` makes."""
TILE = 64
"""Positions that are read twice while they lie in the cache."""
LANES = 128
"""Channels whose sums lie in the cache together."""
LONG = 8192
"""Values from which on the radix sort takes three digits of 11 bits, not four of 8."""


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile at the first call, and keep the result; sums may be taken in any order, NaN stays NaN."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    options["fastmath"] = {"reassoc", "contract", "nsz", "arcp"}
    made: Callable[..., Any]
    try:
        made = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder where the result could be kept: a read-only installation without a home
        made = numba.njit(**options)(function)
    return made


@compiled
def inverse_lengths(rows: Floats, epsilon: float, out: Doubles) -> None:
    """Set `out[n]` to 1 / (length of the vector over channels at position n + epsilon)."""
    for n in range(rows.shape[0]):
        power = 0.0
        for c in range(rows.shape[1]):
            power += np.float64(rows[n, c]) * np.float64(rows[n, c])
        out[n] = 1.0 / (np.sqrt(power) + epsilon)


@compiled
def add_powers(rows: Floats, shift: Doubles, out: Doubles) -> None:
    """Add to `out[k, c]` the sum over positions of (value - shift) to the power of k + 1, `[4, C]`."""
    positions, channels = rows.shape
    work = np.empty(5 * LANES)
    for low in range(0, channels, LANES):
        width = min(LANES, channels - low)
        work[: 4 * LANES] = 0.0
        for c in range(width):
            work[4 * LANES + c] = shift[low + c]
        for n in range(positions):
            row = rows[n, low : low + width]
            for c in range(width):
                f = np.float64(row[c]) - work[4 * LANES + c]
                ff = f * f
                work[c] += f
                work[LANES + c] += ff
                work[2 * LANES + c] += ff * f
                work[3 * LANES + c] += ff * ff
        for k in range(4):
            for c in range(width):
                out[k, low + c] += work[k * LANES + c]


@compiled
def set_sums(  # noqa: PLR0913 (all that a position needs)
    x: Floats,
    y: Floats,
    inverse_x: Doubles,
    epsilon: float,
    shifts: Doubles,
    out: Doubles,
) -> None:
    """Set `out[k, c]` to the sums over the positions of x and y that `channelwise.Comparison.sums` lists.

    Args:
        x: Of the reference, `[N, C]`.
        y: Of the other image, `[N, C]`.
        inverse_x: 1 / (length of x over channels + epsilon), `[N]`.
        epsilon: As in `inverse_lengths`.
        shifts: Means over positions, exact for x, near for y - x and for y, `[3, C]`.
        out: `[11, C]`; what it held is lost.
    """
    positions, channels = x.shape
    inverse_y = np.empty(TILE)
    # one array for all that the inner loop writes and reads beside x and y: so the compiler knows that they
    # do not overlap, and computes several channels at once
    work = np.empty((SUMS + 3) * LANES)
    out[:] = 0.0
    for first in range(0, positions, TILE):
        count = min(TILE, positions - first)
        inverse_lengths(y[first : first + count], epsilon, inverse_y)
        for low in range(0, channels, LANES):
            width = min(LANES, channels - low)
            work[: SUMS * LANES] = 0.0
            for k in range(3):
                for c in range(width):
                    work[(SUMS + k) * LANES + c] = shifts[k, low + c]
            for n in range(count):
                x_row, y_row = x[first + n, low : low + width], y[first + n, low : low + width]
                scale_y = inverse_y[n]
                change = scale_y - inverse_x[first + n]
                for c in range(width):
                    one, other = np.float64(x_row[c]), np.float64(y_row[c])
                    difference = other - one
                    u = one - work[SUMS * LANES + c]
                    e = difference - work[(SUMS + 1) * LANES + c]
                    f = other - work[(SUMS + 2) * LANES + c]
                    unit = difference * scale_y + one * change  # exactly 0 for identical images
                    uu, ff = u * u, f * f
                    work[c] += abs(difference)
                    work[LANES + c] += unit * unit
                    work[2 * LANES + c] += e
                    work[3 * LANES + c] += e * e
                    work[4 * LANES + c] += e * (2.0 * u + e)
                    work[5 * LANES + c] += e * (3.0 * uu + e * (3.0 * u + e))
                    work[6 * LANES + c] += e * (4.0 * uu * u + e * (6.0 * uu + e * (4.0 * u + e)))
                    work[7 * LANES + c] += f
                    work[8 * LANES + c] += ff
                    work[9 * LANES + c] += ff * f
                    work[10 * LANES + c] += ff * ff
            for k in range(SUMS):
                for c in range(width):
                    out[k, low + c] += work[k * LANES + c]


@compiled
def transpose(rows: Floats, low: int, out: Floats) -> None:
    """Set `out[c, n]` to `rows[n, low + c]`."""
    positions, width = rows.shape[0], out.shape[0]
    for first in range(0, positions - 3, 4):
        for c in range(width):
            a, b = rows[first, low + c], rows[first + 1, low + c]
            d, e = rows[first + 2, low + c], rows[first + 3, low + c]
            out[c, first], out[c, first + 1], out[c, first + 2], out[c, first + 3] = a, b, d, e
    for n in range(positions - positions % 4, positions):
        for c in range(width):
            out[c, n] = rows[n, low + c]


@compiled
def cut(plane: Floats, height: int, width: int, side: int, out: Floats) -> None:
    """Set `out` to the values of a channel `[height * width]`, window by window of side x side.

    The borders are repeated where the last windows reach beyond them.
    """
    place = 0
    for top in range(0, height, side):
        for left in range(0, width, side):
            for i in range(side):
                row = min(top + i, height - 1) * width
                for j in range(side):
                    out[place] = plane[row + min(left + j, width - 1)]
                    place += 1


@compiled
def ascending(values: Floats, out: Floats) -> None:
    """Set `out` to the values in ascending order: a radix sort of those that are not 0."""
    size = values.shape[0]
    digit_bits = 11 if size >= LONG else 8
    digits, sign = 1 << digit_bits, np.uint32(1 << 31)
    mask = np.uint32(digits - 1)
    bits, found = values.view(np.uint32), out.view(np.uint32)
    keys, other = np.empty(size + 1, np.uint32), np.empty(size + 1, np.uint32)
    starts = np.empty(digits + 1, np.int64)
    count = negative = np.int64(0)
    for n in range(size):  # no branches: where the zeros lie cannot be predicted
        is_negative = bits[n] >> np.uint32(31)
        is_number = np.int64((bits[n] & ~sign) != 0)
        keys[count] = bits[n] ^ ((np.uint32(0) - is_negative) | sign)
        count += is_number
        negative += is_number * np.int64(is_negative)
    for place in range((32 + digit_bits - 1) // digit_bits):
        shift = np.uint32(place * digit_bits)
        starts[:] = 0
        for n in range(count):
            starts[((keys[n] >> shift) & mask) + np.uint32(1)] += 1
        for digit in range(digits):
            starts[digit + 1] += starts[digit]
        for n in range(count):
            digit = (keys[n] >> shift) & mask
            other[starts[digit]] = keys[n]
            starts[digit] += 1
        keys, other = other, keys
    for n in range(negative):
        found[n] = ~keys[n]
    for n in range(negative, negative + size - count):
        found[n] = 0
    for n in range(negative, count):
        found[n + size - count] = keys[n] ^ sign


@compiled
def arrange(  # noqa: PLR0913 (sizes and places)
    rows: Floats, low: int, height: int, width: int, side: int, whole: Floats, windows: Floats
) -> None:
    """Set `whole[c]` to channel `low + c` in ascending order, `windows[c]` to its windows as they are."""
    planes = np.empty_like(whole)
    transpose(rows, low, planes)
    for c in range(whole.shape[0]):
        ascending(planes[c], whole[c])
        cut(planes[c], height, width, side, windows[c])


@compiled
def mean_distances(one: Floats, other: Floats, out: Doubles) -> None:
    """Set `out[c]` to the mean of |one - other| of two arrays `[C, n]`."""
    for c in range(one.shape[0]):
        total = 0.0
        for n in range(one.shape[1]):
            total += abs(np.float64(one[c, n]) - np.float64(other[c, n]))
        out[c] = total / one.shape[1]
