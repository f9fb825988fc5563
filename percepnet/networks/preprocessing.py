"""From pixels to what a network was trained to see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What happens to RGB pixels in [0, 1] before a checkpoint sees them.

    Attributes:
        mean: Subtracted per channel, in the units of `scale` and the order of `order`.
        std: Divided by, per channel.
        scale: 1 for networks trained on [0, 1], 255 for those trained on 0..255.
        order: `rgb` or `bgr` (networks from Caffe).
        space: `rgb`, or `lab_l`: the lightness of CIE Lab alone, 0..100, one channel.
        size: Height and width that the architecture demands, or None: any size is taken as it is. Both images
            of a pair are resized identically, bilinear with antialiasing; the aspect ratio is not kept.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    scale: float = 1.0
    order: str = "rgb"
    space: str = "rgb"
    size: tuple[int, int] | None = None

    @property
    def channels(self) -> int:
        """How many channels come out."""
        return len(self.mean)

    def __call__(self, pixels: Tensor) -> Tensor:
        """Return the network's input, `[N, channels, H', W']`, of RGB pixels in [0, 1], `[N, 3, H, W]`."""
        planes = _resized(pixels, self.size)
        if self.space == "lab_l":
            planes = lightness(planes)
        if self.order == "bgr":
            planes = planes.flip(1)
        if self.scale != 1.0:
            planes = planes * self.scale
        mean = planes.new_tensor(self.mean).view(1, -1, 1, 1)
        std = planes.new_tensor(self.std).view(1, -1, 1, 1)
        return (planes - mean) / std


def _resized(pixels: Tensor, size: tuple[int, int] | None) -> Tensor:
    if size is None or tuple(pixels.shape[-2:]) == size:
        return pixels
    from torch.nn.functional import interpolate

    return interpolate(pixels, size=size, mode="bilinear", antialias=True)


def lightness(pixels: Tensor) -> Tensor:
    """Return L of CIE Lab (D65), 0..100, `[N, 1, H, W]`, of sRGB pixels in [0, 1], `[N, 3, H, W]`.

    The primaries are OpenCV's. Its rounding to 8 bits (at most 0.2 units of L) is left out: it would erase
    stimuli at threshold contrast.
    """
    linear = _where(pixels > 0.04045, ((pixels + 0.055) / 1.055) ** 2.4, pixels / 12.92)
    weights = pixels.new_tensor([0.212671, 0.715160, 0.072169]).view(1, 3, 1, 1)
    luminance = (linear * weights).sum(dim=1, keepdim=True)
    cube_root = luminance.clamp_min(1e-12) ** (1.0 / 3.0)
    return _where(luminance > 0.008856, 116.0 * cube_root - 16.0, 903.3 * luminance)


def _where(condition: torch.Tensor, yes: Tensor, no: Tensor) -> Tensor:
    import torch

    return torch.where(condition, yes, no)


IMAGENET = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))

INPUTS = {
    "imagenet": IMAGENET,
    "half": Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
    "unit": Preprocessing(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)),
    "clip": Preprocessing(mean=(0.48145466, 0.4578275, 0.40821073), std=(0.26862954, 0.26130258, 0.27577711)),
    "imagenet_255": Preprocessing(mean=(123.675, 116.28, 103.53), std=(1.0, 1.0, 1.0), scale=255.0),
    "caffe_rgb": Preprocessing(mean=(0.48235, 0.45882, 0.40784), std=(1.0 / 255.0, 1.0 / 255.0, 1.0 / 255.0)),
    "caffe_bgr": Preprocessing(
        mean=(104.00699, 116.66877, 122.67892), std=(1.0, 1.0, 1.0), scale=255.0, order="bgr"
    ),
    "lab_l": Preprocessing(mean=(50.0,), std=(1.0,), space="lab_l"),
    "cifar10": Preprocessing(mean=(0.4914, 0.4822, 0.4465), std=(0.2023, 0.1994, 0.2010)),
    "cifar100": Preprocessing(mean=(0.5070, 0.4865, 0.4409), std=(0.2673, 0.2564, 0.2761)),
}
"""Named input conventions; a row of the catalogue says `input: NAME`. LPIPS's scaling layer is `imagenet`."""
