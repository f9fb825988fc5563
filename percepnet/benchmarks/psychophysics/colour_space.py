"""Between the colour spaces of experiments and linear sRGB, through the package colour-science.

Nothing is clipped: a colour that a display cannot show is told by `in_gamut`, and excluded by name.
"""

from __future__ import annotations

import sys
import warnings
from functools import cache
from typing import TYPE_CHECKING
from unittest.mock import NonCallableMock

import numpy as np

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from percepnet.agreement.contract import FloatArray

# CIE 1931 XYZ to the CIE 2006 cone responses in which the castleCSF collection is given: xyz2lms2006.m of
# Ashraf et al. (2024), castleCSF, J. Vision 24(4):5, doi:10.1167/jov.24.4.5. It was fitted on the spectra of
# an LED display, since responses to light follow from its spectrum and not from XYZ.
_XYZ_TO_LMS = np.array(
    [
        [0.187596268556126, 0.585168649077728, -0.026384263306304],
        [-0.133397430663221, 0.405505777260049, 0.034502127690364],
        [0.000244379021663, -0.000542995890619, 0.019406849066323],
    ]
)
_TOLERANCE = 1e-9  # of rounding: white itself comes out at 1 + 2e-16


@cache
def library() -> ModuleType:
    """Return the package `colour`; it takes a second to import and warns of plotting that is not wanted.

    Where matplotlib is not installed it leaves stand-ins in its place, on which Lightning's search for
    optional packages breaks: they are taken out again. It also makes NumPy write floats with twelve digits
    for everybody, in tables and whatever is hashed: that is undone too.
    """
    before = set(sys.modules)
    with warnings.catch_warnings(), np.printoptions():
        warnings.filterwarnings("ignore", message=".*related API features are not available.*")
        import colour
    for name in sys.modules.keys() - before:
        if isinstance(sys.modules[name], NonCallableMock):
            del sys.modules[name]
    return colour


def white() -> FloatArray:
    """Return the XYZ of sRGB's white, D65, with Y = 1, `[3]`."""
    return linear_srgb_to_xyz(np.ones(3))


def xyz_to_linear_srgb(xyz: FloatArray) -> FloatArray:
    """Return linear sRGB `[..., 3]`, white (1, 1, 1), of XYZ `[..., 3]` relative to it (Y = 1); unclipped."""
    matrix = np.linalg.inv(library().RGB_COLOURSPACES["sRGB"].matrix_RGB_to_XYZ)
    return np.asarray(xyz @ matrix.T)


def linear_srgb_to_xyz(linear: FloatArray) -> FloatArray:
    """Return XYZ `[..., 3]`, Y = 1 for white, of linear sRGB `[..., 3]`."""
    return np.asarray(linear @ np.asarray(library().RGB_COLOURSPACES["sRGB"].matrix_RGB_to_XYZ).T)


def xyy_to_xyz(xy: FloatArray, luminance: float) -> FloatArray:
    """Return XYZ `[..., 3]` of chromaticities xy `[..., 2]` at one luminance Y."""
    level = np.full((*xy.shape[:-1], 1), luminance)
    return np.asarray(library().xyY_to_XYZ(np.concatenate([xy, level], axis=-1)))


def adapted(xyz: FloatArray, reference_white: FloatArray) -> FloatArray:
    """Return XYZ `[..., 3]` as seen under D65, of XYZ as seen under `reference_white` `[3]`.

    Chromatic adaptation after von Kries in CAT02 (Moroney et al. 2002, CIECAM02), complete. Both whites have
    Y = 1 or both the scale of `xyz`.
    """
    scale = float(reference_white[1])
    found = library().adaptation.chromatic_adaptation_VonKries(
        xyz, reference_white, white() * scale, transform="CAT02"
    )
    return np.asarray(found)


def lms_to_xyz(lms: FloatArray) -> FloatArray:
    """Return XYZ `[..., 3]` of CIE 2006 cone responses `[..., 3]` in castleCSF's scale."""
    return np.asarray(lms @ np.linalg.inv(_XYZ_TO_LMS).T)


def xyz_to_lms(xyz: FloatArray) -> FloatArray:
    """Return CIE 2006 cone responses `[..., 3]` in castleCSF's scale of XYZ `[..., 3]`."""
    return np.asarray(xyz @ _XYZ_TO_LMS.T)


def in_gamut(linear: FloatArray) -> NDArray[np.bool_]:
    """Return whether linear sRGB `[..., 3]` can be shown: all three within [0, 1], rounding aside."""
    return np.asarray(((linear >= -_TOLERANCE) & (linear <= 1.0 + _TOLERANCE)).all(axis=-1))
