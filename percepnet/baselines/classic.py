"""Classic metrics: formulae without weights, as the piq library computes them, in float64.

Each is made a distance: the value of identical images minus the similarity. Nothing but the sign of a raw
Pearson correlation changes by that, and the sign of every rank correlation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

import piq
import torch
from torch import Tensor

from percepnet.baselines.contract import Ready
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from percepnet.networks.catalogue import Checkpoint
    from percepnet.networks.place import Place

GRAY = (0.298936021293775, 0.587043074451121, 0.114020904255103)
"""Of red, green and blue: the luminance row of the inverse of the NTSC matrix, MATLAB's rgb2gray."""

PSNR_CAP = 80.0
"""dB of identical images: piq adds 1e-8 to the mean squared error of values in [0, 1]."""


@dataclass(frozen=True, slots=True)
class _Formula:
    """One metric.

    Attributes:
        call: Of piq, on values in [0, 1].
        identical: Its value for identical images; None if it is a distance already.
        smallest: Pixels that height and width must have at least.
        about: What the variant is, in words.
    """

    call: Callable[[Tensor, Tensor], Tensor]
    identical: float | None = 1.0
    smallest: int = 1
    about: str = ""


FORMULAE = {
    "psnr": _Formula(piq.psnr, PSNR_CAP, about="all channels, capped at 80 dB"),
    "ssim": _Formula(
        partial(piq.ssim, downsample=False), smallest=11, about="window 11, sigma 1.5, no downsampling"
    ),
    "ssim_downsampled": _Formula(
        partial(piq.ssim, downsample=True),
        smallest=11,
        about="window 11, sigma 1.5, downsampled by round(short side / 256)",
    ),
    "ms_ssim": _Formula(piq.multi_scale_ssim, smallest=161, about="5 scales, product"),
    "fsim": _Formula(partial(piq.fsim, chromatic=False), about="luminance of YIQ"),
    "fsimc": _Formula(partial(piq.fsim, chromatic=True), about="with colour, YIQ"),
    "vsi": _Formula(piq.vsi, about="SDSP saliency"),
    "gmsd": _Formula(piq.gmsd, None, about="half size, population deviation"),
    "haarpsi": _Formula(piq.haarpsi, smallest=16, about="with colour, half size"),
    "mdsi": _Formula(piq.mdsi, None, about="sum of gradient and colour similarity"),
    "vif": _Formula(piq.vif_p, smallest=41, about="pixel domain"),
}


@dataclass(frozen=True)
class Classic:
    """A classic metric.

    Sources: SSIM Wang et al. 2004; MS-SSIM Wang et al. 2003; FSIM and FSIMc Zhang et al. 2011; VSI Zhang et
    al. 2014; GMSD Xue et al. 2014; HaarPSI Reisenhofer et al. 2018; MDSI Nafchi et al. 2016; VIF in the pixel
    domain, Sheikh and Bovik 2006. VIF exceeds 1 where contrast is raised: its distance may be negative.

    Attributes:
        name: In results.
        metric: One of FORMULAE.
        pixels: `rgb`, or `gray`: MATLAB's rgb2gray, rounded to whole numbers of 0..255, which is what the
            authors' codes are fed. What is drawn finer than 8 bits is not rounded.

    Raises:
        InputError: An unknown metric or kind of pixels.
    """

    name: str
    metric: str
    pixels: str = "rgb"

    def __post_init__(self) -> None:
        if self.metric not in FORMULAE:
            raise InputError(f"no metric {self.metric!r}", remedy=nearest(self.metric, FORMULAE))
        if self.pixels not in ("rgb", "gray"):
            raise InputError("unknown pixels", expected="rgb or gray", found=self.pixels)

    @property
    def variant(self) -> str:
        """What it is computed of and how, and the library."""
        return f"{self.pixels}, {FORMULAE[self.metric].about}, piq {version('piq')}"

    @property
    def trained_on(self) -> str:
        """Nothing."""
        return "none"

    @property
    def rows(self) -> tuple[Checkpoint, ...]:
        """No file."""
        return ()

    def prepare(self, place: Place) -> Ready:  # noqa: ARG002 (the contract's)
        """Return the metric; there is nothing to load."""
        formula = FORMULAE[self.metric]
        return Ready(self.name, self.variant, self._distance, smallest=formula.smallest)

    def _distance(self, reference: Tensor, distorted: Tensor) -> Tensor:
        formula = FORMULAE[self.metric]
        if self.pixels == "gray":
            reference, distorted = grays(reference, distorted)
        value = formula.call(reference, distorted)
        return value if formula.identical is None else formula.identical - value


def grays(*images: Tensor) -> tuple[Tensor, ...]:
    """Return the luminance `[1, 1, H, W]` of every RGB image `[1, 3, H, W]`, all in [0, 1].

    Images of 8 bits give whole numbers of 0..255 (half away from zero, as in MATLAB). If one of them is
    finer, all are kept as they are: a stimulus below one grey level must not be rounded away.
    """
    weights = torch.tensor(GRAY, dtype=images[0].dtype).view(1, 3, 1, 1)
    lights = tuple((image * weights).sum(dim=1, keepdim=True).clamp(0.0, 1.0) for image in images)
    if all(_has_8_bits(image) for image in images):
        return tuple(torch.floor(light * 255.0 + 0.5) / 255.0 for light in lights)
    return lights


def _has_8_bits(image: Tensor) -> bool:
    levels = image * 255.0
    # float32 holds a level to 1e-5
    return bool(((levels - levels.round()).abs() < 1e-4).all())
