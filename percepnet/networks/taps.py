"""Taps: the named places at which a network is read."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

INPUT = "input"
"""The tap of the image itself, RGB in [0, 1], before any normalisation: layer 0 of every network."""


@dataclass(frozen=True, slots=True)
class Tap:
    """A place in a network.

    Attributes:
        name: Of the module whose output is read; `input` is the image.
        depth: Share of the network's leaf modules that lie at or before it; 0 is the image, 1 the end.
    """

    name: str
    depth: float


def expand(module: nn.Module, patterns: Sequence[str]) -> tuple[Tap, ...]:
    """Return the input and every module that a pattern names, in the order of the patterns.

    A pattern is a module's name; `*` stands for one part of it, so `layer1.*` means the children of
    `layer1` in forward order.

    Raises:
        InputError: A pattern that names nothing; tells the nearest names.
    """
    names = [name for name, _ in module.named_modules() if name]
    chosen: list[str] = []
    for pattern in patterns:
        if pattern == INPUT:
            continue
        found = [name for name in names if _matches(name, pattern)]
        if not found:
            raise InputError(f"no layer is called {pattern!r}", remedy=nearest(pattern, names))
        chosen += [name for name in found if name not in chosen]
    return (Tap(INPUT, 0.0), *(Tap(name, _depth(module, name)) for name in chosen))


def _matches(name: str, pattern: str) -> bool:
    return name.count(".") == pattern.count(".") and fnmatch.fnmatchcase(name, pattern)


def _depth(module: nn.Module, name: str) -> float:
    leaves = [
        leaf
        for leaf, child in module.named_modules()
        if not any(child.children()) and not isinstance(child, nn.Identity)
    ]
    inside = [index for index, leaf in enumerate(leaves) if leaf == name or leaf.startswith(f"{name}.")]
    return (inside[-1] + 1) / len(leaves) if inside else 0.0
