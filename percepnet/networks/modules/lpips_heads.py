"""The linear heads of LPIPS: weights per channel, without a trunk."""

from __future__ import annotations

from torch import nn

CHANNELS = {
    "alexnet": (64, 192, 384, 256, 256),
    "vgg16": (64, 128, 256, 512, 512),
    "squeezenet1_1": (64, 128, 256, 384, 384, 512, 512),
}


def heads(channels: tuple[int, ...]) -> nn.ModuleList:
    """Return a 1 x 1 convolution to one channel, without bias, for every number of channels."""
    return nn.ModuleList(nn.Conv2d(width, 1, 1, bias=False) for width in channels)


def lpips_heads(trunk: str = "alexnet") -> nn.Module:
    """Return `heads.0`, `heads.1`, ... for the responses of a torchvision trunk."""
    return nn.ModuleDict({"heads": heads(CHANNELS[trunk])})
