"""The part of TID2013 that can be made again: crops of the Kodak photographs under four distortions.

24 of TID2013's references are pixel crops of the Kodak set, and four of its 24 distortion types are
deterministic. Offsets and parameters were recovered from the published per-image PSNR list of TID2013
(Ponomarenko et al. 2015, doi:10.1016/j.image.2014.10.009) and reproduce it within 0.001 dB.
Everything here is a pure function of uint8 RGB arrays.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy.ndimage import correlate1d

if TYPE_CHECKING:
    from collections.abc import Callable

    from percepnet.agreement.contract import FloatArray

Pixels = NDArray[np.uint8]

HEIGHT, WIDTH = 384, 512
TYPES = (8, 10, 16, 17)
LEVELS = (1, 2, 3, 4, 5)

CROPS = {
    1: (126, 104),
    2: (30, 83),
    3: (44, 73),
    4: (206, 0),
    5: (21, 104),
    6: (43, 66),
    7: (93, 153),
    8: (4, 71),
    9: (292, 0),
    10: (337, 0),
    11: (55, 252),
    12: (40, 131),
    13: (41, 119),
    14: (93, 147),
    15: (56, 236),
    16: (8, 121),
    17: (74, 0),
    18: (150, 0),
    19: (255, 0),
    20: (61, 57),
    21: (60, 28),
    22: (33, 59),
    23: (47, 66),
    24: (116, 65),
}
"""Origin (row, column) of reference Ixx in kodimxx.png."""

_BLUR_SIGMAS = (0.5, 0.65, 1.0, 1.7, 4.0)
_JPEG_QUALITIES = (80, 60, 23, 8, 4)
_MEAN_SHIFTS = (-6, 10, -20, 30, -40)
_CONTRAST_FACTORS = (0.9, 1.2, 0.75, 1.45, 0.5)
_BLUR_RADIUS = 5
_LOWEST_CLIPPED_QUALITY = 23
# JPEG (ITU-T T.81) Annex K, tables K.1 and K.2, row by row.
_LUMINANCE = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE = (
    *(17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)


def crop(photograph: Pixels, reference: int) -> Pixels:
    """Return TID2013's reference image `[384, 512, 3]`, cut from its Kodak photograph `[H, W, 3]`."""
    row, column = CROPS[reference]
    return np.ascontiguousarray(photograph[row : row + HEIGHT, column : column + WIDTH])


def distort(reference: Pixels, kind: int, level: int) -> Pixels:
    """Return the image `[384, 512, 3]` of distortion type 8, 10, 16 or 17 at level 1..5."""
    return _DISTORTIONS[kind](reference, level - 1)


def psnr(reference: Pixels, distorted: Pixels) -> float:
    """Return the peak signal-to-noise ratio over all pixels and channels, in dB."""
    difference = reference.astype(np.float64) - distorted
    return float(10.0 * np.log10(255.0**2 / np.mean(difference**2)))


def blur(reference: Pixels, step: int) -> Pixels:
    """Return type 08: separable 11-tap Gaussian, black beyond the border, rounded once at the end."""
    taps = np.arange(-_BLUR_RADIUS, _BLUR_RADIUS + 1)
    kernel = np.exp(-(taps**2) / (2.0 * _BLUR_SIGMAS[step] ** 2))
    kernel /= kernel.sum()
    rows = correlate1d(reference.astype(np.float64), kernel, axis=0, mode="constant")
    return _rounded(correlate1d(rows, kernel, axis=1, mode="constant"))


def jpeg(reference: Pixels, step: int) -> Pixels:
    """Return type 10: JPEG with 4:2:0 chroma, coded and decoded again."""
    quality = _JPEG_QUALITIES[step]
    coded = io.BytesIO()
    picture = Pillow.fromarray(reference)
    if quality >= _LOWEST_CLIPPED_QUALITY:
        picture.save(coded, format="JPEG", quality=quality, subsampling=2)
    else:  # libjpeg's own quality setting would clip the tables to 255; the database's coder did not
        # progressive: same coefficients, hence same pixels; a sequential file would make libjpeg
        # print a caution about such coarse tables for every image
        picture.save(coded, format="JPEG", qtables=_tables(quality), subsampling=2, progressive=True)
    with Pillow.open(coded) as decoded:
        return np.asarray(decoded.convert("RGB"))


def mean_shift(reference: Pixels, step: int) -> Pixels:
    """Return type 16: a constant added to every channel."""
    return np.clip(reference.astype(np.int16) + _MEAN_SHIFTS[step], 0, 255).astype(np.uint8)


def contrast_change(reference: Pixels, step: int) -> Pixels:
    """Return type 17: deviations from the mean of the whole image, scaled."""
    mean = reference.mean(dtype=np.float64)
    return _rounded((reference - mean) * _CONTRAST_FACTORS[step] + mean)


def _rounded(values: FloatArray) -> Pixels:
    return np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)


def _tables(quality: int) -> list[list[int]]:
    scale = 5000 // quality
    return [[(value * scale + 50) // 100 for value in table] for table in (_LUMINANCE, _CHROMINANCE)]


_DISTORTIONS: dict[int, Callable[[Pixels, int], Pixels]] = {
    8: blur,
    10: jpeg,
    16: mean_shift,
    17: contrast_change,
}
