"""Taps: the named places at which a network is read."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from percepnet.networks.form import Form
    from percepnet.networks.preprocessing import Preprocessing

INPUT = "input"
"""The tap of the image itself, RGB in [0, 1], before any normalisation: layer 0 of every network."""

ALL = "all"
"""Stands for every leaf module that returns one map and fires exactly once."""

TRIAL_SIZE = (256, 256)
"""Of the image that tells which modules fire; only shapes are computed."""


class LastTapPassedError(Exception):
    """Ends a forward pass: nothing after the last tap is read."""


@dataclass(frozen=True, slots=True)
class Tap:
    """A place in a network.

    Attributes:
        name: Of the module whose output is read, `input` for the image; `@class` or `@all` behind it tells
            which tokens are read where it is not the patches.
        depth: Share of the network's leaf modules that lie at or before it; 0 is the image, 1 the end.
    """

    name: str
    depth: float


def chosen(
    module: nn.Module, patterns: Sequence[str], form: Form, preprocessing: Preprocessing
) -> tuple[Tap, ...]:
    """Return the taps of a network: those that patterns name, or every leaf for `all`.

    Raises:
        InputError: A pattern that names nothing; tells the nearest names.
    """
    if list(patterns) == [ALL]:
        patterns = list(firing(module, form, preprocessing))
    return tuple(
        tap if tap.name == INPUT else Tap(form.tap(tap.name), tap.depth) for tap in expand(module, patterns)
    )


def expand(module: nn.Module, patterns: Sequence[str]) -> tuple[Tap, ...]:
    """Return the input and every module that a pattern names, in the order of the patterns.

    A pattern is a module's name; `*` stands for one part of it, so `layer1.*` means the children of
    `layer1` in forward order.

    Raises:
        InputError: A pattern that names nothing; tells the nearest names.
    """
    names = [name for name, _ in module.named_modules() if name]
    picked: dict[str, None] = {}
    for pattern in patterns:
        if pattern == INPUT:
            continue
        found = [name for name in names if _matches(name, pattern)]
        if not found:
            raise InputError(f"no layer is called {pattern!r}", remedy=nearest(pattern, names))
        picked |= dict.fromkeys(found)
    leaves = list(_leaves(module))
    return (Tap(INPUT, 0.0), *(Tap(name, _depth(leaves, name)) for name in picked))


def firing(module: nn.Module, form: Form, preprocessing: Preprocessing) -> Iterator[str]:
    """Yield the leaf modules that return one map and fire exactly once, in firing order.

    A trial pass tells: two images without content, on torch's meta device, where nothing is computed.
    """
    size = preprocessing.size or TRIAL_SIZE
    fired: list[str] = []
    maps: set[str] = set()

    def note(name: str, response: object) -> None:
        fired.append(name)
        if _is_map(name, response, form, size):
            maps.add(name)

    modules = dict(module.named_modules())
    handles = [
        modules[name].register_forward_hook(lambda _m, _i, out, name=name: note(name, out))
        for name in _leaves(module)
    ]
    try:
        trial_pass(module, preprocessing.channels, size)
    finally:
        for handle in handles:
            handle.remove()
    yield from (name for name in fired if name in maps and fired.count(name) == 1)


def trial_pass(module: nn.Module, channels: int, size: tuple[int, int]) -> None:
    """Pass two images through the module on the meta device: every hook fires, nothing is computed."""
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    shadows = {name: torch.empty_like(tensor, device="meta") for name, tensor in tensors.items()}
    images = torch.empty(2, channels, *size, device="meta")
    with torch.inference_mode(), torch.device("meta"):
        torch.func.functional_call(module, shadows, (images,), strict=False)


def _is_map(name: str, response: object, form: Form, size: tuple[int, int]) -> bool:
    if not isinstance(response, Tensor) or response.shape[:1] != (2,):
        return False
    try:
        form.as_map(name, response, size)
    except InputError:
        return False
    return True


def _matches(name: str, pattern: str) -> bool:
    return name.count(".") == pattern.count(".") and fnmatch.fnmatchcase(name, pattern)


def _leaves(module: nn.Module) -> Iterator[str]:
    """Yield the names of the modules without children that lie on the way from the image to the end.

    What was replaced by the identity does not count, nor what a module calls `aside` (side outputs).
    """
    aside = getattr(module, "aside", ())
    for name, child in module.named_modules():
        childless = name and not any(child.children()) and not isinstance(child, nn.Identity)
        if childless and name.partition(".")[0] not in aside:
            yield name


def _depth(leaves: Sequence[str], name: str) -> float:
    inside = [index for index, leaf in enumerate(leaves) if leaf == name or leaf.startswith(f"{name}.")]
    return (inside[-1] + 1) / len(leaves) if inside else 0.0
