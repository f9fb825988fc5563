"""VSI once more, in NumPy, with the details of piq's code, of its authors' or of IQA-optimization's.

Zhang, Shen and Li, IEEE TIP 2014; its saliency is SDSP (Zhang, Gu and Li, ICIP 2013). Images are `[H, W, 3]`,
RGB in 0..255, of a size that is averaged down by 2. The authors' details are those of their VSI.m, those of
IQA-optimization of `IQA_pytorch/VSI.py` in dingkeyan93/IQA-optimization.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import convolve2d

LMN = np.array([[0.06, 0.63, 0.27], [0.30, 0.04, -0.35], [0.34, -0.60, 0.17]])
SCHARR = np.array([[3, 0, -3], [10, 0, -10], [3, 0, -3]]) / 16
SIDE = 256


@dataclass(frozen=True)
class Colour:
    """How CIELAB is made of linear RGB: to XYZ, then divided by a white."""

    xyz: tuple[tuple[float, float, float], ...]
    white: tuple[float, float, float]


@dataclass(frozen=True)
class Details:
    """What the codes do differently.

    Attributes:
        reduce: Matrix that brings n pixels to 256 before the saliency; None leaves the native size.
        enlarge: Matrix that brings 256 values back to n.
        colour: CIELAB of the saliency.
        border: Whether the averaging by 2 starts one pixel before the image, on a repeated border.
        centre: Of the central bias, in pixels left of n / 2 (counted from 0).
        magnitude: Whether a negative product of the colour similarities counts as a positive one; otherwise
            the real part of its complex power does.
        edge: Whether the frequency of exactly half a cycle per pixel passes the log-Gabor filter.
    """

    reduce: Callable[[int, int], np.ndarray] | None
    enlarge: Callable[[int, int], np.ndarray]
    colour: Colour
    border: bool
    centre: int = 1
    magnitude: bool = False
    edge: bool = True


def between(given, wanted):
    """Linear interpolation, pixels as areas, as torch's align_corners=False."""
    return _hats((np.arange(wanted) + 0.5) * given / wanted - 0.5, given, 1.0)


def averaging(given, wanted):
    """The same with a kernel widened by the reduction, as MATLAB's imresize."""
    return _hats((np.arange(wanted) + 0.5) * given / wanted - 0.5, given, max(1.0, given / wanted))


def corners(given, wanted):
    """Linear interpolation, pixels as points, as torch's align_corners=True."""
    return _hats(np.linspace(0, given - 1, wanted), given, 1.0)


def _hats(places, count, width):
    """Return rows of triangular weights about the places; what lies beyond the border is mirrored."""
    offsets = np.arange(-int(width) - 2, count + int(width) + 2)
    weights = np.clip(1 - np.abs(offsets - places[:, None]) / width, 0, None)
    mirrored = np.where(
        offsets < 0, -1 - offsets, np.where(offsets >= count, 2 * count - 1 - offsets, offsets)
    )
    matrix = np.zeros((len(places), count))
    np.add.at(matrix.T, mirrored, weights.T)
    return matrix / matrix.sum(axis=1, keepdims=True)


SRGB = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
ROUNDED = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
# its code divides by the reciprocals of white D65: it multiplies by what it should divide by
MULTIPLIED = Colour(ROUNDED, (1 / 0.950456, 1.0, 1 / 1.088754))

PIQ = Details(between, corners, Colour(SRGB, (0.9642119944211994, 1.0, 0.8251882845188288)), border=True)
AUTHORS = Details(averaging, averaging, Colour(SRGB, (0.9642, 1.0, 0.8251)), border=False)
OPTIMIZATION = Details(None, corners, MULTIPLIED, border=False, centre=0, magnitude=True, edge=False)
STEPS = (
    PIQ,
    replace(PIQ, reduce=None),
    replace(PIQ, reduce=None, border=False),
    replace(PIQ, reduce=None, border=False, colour=MULTIPLIED),
    OPTIMIZATION,
)
"""From piq's code to IQA-optimization's, one difference after the other, the last three at once."""


def vsi(reference, distorted, details):
    """Return the similarity: VS x GM^0.4 x C^0.02 averaged with the larger saliency as weight."""
    pair = [image.astype(float) for image in (reference, distorted)]
    saliency = [_halved(_saliency(image, details), details) for image in pair]
    light, m, n = zip(*([_halved(image @ row, details) for row in LMN] for image in pair), strict=True)
    gradient = [np.hypot(convolve2d(x, SCHARR, "same"), convolve2d(x, SCHARR.T, "same")) for x in light]
    product = (_alike(m, 130) * _alike(n, 130)).astype(complex)
    colour = np.abs(product) ** 0.02 if details.magnitude else (product**0.02).real
    weight = np.maximum(*saliency)
    return (_alike(saliency, 1.27) * _alike(gradient, 386) ** 0.4 * colour * weight).sum() / weight.sum()


def _alike(pair, constant):
    one, other = pair
    return (2 * one * other + constant) / (one**2 + other**2 + constant)


def _halved(values, details):
    """Average 2 x 2 pixels."""
    if details.border:
        values = np.pad(values, ((1, 0), (1, 0)), mode="edge")
    height, width = (size // 2 for size in values.shape)
    return values[: 2 * height, : 2 * width].reshape(height, 2, width, 2).mean(axis=(1, 3))


def _saliency(image, details):
    """Return SDSP: log-Gabor response times central bias times warmth, scaled to [0, 1]."""
    size = image.shape[:2]
    if details.reduce:
        rows, columns = (details.reduce(given, SIDE) for given in size)
        image = np.einsum("ih,hwc,jw->ijc", rows, image, columns, optimize=True)
    lab = _lab(image / 255, details.colour)
    gabor = _log_gabor(*lab.shape[:2], edge=details.edge)
    passed = np.fft.ifft2(np.fft.fft2(lab, axes=(0, 1)) * gabor[..., None], axes=(0, 1))
    ys, xs = (np.arange(count) - count / 2 + details.centre for count in lab.shape[:2])
    central = np.exp(-(ys[:, None] ** 2 + xs**2) / 145**2)
    warmth = 1 - np.exp(-(_scaled(lab[..., 1]) ** 2 + _scaled(lab[..., 2]) ** 2) / 0.001**2)
    found = np.sqrt((passed.real**2).sum(axis=2)) * central * warmth
    if details.reduce:
        rows, columns = (details.enlarge(SIDE, wanted) for wanted in size)
        found = rows @ found @ columns.T
    return _scaled(found)


def _scaled(values):
    return (values - values.min()) / (values.max() - values.min())


def _log_gabor(height, width, *, edge):
    """Return the filter of centre 0.021 cycles per pixel; nothing beyond 0.5, nothing at 0."""
    ys, xs = (np.fft.fftfreq(count) for count in (height, width))
    radius = np.hypot(ys[:, None], xs)
    inside = (radius > 0) & ((radius <= 0.5) if edge else (radius < 0.5))
    response = np.exp(-(np.log(np.where(inside, radius, 1) / 0.021) ** 2) / (2 * 1.34**2))
    return np.where(inside, response, 0)


def _lab(image, colour):
    linear = np.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.array(colour.xyz).T / np.array(colour.white)
    x, y, z = np.moveaxis(np.where(xyz > 0.008856, np.cbrt(xyz), (903.3 * xyz + 16) / 116), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
