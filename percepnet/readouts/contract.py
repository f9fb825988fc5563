"""What a readout is: stored statistics in, named distances out. It sees no network, no image, no score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from percepnet.responses.store import Entry


@dataclass(frozen=True, slots=True)
class Distances:
    """The distances of every pair, one row per layer of the result.

    Attributes:
        layers: R names.
        depths: R depth fractions; 0 is the input image.
        values: `[R, P]`, in the order of the benchmark's pairs.
    """

    layers: tuple[str, ...]
    depths: tuple[float, ...]
    values: NDArray[np.float64]


class Readout(Protocol):
    """One way to turn the responses to two images into distances."""

    @property
    def name(self) -> str:
        """The name in results."""

    @property
    def distance(self) -> str:
        """The name of its distance in results."""

    @property
    def statistics(self) -> Sequence[str]:
        """The pair statistics it needs."""

    def read(self, entry: Entry) -> Distances:
        """Return the distances of every pair of an entry of the store."""
