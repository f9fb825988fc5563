"""What fine-tuning a readout comes to: a weight per channel, to be kept and used on other image pairs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from percepnet.errors import InputError
from percepnet.readouts.distances import Sum, distance_called
from percepnet.sources.cache import atomic_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from percepnet.readouts.contract import FloatArray
    from percepnet.readouts.distances import Kept
    from percepnet.responses.store import Entry


@dataclass(frozen=True)
class Relevance:
    """Weights of the terms of a distance: d = last(sum over taps and channels of weight * term).

    Attributes:
        distance: Name of the distance whose terms are weighted; see `percepnet.readouts.distances`.
        weights: tap -> `[K]`, none negative, the taps in forward order.
        about: How they were found, as names and texts; `key` tells what they were learned from.
    """

    distance: str
    weights: Mapping[str, FloatArray]
    about: Mapping[str, str] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write them as safetensors, whole or not at all."""
        tensors = {
            tap: np.ascontiguousarray(weights, dtype=np.float64) for tap, weights in self.weights.items()
        }
        described = {**self.about, "distance": self.distance, "taps": json.dumps(list(self.weights))}
        with atomic_file(path) as temporary:
            temporary.write_bytes(save(tensors, metadata=described))

    @classmethod
    def load(cls, path: Path) -> Relevance:
        """Return what was saved.

        Raises:
            InputError: The file is missing, damaged or something else.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                about = dict(file.metadata() or {})
                taps = json.loads(about.pop("taps"))
                return cls(about.pop("distance"), {tap: file.get_tensor(tap) for tap in taps}, about)
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise InputError(
                f"{path} holds no channel relevance",
                expected="weights written by readout=channel_relevance",
                found=str(error),
                remedy="delete the file; the next run learns the weights anew",
            ) from error


def apply(relevance: Relevance, entry: Entry, taps: Sequence[str] | None = None) -> FloatArray:
    """Return the weighted distance of every image pair of an entry, `[P]`; not one of its judgements is used.

    Args:
        relevance: Learned on this entry, or on another of the same network.
        entry: Of the store.
        taps: Laid end to end; None for all that have weights.

    Raises:
        InputError: The entry has other taps, or other channels there.
    """
    distance = sum_called(relevance.distance)
    names = list(relevance.weights) if taps is None else list(taps)
    if missing := sorted({*names} - {*entry.holding(distance.statistics)}):
        raise _other_network(f"{', '.join(missing)}: no such layer")
    weights = [relevance.weights[tap] for tap in names]
    return np.concatenate(
        [
            _weighted(distance, [shard[tap] for tap in names], weights)
            for shard in entry.shards(names, distance.statistics)
        ]
    )


def _weighted(distance: Sum, parts: Sequence[Kept], weights: Sequence[FloatArray]) -> FloatArray:
    for kept, own in zip(parts, weights, strict=True):
        width = sum(kept[name].shape[1] for name in distance.statistics)
        if width != len(own):
            raise _other_network(f"{width} channels where there are {len(own)} weights")
    return distance.between(parts, weights)


def _other_network(found: str) -> InputError:
    return InputError(
        "these channel weights belong to another network",
        expected="the layers and channels on which they were learned",
        found=found,
        remedy="use the same arch and variant for both",
    )


def sum_called(name: str) -> Sum:
    """Return the distance of this name, a sum of terms over channels that can be weighted.

    Raises:
        InputError: There is none, or it is no such sum.
    """
    distance = distance_called(name)
    if not isinstance(distance, Sum) or distance.equalised:
        raise InputError(
            f"channel_relevance cannot weight the channels of readout.distance={name}",
            expected="a sum of terms over channels",
            remedy="use readout.distance=euclidean or unit_normalised",
        )
    return distance
