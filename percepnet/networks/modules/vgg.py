"""The convolutional part of VGG-16 alone: what several published networks share."""

from __future__ import annotations

from torch import nn

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def vgg16_features(channels: int = 3, *, batch_norm: bool = False) -> nn.Sequential:
    """Return `features` of torchvision's VGG-16: the same indices, the same initialisation."""
    layers: list[nn.Module] = []
    for width, convolutions in STAGES:
        for _ in range(convolutions):
            convolution = nn.Conv2d(channels, width, 3, padding=1)
            nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type] # a convolution with bias
            layers += [convolution, *([nn.BatchNorm2d(width)] if batch_norm else []), nn.ReLU(inplace=True)]
            channels = width
        layers.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(*layers)
