"""One way to read an image file: the pixels that are written there, or a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from percepnet.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_REMEDY = "put the database's original file in its place"
_MODES = {
    "1": "black and white (1 bit)",
    "L": "grey (one channel)",
    "LA": "grey with transparency",
    "P": "a palette image",
    "RGBA": "RGBA (with transparency)",
    "CMYK": "CMYK (print colours)",
    "YCbCr": "YCbCr",
    "LAB": "Lab",
    "I": "32-bit grey",
    "F": "floating point grey",
}


def read_rgb8(path: Path, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Return the pixels `[H, W, 3]` of an 8-bit RGB file exactly as written, nothing converted.

    Args:
        path: A file in any format that Pillow decodes.
        size: Height and width that the image must have, None for any.

    Raises:
        InputError: The file is missing, unreadable or truncated, or is not 8-bit RGB of that size.
    """
    try:
        with Pillow.open(path) as picture:
            _check_kind(picture, path)
            pixels = np.array(picture)
    except FileNotFoundError:
        raise _refusal(path, "the image file", "no such file") from None
    except UnidentifiedImageError:
        raise _refusal(path, "an image", "a file that is no image, or empty") from None
    # Pillow reports damage by whichever of these its decoder for the format happens to raise
    except (OSError, SyntaxError, ValueError, EOFError, Pillow.DecompressionBombError) as error:
        raise _refusal(path, "a whole image file", f"a truncated or damaged one ({error})") from error
    if size is not None and pixels.shape[:2] != size:
        raise _refusal(path, f"{size[1]} x {size[0]} pixels", f"{pixels.shape[1]} x {pixels.shape[0]}")
    return pixels


def _check_kind(picture: Pillow.Image, path: Path) -> None:
    if _has_16_bits(picture):
        raise _refusal(path, "8 bits per channel", "16 bits per channel")
    if picture.mode != "RGB":
        raise _refusal(path, "an RGB image", _MODES.get(picture.mode, f"mode {picture.mode}"))


def _has_16_bits(picture: Pillow.Image) -> bool:
    """Say whether the file has more than 8 bits per channel: Pillow narrows 16-bit RGB in silence."""
    tiles = getattr(picture, "tile", [])
    return picture.mode.startswith("I;16") or any(";16" in str(tile[3]) for tile in tiles)


def _refusal(path: Path, expected: str, found: str) -> InputError:
    return InputError(
        f"The image {path.name} cannot be used.",
        expected=expected,
        found=f"{found}: {path}",
        remedy=_REMEDY,
    )
