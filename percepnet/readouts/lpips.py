"""LPIPS v0.1: fine-tuned weights of channels that others have published."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from percepnet.errors import InputError, NothingThereError
from percepnet.readouts.contract import Distances
from percepnet.readouts.distances import distance_called

if TYPE_CHECKING:
    from collections.abc import Mapping

    from percepnet.readouts.contract import FloatArray
    from percepnet.responses.store import Entry

HEADS: Mapping[tuple[int, ...], str] = {
    (64, 192, 384, 256, 256): "alex",
    (64, 128, 256, 512, 512): "vgg",
}
"""Channels of the stages -> the heads' file."""


@dataclass(frozen=True)
class Lpips:
    """The published linear heads of LPIPS v0.1 on unit-normalised differences at the stages.

    d = sum over stages and channels of w_c times the mean over positions of the squared difference of unit
    vectors (Zhang et al., CVPR 2018, eq. 1). The heads are those in the package `lpips`, for AlexNet and
    VGG-16; they are chosen by the numbers of channels, so weights trained otherwise are read with the same
    heads, which were fitted to those of ImageNet.
    """

    name: str = "lpips"
    distance: str = "unit_normalised"

    def __post_init__(self) -> None:
        if self.distance != "unit_normalised":
            raise InputError(
                "LPIPS's heads weight one distance only", expected="unit_normalised", found=self.distance
            )

    @property
    def statistics(self) -> tuple[str, ...]:
        """The pair statistics it needs."""
        return distance_called(self.distance).statistics

    def read(self, entry: Entry) -> Distances:
        """Return a single row of distances.

        Raises:
            NothingThereError: The stages are not those of AlexNet or VGG-16.
            InputError: The package `lpips` is not installed, or its files are not what they were.
        """
        taps, distance = entry.stages, distance_called(self.distance)
        parts: list[FloatArray] = []
        heads: list[FloatArray] = []
        for shard in entry.shards(taps, self.statistics):
            kept = [shard[tap] for tap in taps]
            heads = heads or _heads(tuple(one[self.statistics[0]].shape[1] for one in kept))
            parts.append(distance.between(kept, heads))
        depth = max(entry.depth(tap) for tap in taps)
        return Distances(("+".join(taps),), (depth,), np.concatenate(parts)[None, :])


def _heads(channels: tuple[int, ...]) -> list[FloatArray]:
    """Return the weights of each stage's channels."""
    import torch

    if channels not in HEADS:
        raise NothingThereError(
            "LPIPS has published heads for AlexNet and VGG-16 only",
            expected=" or ".join(str(known) for known in HEADS),
            found=f"{channels} channels at the stages",
            remedy="use readout=concatenated readout.distance=unit_normalised: the same without heads",
        )
    path = _folder() / f"{HEADS[channels]}.pth"
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        heads = [weights[f"lin{stage}.model.1.weight"].flatten() for stage in range(len(channels))]
    except (OSError, RuntimeError, KeyError) as error:
        raise InputError(f"LPIPS's heads {path.name} cannot be read", found=str(error)) from error
    if tuple(len(head) for head in heads) != channels:
        raise InputError(f"LPIPS's heads {path.name} are not those of v0.1", found=str([*map(len, heads)]))
    return [head.double().numpy() for head in heads]


def _folder() -> Path:
    """Return the folder of the heads; the package itself is not imported: it wants a trunk of its own."""
    spec = find_spec("lpips")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("readout=lpips needs the package lpips", remedy="install lpips>=0.1.4")
    return Path(spec.submodule_search_locations[0]) / "weights" / "v0.1"
