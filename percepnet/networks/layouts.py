"""Published file layouts, each turned into the state dict of the module it belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from percepnet.errors import InputError
from percepnet.networks.layout import READERS, Layout, find
from percepnet.sources.reading import flattened, tensors
from percepnet.sources.refusals import described

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

StateDict = dict[str, Tensor]


def read(layout: str, path: Path, module: nn.Module) -> StateDict:
    """Return what the file holds, under the names that `module` uses.

    Args:
        layout: A name in layouts.yaml, the path of a YAML file with the same keys, or these keys as JSON.
        path: The file.
        module: Whose names are wanted.

    Raises:
        InputError: An unknown layout, or a file that is not in it.
    """
    wanted = find(layout)
    content = _unwrapped(READERS[wanted.reader](path), wanted.inside, path)
    state = _tensors(content, wanted, path)
    kept = {name: tensor for name, tensor in state.items() if name.startswith(tuple(wanted.keep) or "")}
    if not kept:
        raise InputError(
            f"{path} is not in the layout {layout}",
            expected=f"tensors whose names begin with {' or '.join(wanted.keep) or 'anything'}",
            found=", ".join(sorted(state)[:4]) or "no tensor at all",
            remedy="is it the file of another network, or of another publisher?",
        )
    return renamed(kept, wanted, path, module)


def _unwrapped(content: object, inside: Sequence[str], path: Path) -> object:
    """Return what lies in `content` under the keys `inside`; each may be alternatives, "a|b"."""
    for step in inside:
        here = [key for key in step.split("|") if isinstance(content, Mapping) and key in content]
        if not here:
            raise InputError(
                f"{path} is not in its layout",
                expected=f"tensors under {' / '.join(inside)}",
                found=f"no {step!r} in {described(content)}",
                remedy="is it the file of another publisher?",
            )
        content = content[here[0]]  # type: ignore[index] # a mapping: `here` is empty otherwise
    return content


def _tensors(content: object, layout: Layout, path: Path) -> StateDict:
    if layout.reader == "torch":
        return tensors(content, path)
    if layout.inside and isinstance(content, Mapping):
        content = {key: value for key, value in content.items() if isinstance(value, np.ndarray)}
    return {name: _tensor(array, layout.kernels) for name, array in flattened(content, path).items()}


def _tensor(array: np.ndarray[Any, Any], kernels: str) -> Tensor:
    """Return a tensor with memory of its own, in this machine's byte order, kernels as torch has them."""
    found = torch.from_numpy(np.array(array, dtype=array.dtype.newbyteorder("=")))
    return found.permute(3, 2, 0, 1).contiguous() if kernels == "hwio" and found.ndim == 4 else found


def _rules(layout: Layout, module: nn.Module) -> list[tuple[str, str, list[str]]]:
    """Return the numbering rules with their places spelt out."""
    rules = []
    for pattern, template, places in layout.number:
        if isinstance(places, str):
            names = [name for name, _ in module.named_modules() if _like(name, places)]
        else:
            names = [str(place) for place in places]
        rules.append((pattern, template, names))
    return rules


def _like(name: str, pattern: str) -> bool:
    return name.count(".") == pattern.count(".") and fnmatchcase(name, pattern)


def renamed(state: StateDict, layout: Layout, path: Path, module: nn.Module) -> StateDict:
    """Return the wanted tensors under the names of `module`.

    Raises:
        InputError: Two tensors would share one name.
    """
    rules = _rules(layout, module)
    found: StateDict = {}
    origins: dict[str, str] = {}
    for old, tensor in state.items():
        name = old
        for prefix in layout.strip:
            name = name.removeprefix(prefix)
        if any(fnmatchcase(name, pattern) for pattern in layout.drop):
            continue
        name = _numbered(name, rules)
        for pattern, replacement in layout.rename:
            name = re.sub(pattern, replacement, name)
        if name in found:
            raise InputError(
                f"{path}: two tensors would get the name {name}",
                found=f"{origins[name]} and {old}",
                remedy="correct the layout",
            )
        found[name], origins[name] = tensor, old
    return found


def _numbered(name: str, rules: Sequence[tuple[str, str, list[str]]]) -> str:
    """Return the name with its number replaced by the place it counts, if there is one."""
    for pattern, template, places in rules:
        match = re.match(pattern, name)
        if match and int(match[1] or 0) < len(places):
            return template.format(places[int(match[1] or 0)]) + name[match.end() :]
    return name
