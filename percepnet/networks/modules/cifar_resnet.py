"""Residual networks for images of 32 x 32 (He et al., 2015, section 4.2).

Structure: chenyaofo/pytorch-cifar-models, resnet.py (He's, with projections as shortcuts).
"""

from __future__ import annotations

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock


class CifarResNet(nn.Module):
    """`conv1`, `bn1`, `relu`, `layer1` to `layer3` of 16, 32 and 64 channels, `avgpool`, `fc`."""

    def __init__(self, blocks: int, num_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = _layer(16, 16, blocks)
        self.layer2 = _layer(16, 32, blocks)
        self.layer3 = _layer(32, 64, blocks)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(64, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the scores `[N, num_classes]` of RGB `[N, 3, H, W]`."""
        response = self.relu(self.bn1(self.conv1(pixels)))
        response = self.layer3(self.layer2(self.layer1(response)))
        scores: Tensor = self.fc(self.avgpool(response).flatten(1))
        return scores


def cifar_resnet(depth: int = 20, num_classes: int = 10) -> nn.Module:
    """Return the network of `depth` 20, 32, 44 or 56: 6 n + 2 layers, n blocks in each of three stages."""
    return CifarResNet((depth - 2) // 6, num_classes)


def _layer(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
    """Return blocks of which the first halves the size if the width changes."""
    if inputs == outputs:
        return nn.Sequential(*(BasicBlock(outputs, outputs) for _ in range(blocks)))
    shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=2, bias=False), nn.BatchNorm2d(outputs))
    first = BasicBlock(inputs, outputs, stride=2, downsample=shortcut)
    return nn.Sequential(first, *(BasicBlock(outputs, outputs) for _ in range(blocks - 1)))
