"""AlexNet and VGG-16 of ST-LPIPS: shift-tolerant by blurred downsampling, trained from scratch on BAPPS.

Structure: Ghildyal and Liu, Shift-tolerant perceptual similarity metric, 2022 (package stlpips_pytorch).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from percepnet.networks.modules.lpips_heads import CHANNELS, heads

if TYPE_CHECKING:
    from percepnet.networks.network import Network

ALEXNET_TAPS = ("features.2", "features.6", "features.10", "features.12", "features.14")
VGG16_TAPS = ("features.3", "features.9", "features.17", "features.25", "features.33")


class BlurDown(nn.Module):
    """Half the size: each channel blurred by (1 2 1) x (1 2 1) / 16, mirrored by 2 at the border."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        line = torch.tensor([1.0, 2.0, 1.0])
        kernel = torch.outer(line, line) / 16
        self.register_buffer("filt", kernel.expand(channels, 1, 3, 3).clone())

    def forward(self, response: Tensor) -> Tensor:
        """Return `[N, C, (H + 3) // 2, (W + 3) // 2]`."""
        padded = functional.pad(response, (2, 2, 2, 2), mode="reflect")
        return functional.conv2d(padded, self.get_buffer("filt"), stride=2, groups=response.shape[1])


class ShiftTolerant(nn.Module):
    """A trunk `features` and the five `heads` that weight its channels.

    Attributes:
        reads: The places that the heads belong to.
    """

    def __init__(self, features: nn.Sequential, trunk: str, reads: tuple[str, ...]) -> None:
        super().__init__()
        self.features = features
        self.heads = heads(CHANNELS[trunk])
        self.reads = reads

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the trunk's last response to RGB `[N, 3, H, W]`."""
        response: Tensor = self.features(pixels)
        return response


def stlpips_alexnet() -> nn.Module:
    """Return the AlexNet: conv1 of stride 1, every reduction in size blurred."""
    features = nn.Sequential(
        *(nn.Conv2d(3, 64, 11, padding=2), BlurDown(64), nn.ReLU(inplace=True)),
        *(nn.MaxPool2d(3, 1), BlurDown(64), nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(inplace=True)),
        *(nn.MaxPool2d(3, 1), BlurDown(192), nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(inplace=True)),
        *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(inplace=True)),
        *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(inplace=True)),
    )
    return ShiftTolerant(features, "alexnet", ALEXNET_TAPS)


def stlpips_vgg16() -> nn.Module:
    """Return the VGG-16: pooling of stride 1, then a blurred reduction."""
    layers: list[nn.Module] = []
    inputs = 3
    for stage, (outputs, convolutions) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))):
        layers += [nn.MaxPool2d(2, 1), BlurDown(inputs)] if stage else []
        for _ in range(convolutions):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
            inputs = outputs
    return ShiftTolerant(nn.Sequential(*layers), "vgg16", VGG16_TAPS)


def distance(network: Network, first: Tensor, second: Tensor) -> Tensor:
    """Return the ST-LPIPS distance `[N]` of images `[N, H, W, 3]`.

    LPIPS (Zhang et al., 2018, equation 1): differences of unit vectors of channels, squared, weighted by the
    heads, averaged over the image and summed over five layers.

    Raises:
        InputError: The images break the input contract.
        TypeError: The network has no heads.
    """
    trunk = network.trunk
    if not isinstance(trunk, ShiftTolerant) or not isinstance(trunk.heads, nn.ModuleList):
        raise TypeError(f"{network.id} has no heads of ST-LPIPS")
    total = torch.zeros(first.shape[0], device=first.device)
    pairs = zip(*(_units(network, trunk, images) for images in (first, second)), strict=True)
    with torch.inference_mode():
        for head, (one, other) in zip(trunk.heads, pairs, strict=True):
            total = total + head((one - other) ** 2).mean(dim=(1, 2, 3))
    return total


def _units(network: Network, trunk: ShiftTolerant, images: Tensor) -> list[Tensor]:
    """Return what the heads read: responses whose channels have length 1 at every place."""
    found: list[Tensor] = []

    def keep(tap: str, response: Tensor) -> None:
        if tap in trunk.reads:
            found.append(response / (response.square().sum(dim=1, keepdim=True).sqrt() + 1e-10))

    network.observe(images, keep)
    return found
