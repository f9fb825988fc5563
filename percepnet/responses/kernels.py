"""Loops over the responses of a CPU, compiled by Numba: each reads memory once and lets other threads run.

Responses come as rows `[N, C]`, positions by channels, as convolutions in channels_last leave them. All sums
are in fp64. What is compiled is kept in Numba's cache beside this file (or NUMBA_CACHE_DIR).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numba
import numpy as np

from percepnet.responses.lanes import HALF, all_doubles, doubles, higher, put

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]

Function = TypeVar("Function", bound="Callable[..., Any]")

BENEATH = "19719f72"
"""First digits of the sha256 of lanes.py, which is compiled in.

Numba compiles a file anew when that file changes, not another.
"""
SUMS = 7
"""Sums per channel that `set_sums` makes."""
TILE = 2048
"""Numbers of each response that are read twice while they lie in the cache."""
FEWEST = 16
"""Positions that are read at least before sums are written."""


def compiled(function: Function) -> Function:
    """Compile at the first call, and keep the result; sums may be taken in any order, NaN stays NaN."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    options["fastmath"] = {"reassoc", "contract", "nsz", "arcp"}
    made: Function
    try:
        made = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder where the result could be kept: a read-only installation without a home
        made = numba.njit(**options)(function)
    return made


@compiled
def inverse_lengths(rows: Floats, epsilon: float, out: Doubles) -> None:
    """Set `out[n]` to 1 / (length of the vector over channels at position n + epsilon)."""
    positions, channels = rows.shape
    if channels < HALF:
        flat = rows.reshape(-1)
        out[:positions] = 0.0
        for c in range(channels):
            for n in range(positions):
                out[n] += np.float64(flat[n * channels + c]) * np.float64(flat[n * channels + c])
    else:
        for n in range(positions):
            power = 0.0
            for c in range(channels):
                power += np.float64(rows[n, c]) * np.float64(rows[n, c])
            out[n] = power
    for n in range(positions):
        out[n] = 1.0 / (np.sqrt(out[n]) + epsilon)


@compiled
def terms(one: Any, other: Any, scale: Any, change: Any, shifts: Any) -> Any:
    """Return what one position adds to the sums of `set_sums`: of numbers, or of lanes of them."""
    near_d, near_y = shifts
    d = other - one
    e, f = d - near_d, other - near_y
    unit = d * scale + one * change  # exactly 0 for identical images
    ff = f * f
    return (higher(d, one - other), unit * unit, e * e, f, ff, ff * f, ff * ff)


@compiled
def set_sums(x: Floats, y: Floats, epsilon: float, shifts: Doubles, out: Doubles) -> None:
    """Set `out[k, c]` to sums over the positions of x and y.

    Of |d|, of the squared differences of unit vectors over channels, of e^2, f, f^2, f^3 and f^4: with the
    names of `channelwise.Comparison`.

    Args:
        x: Of the reference, `[N, C]`.
        y: Of the other image, `[N, C]`.
        epsilon: As in `inverse_lengths`.
        shifts: s and t, `[2, C]`.
        out: `[7, C]`; what it held is lost.
    """
    positions, channels = x.shape
    out[:] = 0.0
    tile = max(FEWEST, TILE // channels)
    scale, change = np.empty(tile), np.empty(tile)
    planes = np.empty((2, min(channels, HALF), tile), np.float32)
    for first in range(0, positions, tile):
        count = min(tile, positions - first)
        one, other = x[first : first + count], y[first : first + count]
        # in order, which is how memory is read fastest; what follows reads the cache
        inverse_lengths(one, epsilon, change)
        inverse_lengths(other, epsilon, scale)
        for n in range(count):
            change[n] = scale[n] - change[n]
        if channels < HALF:
            done = count - count % HALF
            set_planes(one, planes[0])
            set_planes(other, planes[1])
            _along_positions(planes, done, scale, change, shifts, out)
            _one_by_one(one[done:], other[done:], scale[done:], change[done:], shifts, out, 0)
        else:
            _along_channels(one, other, scale, change, shifts, out)
            _one_by_one(one, other, scale, change, shifts, out, channels - channels % HALF)


@compiled
def _along_channels(
    x: Floats, y: Floats, scale: Doubles, change: Doubles, shifts: Doubles, out: Doubles
) -> None:
    """Add to the sums, 8 channels at once."""
    positions, channels = x.shape
    x_flat, y_flat, near, sums = x.reshape(-1), y.reshape(-1), shifts.reshape(-1), out.reshape(-1)
    for c in range(0, channels - HALF + 1, HALF):
        shift = (doubles(near, c), doubles(near, channels + c))
        total = _no_sums()
        for n in range(positions):
            place = n * channels + c
            one, other = doubles(x_flat, place), doubles(y_flat, place)
            total = _plus(total, terms(one, other, all_doubles(scale[n]), all_doubles(change[n]), shift))
        for k in range(SUMS):
            place = k * channels + c
            put(sums, place, doubles(sums, place) + total[k])


@compiled
def _along_positions(
    planes: Floats, count: int, scale: Doubles, change: Doubles, shifts: Doubles, out: Doubles
) -> None:
    """Add to the sums of few channels, 8 positions at once."""
    lanes = np.empty(HALF)
    for c in range(planes.shape[1]):
        x, y = planes[0, c], planes[1, c]
        shift = (all_doubles(shifts[0, c]), all_doubles(shifts[1, c]))
        total = _no_sums()
        for n in range(0, count, HALF):
            parts = terms(doubles(x, n), doubles(y, n), doubles(scale, n), doubles(change, n), shift)
            total = _plus(total, parts)
        for k in range(SUMS):
            put(lanes, 0, total[k])
            out[k, c] += lanes.sum()


@compiled
def _one_by_one(
    x: Floats, y: Floats, scale: Doubles, change: Doubles, shifts: Doubles, out: Doubles, low: int
) -> None:
    """Add to the sums of the channels from `low` on."""
    for c in range(low, x.shape[1]):
        shift = (shifts[0, c], shifts[1, c])
        total = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for n in range(x.shape[0]):
            parts = terms(np.float64(x[n, c]), np.float64(y[n, c]), scale[n], change[n], shift)
            total = _plus(total, parts)
        for k in range(SUMS):
            out[k, c] += total[k]


@compiled
def _no_sums() -> Any:
    no = all_doubles(0.0)
    return (no, no, no, no, no, no, no)


@compiled
def _plus(one: Any, other: Any) -> Any:
    a, b, c, d, e, f, g = one
    m, n, o, p, q, r, s = other
    return (a + m, b + n, c + o, d + p, e + q, f + r, g + s)


@compiled
def set_planes(rows: Floats, out: Floats) -> None:
    """Set `out[c, n]` to `rows[n, c]`, of few channels."""
    flat, channels = rows.reshape(-1), rows.shape[1]
    for c in range(channels):
        for n in range(rows.shape[0]):
            out[c, n] = flat[n * channels + c]
