"""From linear light to the values that a network is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from percepnet.agreement.contract import FloatArray


def encode(linear: FloatArray, encoding: str) -> FloatArray:
    """Return `linear` light in [0, 1], relative to the display's maximum, as encoded values in [0, 1].

    Raises:
        InputError: The encoding is unknown, or light is outside [0, 1]: nothing is clipped.
    """
    check_encoding(encoding)
    low, high = float(linear.min()), float(linear.max())
    if not (low >= 0.0 and high <= 1.0):
        raise InputError(
            "The stimulus cannot be shown: it is darker or brighter than the display can be.",
            expected="light from 0 to 1",
            found=f"{low:g} to {high:g}",
            remedy="lower the contrast",
        )
    return _TRANSFER[encoding](linear)


def check_encoding(encoding: str) -> None:
    """Return if the encoding is known.

    Raises:
        InputError: It is not.
    """
    if encoding not in _TRANSFER:
        raise InputError(
            "The encoding is unknown.",
            expected=", ".join(_TRANSFER),
            found=encoding,
            remedy=nearest(encoding.lower(), _TRANSFER),
        )


def srgb(linear: FloatArray) -> FloatArray:
    """Return sRGB values (IEC 61966-2-1:1999, section 5.2)."""
    bright = 1.055 * np.power(linear, 1.0 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, bright)


def _power(linear: FloatArray) -> FloatArray:
    return np.power(linear, 1.0 / 2.2)


def _identity(linear: FloatArray) -> FloatArray:
    return linear


_TRANSFER: dict[str, Callable[[FloatArray], FloatArray]] = {
    "srgb": srgb,
    "gamma2.2": _power,
    "linear": _identity,
}
