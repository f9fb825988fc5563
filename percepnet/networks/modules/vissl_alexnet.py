"""The five AlexNets of VISSL: conv1, pool1, conv2, pool2, conv3, conv4, conv5, pool5 as `features.0` to `.7`.

Structure: facebookresearch/vissl, vissl/models/trunks/alexnet_*.py. They differ in stride, width, groups and
normalisation, which is a confound of every comparison between them.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from percepnet.networks.modules.sobel import Sobel


def vissl_alexnet_bvlc() -> nn.Module:
    """Return CaffeNet of BVLC: two groups, local response normalisation, then pooling."""
    return _alexnet(
        *(_conv(3, 96, 11, stride=4), nn.Sequential(_lrn(), _pool())),
        *(_conv(96, 256, 5, padding=2, groups=2), nn.Sequential(_lrn(), _pool())),
        _conv(256, 384, 3, padding=1),
        _conv(384, 384, 3, padding=1, groups=2),
        *(_conv(384, 256, 3, padding=1, groups=2), _pool()),
    )


def vissl_alexnet_jigsaw() -> nn.Module:
    """Return the jigsaw variant: stride 2 in conv1, pooling before normalisation, BN from conv3 on."""
    return _alexnet(
        *(_conv(3, 96, 11, stride=2), nn.Sequential(_pool(), _lrn())),
        *(_conv(96, 256, 5, padding=2, groups=2), nn.Sequential(_pool(), _lrn())),
        _conv(256, 384, 3, padding=1, norm=True),
        _conv(384, 384, 3, padding=1, groups=2, norm=True),
        *(_conv(384, 256, 3, padding=1, groups=2, norm=True), _pool()),
    )


def vissl_alexnet_colorization() -> nn.Module:
    """Return the colorization variant: one input channel (L of Lab), BN everywhere."""
    return _alexnet(
        *(_conv(1, 96, 11, stride=4, norm=True), _pool()),
        *(_conv(96, 256, 5, padding=2, groups=2, norm=True), _pool()),
        _conv(256, 384, 3, padding=1, norm=True),
        _conv(384, 384, 3, padding=1, groups=2, norm=True),
        *(_conv(384, 256, 3, padding=1, groups=2, norm=True), _pool()),
    )


def vissl_alexnet_rotnet() -> nn.Module:
    """Return the RotNet variant: widths of torchvision's AlexNet, BN everywhere."""
    return _alexnet(
        *(_conv(3, 64, 11, stride=4, padding=2, norm=True), _pool()),
        *(_conv(64, 192, 5, padding=2, norm=True), _pool()),
        _conv(192, 384, 3, padding=1, norm=True),
        _conv(384, 256, 3, padding=1, norm=True),
        *(_conv(256, 256, 3, padding=1, norm=True), _pool()),
    )


def vissl_alexnet_deepcluster() -> nn.Module:
    """Return the DeepCluster variant: slopes of grey (`sobel`) as its two input channels, BN everywhere."""
    trunk = _alexnet(
        *(_conv(2, 96, 11, stride=4, padding=2, norm=True), _pool()),
        *(_conv(96, 256, 5, padding=2, norm=True), _pool()),
        _conv(256, 384, 3, padding=1, norm=True),
        _conv(384, 384, 3, padding=1, norm=True),
        *(_conv(384, 256, 3, padding=1, norm=True), _pool()),
    )
    return nn.Sequential(OrderedDict(sobel=Sobel(), **dict(trunk.named_children())))


def _alexnet(*blocks: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(features=nn.Sequential(*blocks)))


def _conv(  # noqa: PLR0913 (all that a convolution is)
    inputs: int,
    outputs: int,
    size: int,
    *,
    stride: int = 1,
    padding: int = 0,
    groups: int = 1,
    norm: bool = False,
) -> nn.Sequential:
    """Return convolution, batch normalisation if wanted, and rectification."""
    convolution = nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding, groups=groups)
    return nn.Sequential(convolution, *([nn.BatchNorm2d(outputs)] if norm else []), nn.ReLU(inplace=True))


def _pool() -> nn.MaxPool2d:
    return nn.MaxPool2d(kernel_size=3, stride=2)


def _lrn() -> nn.LocalResponseNorm:
    return nn.LocalResponseNorm(size=5, alpha=0.0001, beta=0.75)
