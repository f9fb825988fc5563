"""What a baseline is: a published metric of image quality, turned into a distance between two images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from percepnet.errors import InputError, NothingThereError
from percepnet.networks.network import unit_range

if TYPE_CHECKING:
    from percepnet.benchmarks.contract import Image
    from percepnet.networks.catalogue import Checkpoint
    from percepnet.networks.place import Place

Metric = Callable[[Tensor, Tensor], Tensor]
"""Two images `[1, 3, H, W]`, float64 RGB in [0, 1], in; one number, 0 for identical images, out."""


@dataclass(frozen=True)
class Ready:
    """A baseline that can measure: its weights, if it has any, are loaded.

    Attributes:
        name: The baseline's, in results and messages.
        variant: Which of several metrics of that name it is, and the library that computes it.
        metric: The metric itself.
        weights_hash: sha256 of the tensors in use; "" where there are none.
        smallest: Pixels that height and width must have at least.
    """

    name: str
    variant: str
    metric: Metric
    weights_hash: str = ""
    smallest: int = 1

    @torch.inference_mode()
    def distance(self, reference: Image, distorted: Image) -> float:
        """Return the distance of two images `[H, W, 3]`: 0 if they are identical, larger if they differ more.

        Raises:
            InputError: An image breaks the input contract (`unit_range`), or the two differ in size.
            NothingThereError: The metric is not defined for them: they are too small, or it is no number.
        """
        one, other = planes(reference), planes(distorted)
        if one.shape != other.shape:
            raise InputError(
                f"{self.name} compares images of one size", found=f"{_size(one)} and {_size(other)} pixels"
            )
        if min(one.shape[2:]) < self.smallest:
            raise NothingThereError(
                f"{self.name} is not defined for images as small as these",
                expected=f"at least {self.smallest} x {self.smallest} pixels",
                found=_size(one),
                remedy="leave this baseline out for this benchmark",
            )
        value = float(self.metric(one, other))
        if not np.isfinite(value):
            raise NothingThereError(
                f"{self.name} is not defined for these images",
                expected="a number",
                found=f"{value} (metrics weighted by structure have none for uniform images)",
                remedy="leave this baseline out for this benchmark",
            )
        return value


class Baseline(Protocol):
    """A metric that is described but not yet loaded: a frozen dataclass whose fields are its config."""

    @property
    def name(self) -> str:
        """The name in results, which is that of its config option."""

    @property
    def variant(self) -> str:
        """Which of several metrics of that name it is, and the library that computes it with its version."""

    @property
    def trained_on(self) -> str:
        """The human judgements that it was fitted to; `none` for a formula."""

    @property
    def rows(self) -> tuple[Checkpoint, ...]:
        """The rows of the catalogue whose files it needs, to be fetched before."""

    def prepare(self, place: Place) -> Ready:
        """Return the baseline, ready to measure.

        Args:
            place: Where weights lie and may be looked for.

        Raises:
            NothingThereError: Its weights could be had from nowhere; says what to put where.
            InputError: A setting is wrong, or a file is not what it has to be.
        """


def planes(image: Image) -> Tensor:
    """Return `[1, 3, H, W]` float64 in [0, 1] of an image `[H, W, 3]`, to the last bit what it says.

    Raises:
        InputError: The image breaks the input contract.
    """
    given = torch.from_numpy(np.array(image))[None]
    unit_range(given)  # the one input contract; its float32 would move pixels at a rounding's edge
    exact = given.permute(0, 3, 1, 2).double()
    return exact / 255.0 if given.dtype == torch.uint8 else exact


def _size(image: Tensor) -> str:
    return f"{image.shape[2]} x {image.shape[3]}"
