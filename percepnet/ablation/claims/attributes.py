"""What the catalogue knows of a network: its size, and how well it does its task."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from percepnet.networks.catalogue import UNTRAINED, checkpoints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from percepnet.networks.catalogue import Checkpoint


def parameters(network: str) -> float:
    """Return the number of parameters of a network's trunk, NaN where the catalogue does not know it.

    Args:
        network: Its id; an untrained control has as many as any network of its architecture.
    """
    row = _by_id().get(network)
    if row is None and f".{UNTRAINED}." in network:
        row = _by_architecture().get(network.split(f".{UNTRAINED}.", maxsplit=1)[0])
    return float(row.parameters) if row is not None and row.parameters is not None else float("nan")


def score(network: str, name: str) -> float:
    """Return a network's published score on its task, NaN unless it is told in this very unit.

    Args:
        network: Its id.
        name: The unit: `top1`, `linear top1`, ...
    """
    row = _by_id().get(network)
    known = row is not None and row.score is not None and row.score_name == name
    return float(row.score) if known and row is not None and row.score is not None else float("nan")


@cache
def _by_id() -> Mapping[str, Checkpoint]:
    return {row.id: row for row in checkpoints()}


@cache
def _by_architecture() -> Mapping[str, Checkpoint]:
    return {row.architecture.name: row for row in reversed(checkpoints())}
