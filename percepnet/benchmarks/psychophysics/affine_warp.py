"""Images that were moved, turned or enlarged, resampled between pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from percepnet.benchmarks.psychophysics.thresholds import text_digest
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from percepnet.agreement.contract import FloatArray
    from percepnet.benchmarks.contract import Image, ImageSource

# d c b a | a b c d | d c b a: the image continues as its mirror image.
_BORDER = "reflect"


@dataclass(frozen=True, slots=True)
class Warp:
    """A similarity about the centre of the image.

    Attributes:
        down: How far the content moves, in pixels.
        right: How far the content moves, in pixels.
        degrees: How far it turns, counter-clockwise as seen.
        factor: How much larger it gets.
    """

    down: float = 0.0
    right: float = 0.0
    degrees: float = 0.0
    factor: float = 1.0

    def inverse(self, size: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
        """Return matrix and offset that lead from a place (row, column) to where its content was."""
        turn = math.radians(self.degrees)
        # rows grow downwards: a counter-clockwise turn is undone by this matrix
        back = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]]) / self.factor
        centre = (np.array(size) - 1.0) / 2.0
        return back, centre - back @ (centre + np.array([self.down, self.right]))

    def own_share(self, size: tuple[int, int]) -> float:
        """Return the share of the picture that shows the image itself and not its mirrored border."""
        back, offset = self.inverse(size)
        places = np.indices(size).reshape(2, -1)
        origins = back @ places + offset[:, np.newaxis]
        limits = np.array(size)[:, np.newaxis] - 0.5
        # in whole thousandths of a pixel: places on the very edge are inside
        inside = (origins >= -0.501) & (origins <= limits + 0.001)
        return float(inside.all(axis=0).mean())


def coefficients(image: FloatArray, order: int) -> FloatArray:
    """Return the spline coefficients `[3, H, W]` of an image `[H, W, 3]`."""
    planes = np.moveaxis(image, 2, 0)
    if order <= 1:
        return planes
    return np.stack([ndimage.spline_filter(plane, order, mode=_BORDER) for plane in planes])


def resample(spline: FloatArray, warp: Warp, order: int) -> NDArray[np.float32]:
    """Return float32 `[H, W, 3]` in [0, 1] of spline coefficients `[3, H, W]`.

    A spline passes through every pixel, so that what moves by whole pixels is unchanged. Between pixels a
    cubic one overshoots beside hard edges: what is darker than black or brighter than white is shown
    as black or white, as a display must.
    """
    back, offset = warp.inverse(spline.shape[1:])
    planes = [
        ndimage.affine_transform(plane, back, offset, order=order, mode=_BORDER, prefilter=False)
        for plane in spline
    ]
    return np.asarray(np.clip(np.stack(planes, axis=2), 0.0, 1.0), dtype=np.float32)


@dataclass(frozen=True)
class WarpedImages:
    """Images of a database as floats, and warped ones, made when they are asked for.

    Attributes:
        originals: uint8 images by key.
        warps: The image that a key shows, and how it is changed.
        order: Of the spline: 1 bilinear, 3 cubic.
    """

    originals: ImageSource
    warps: Mapping[str, tuple[str, Warp]]
    order: int
    _latest: dict[str, FloatArray] = field(default_factory=dict, repr=False, compare=False)

    def image(self, key: str) -> Image:
        """Return float32 `[H, W, 3]` in [0, 1], not rounded to 8 bits; originals are divided by 255."""
        if key in self.warps:
            reference, warp = self.warps[key]
            return resample(self._spline(reference), warp, self.order)
        if "@" in key:
            raise InputError(f"There is no image {key}.", found=key, remedy=nearest(key, self.warps))
        return np.asarray(self.originals.image(key), dtype=np.float32) / np.float32(255.0)

    def digest(self, key: str) -> str:
        """Return the sha256 of what determines the image."""
        if key not in self.warps:
            return self.originals.digest(key)
        reference, warp = self.warps[key]
        changes = (warp.down, warp.right, warp.degrees, warp.factor)
        return text_digest(self.originals.digest(reference), _BORDER, self.order, *changes)

    def _spline(self, reference: str) -> FloatArray:
        kept = self._latest.get(reference)
        if kept is None:
            kept = coefficients(self.originals.image(reference).astype(np.float64) / 255.0, self.order)
            self._latest.clear()
            self._latest[reference] = kept
        return kept
