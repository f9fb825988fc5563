"""Residual networks that differ from torchvision's in one place.

Structure: facebookresearch/vissl (vissl/models/trunks/resnext.py), open-mmlab/mmselfsup (ResNetSobel) and
open-mmlab/mmsegmentation (ResLayer).
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torchvision import models
from torchvision.models.resnet import Bottleneck, ResNet

from percepnet.networks.modules.sobel import Sobel


class SobelResNet(ResNet):  # type: ignore[misc] # torchvision is not typed
    """ResNet-50 on the slopes of grey."""

    def __init__(self) -> None:
        super().__init__(Bottleneck, [3, 4, 6, 3])
        self.conv1 = _stem(2)
        self.sobel = Sobel()

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the scores of RGB `[N, 3, H, W]`."""
        scores: Tensor = super().forward(self.sobel(pixels))
        return scores


def sobel_resnet50() -> nn.Module:
    """Return ResNet-50 behind `sobel`, torchvision's names."""
    return SobelResNet()


def vissl_resnet50_colorization() -> nn.Module:
    """Return ResNet-50 for one channel (L of Lab) whose last stage keeps its size (stride 1)."""
    network: Any = models.resnet50(weights=None)
    network.conv1 = _stem(1)
    network.layer4[0].conv2.stride = (1, 1)
    network.layer4[0].downsample[0].stride = (1, 1)
    module: nn.Module = network
    return module


def mmseg_resnet18() -> nn.Module:
    """Return ResNet-18 of stride 8: its last stages dilated by 2 and 4 in the first convolution of a block.

    The first block of a dilated stage has half the dilation (mmsegmentation: `contract_dilation`).
    """
    network: Any = models.resnet18(weights=None)
    for stage, dilations in ((network.layer3, (1, 2)), (network.layer4, (2, 4))):
        for block, dilation in zip(stage, dilations, strict=True):
            block.conv1.stride = (1, 1)
            block.conv1.padding = block.conv1.dilation = (dilation, dilation)
        stage[0].downsample[0].stride = (1, 1)
    module: nn.Module = network
    return module


def resnet200w2() -> nn.Module:
    """Return ResNet-200 of twice the width in every layer (BYOL), without a classifier."""
    network: Any = ResNet(Bottleneck, [1, 1, 1, 1])
    network.inplanes = 128
    network.conv1 = _stem(3, 128)
    network.bn1 = nn.BatchNorm2d(128)
    network.layer1 = network._make_layer(Bottleneck, 128, 3)  # noqa: SLF001 - as VISSL builds it
    network.layer2 = network._make_layer(Bottleneck, 256, 24, stride=2)  # noqa: SLF001
    network.layer3 = network._make_layer(Bottleneck, 512, 36, stride=2)  # noqa: SLF001
    network.layer4 = network._make_layer(Bottleneck, 1024, 3, stride=2)  # noqa: SLF001
    network.fc = nn.Identity()
    module: nn.Module = network
    return module


def _stem(channels: int, width: int = 64) -> nn.Conv2d:
    return nn.Conv2d(channels, width, kernel_size=7, stride=2, padding=3, bias=False)
