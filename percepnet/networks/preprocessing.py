"""From pixels to what a network was trained to see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Channel statistics of RGB in [0, 1] that a checkpoint expects to be removed.

    Attributes:
        mean: Of red, green, blue.
        std: Of red, green, blue.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return `(pixels - mean) / std`, `[N, 3, H, W]`, of RGB pixels in [0, 1], `[N, 3, H, W]`."""
        mean = pixels.new_tensor(self.mean).view(1, 3, 1, 1)
        std = pixels.new_tensor(self.std).view(1, 3, 1, 1)
        return (pixels - mean) / std
