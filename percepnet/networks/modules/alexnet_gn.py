"""AlexNet with group normalisation, of the IPCL networks.

Structure: harvard-visionlab/open_ipcl, models/alexnet_gn.py.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class AlexNetGN(nn.Module):
    """`conv_block_1` to `_5` (pooling inside 1, 2 and 5), then `ave_pool`, `fc6`, `fc7`, `fc8`."""

    def __init__(self, out_dim: int, *, l2norm: bool) -> None:
        super().__init__()
        self.conv_block_1 = _block(3, 96, 11, stride=4, padding=2, pool=True)
        self.conv_block_2 = _block(96, 256, 5, padding=2, pool=True)
        self.conv_block_3 = _block(256, 384, 3)
        self.conv_block_4 = _block(384, 384, 3)
        self.conv_block_5 = _block(384, 256, 3, pool=True)
        self.ave_pool = nn.AdaptiveAvgPool2d((6, 6))
        self.fc6 = _dense(256 * 6 * 6)
        self.fc7 = _dense(4096)
        self.fc8 = nn.Sequential(nn.Linear(4096, out_dim))
        self.l2norm = l2norm

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the embedding `[N, out_dim]` of RGB `[N, 3, H, W]`."""
        response = pixels
        for block in (self.conv_block_1, self.conv_block_2, self.conv_block_3, self.conv_block_4):
            response = block(response)
        response = self.ave_pool(self.conv_block_5(response)).flatten(1)
        response = self.fc8(self.fc7(self.fc6(response)))
        return functional.normalize(response) if self.l2norm else response


def ipcl_alexnet_gn(out_dim: int = 128, *, l2norm: bool = True) -> nn.Module:
    """Return the network; the classifying ones have `out_dim=1000, l2norm=False`."""
    return AlexNetGN(out_dim, l2norm=l2norm)


def alexnet_gn(out_dim: int = 128, *, l2norm: bool = True) -> nn.Module:
    """Return the same network as `ipcl_alexnet_gn`, under its publisher's name."""
    return AlexNetGN(out_dim, l2norm=l2norm)


def _block(  # noqa: PLR0913 (all that a convolution is)
    inputs: int, outputs: int, size: int, *, stride: int = 1, padding: int = 1, pool: bool = False
) -> nn.Sequential:
    """Return convolution without bias, 32 groups normalised, rectified, and pooled if wanted."""
    convolution = nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding, bias=False)
    tail = [nn.MaxPool2d(3, 2)] if pool else []
    return nn.Sequential(convolution, nn.GroupNorm(32, outputs), nn.ReLU(inplace=True), *tail)


def _dense(inputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, 4096), nn.BatchNorm1d(4096), nn.ReLU(inplace=True))
