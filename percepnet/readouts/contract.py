"""What a readout is: stored statistics in, named distances out. It sees no network and no image.

Most see no human judgement either. One that learns from people is handed them as `People`.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, fields
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from percepnet.agreement.people import People
    from percepnet.responses.store import Entry

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Distances:
    """The distances of every pair, one row per layer of the result.

    Attributes:
        layers: R names.
        depths: R depth fractions; 0 is the input image.
        values: `[R, P]`, in the order of the entry's image pairs.
        against: Rows to be compared: (0, 1) asks how much more human-like row 0 is than row 1.
    """

    layers: tuple[str, ...]
    depths: tuple[float, ...]
    values: FloatArray
    against: tuple[tuple[int, int], ...] = ()


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


def described(readout: Readout) -> str:
    """Return the name of a readout's distance, and its settings where they are not the usual ones.

    Two settings of a readout are two readouts: results tell them apart by this. One with a name of its own
    needs no more.
    """
    usual = {item.name: _usual(item) for item in fields(readout)}  # type: ignore[arg-type]
    if readout.name != usual.pop("name"):
        return readout.distance
    usual.pop("distance")
    own = {name: getattr(readout, name) for name, value in usual.items() if getattr(readout, name) != value}
    return ", ".join([readout.distance, *(f"{name}={value}" for name, value in own.items())])


def _usual(item: Field[Any]) -> object:
    return item.default_factory() if item.default_factory is not MISSING else item.default


@runtime_checkable
class Reader(Readout, Protocol):
    """A readout that needs nothing but statistics."""

    def read(self, entry: Entry) -> Distances:
        """Return the distances of every pair of an entry of the store."""


@runtime_checkable
class Learner(Readout, Protocol):
    """A readout that learns from people; what it says of a pair, it has learnt from other references."""

    @property
    def train_on(self) -> str:
        """Name of the benchmark that it learns from; "" for folds within each benchmark."""

    def carry_over(self, known: Entry, people: People, entry: Entry) -> Distances:
        """Return the distances of every pair of an entry, learnt from all judgements of another benchmark.

        Args:
            known: What is learnt from.
            people: Judgements of its pairs.
            entry: What is read.
        """

    def learn(self, entry: Entry, people: People, folder: Path) -> Distances:
        """Return the distances of every pair of an entry of the store.

        Args:
            entry: Of the store.
            people: Judgements of its pairs.
            folder: The cell's own, for what the readout wants to keep.
        """
