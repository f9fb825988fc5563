"""Refusals of data that cannot be scored: wrong shapes, values that are no numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from percepnet.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from percepnet.agreement.contract import FloatArray

_NAMED = 5


def require_shape(name: str, array: FloatArray, expected: tuple[int | None, ...], meaning: str) -> None:
    """Raise InputError unless `array` has the `expected` shape (None: any length but 0).

    Args:
        name: What the array is called in the message.
        array: What came.
        expected: One length per axis.
        meaning: The axes in words, such as `[R taps, P pairs]`.
    """
    fits = array.ndim == len(expected) and all(
        length > 0 if wanted is None else length == wanted
        for length, wanted in zip(array.shape, expected, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if length is None else str(length) for length in expected)
        raise InputError(
            f"{name} cannot be scored: wrong shape",
            expected=f"{meaning} = [{wanted}]",
            found=str(list(array.shape)),
            remedy="hand in every value that the benchmark asks for, in its order",
        )


def require_finite(name: str, array: FloatArray, axes: tuple[str, ...]) -> None:
    """Raise InputError naming the first places, in words of `axes`, where `array` is not finite."""
    require(name, array, np.isfinite(array), axes, "finite numbers")


def require(
    name: str, array: FloatArray, good: NDArray[np.bool_], axes: tuple[str, ...], expected: str
) -> None:
    """Raise InputError naming the first places where `good` (shape of `array`) is false."""
    bad = np.argwhere(~good)
    if not len(bad):
        return
    places = [
        ", ".join(f"{axis} {index}" for axis, index in zip(axes, place, strict=True))
        + f": {array[tuple(place)]}"
        for place in bad[:_NAMED]
    ]
    more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    raise InputError(
        f"{len(bad)} of {array.size} {name} cannot be scored",
        expected=expected,
        found="; ".join(places) + more,
        remedy="look at the images and judgements in these rows; nothing is left out in silence",
    )
