"""The fixed edge filter of DeepCluster, and the VGG-16 behind it.

Structure: facebookresearch/deepcluster (models/vgg16.py) and facebookresearch/DeeperCluster (src/model).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from percepnet.networks.modules.vgg import vgg16_features

HORIZONTAL = ((1.0, 0.0, -1.0), (2.0, 0.0, -2.0), (1.0, 0.0, -1.0))
VERTICAL = ((1.0, 2.0, 1.0), (0.0, 0.0, 0.0), (-1.0, -2.0, -1.0))


class Sobel(nn.Module):
    """Horizontal and vertical slopes of grey: `[N, 3, H, W]` to `[N, 2, H, W]` with padding 1.

    Grey is the mean of red, green and blue: the network behind it sees neither colour nor mean luminance.
    """

    def __init__(self, padding: int = 1) -> None:
        super().__init__()
        self.padding = padding
        # Not part of the state dict: files either lack it or carry the same numbers.
        self.register_buffer("kernel", torch.tensor([[HORIZONTAL], [VERTICAL]]), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the two slopes."""
        grey = pixels.mean(dim=1, keepdim=True)
        return functional.conv2d(grey, self.get_buffer("kernel"), padding=self.padding)


class SobelVGG16(nn.Module):
    """`features` of VGG-16 with batch normalisation on two channels of slopes."""

    def __init__(self, pad: int) -> None:
        super().__init__()
        # The later release pads the image by 2 and filters without padding: slopes at the border differ.
        self.sobel = nn.Sequential(nn.ZeroPad2d(pad), Sobel(padding=0)) if pad else Sobel()
        self.features = vgg16_features(channels=2, batch_norm=True)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the last response `[N, 512, H', W']` to RGB `[N, 3, H, W]`."""
        response: Tensor = self.features(self.sobel(pixels))
        return response


def deepcluster_vgg16(pad: int = 0) -> nn.Module:
    """Return DeepCluster's VGG-16.

    Args:
        pad: 0 for DeepCluster's own release, 2 for the networks published with DeeperCluster.
    """
    return SobelVGG16(pad)
