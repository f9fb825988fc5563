"""Descriptions of file layouts: a name in layouts.yaml, a user's YAML file, or JSON in line."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from percepnet.errors import InputError, nearest
from percepnet.sources.reading import read_hdf5, read_pickle, read_torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Rule = tuple[str, str, "list[int] | str"]

READERS: Mapping[str, Callable[[Path], object]] = {
    "torch": read_torch,
    "pickle": read_pickle,
    "caffe2": lambda path: read_pickle(path, encoding="latin1"),
    "hdf5": read_hdf5,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the tensors lie in a file and what they are called; layouts.yaml explains every key."""

    reader: str = "torch"
    inside: Sequence[str] = ()
    keep: Sequence[str] = ()
    strip: Sequence[str] = ()
    drop: Sequence[str] = ()
    number: Sequence[Rule] = ()
    rename: Sequence[tuple[str, str]] = ()
    kernels: str = "oihw"


def find(layout: str) -> Layout:
    """Return the layout of this name, in this YAML file or in this JSON.

    Raises:
        InputError: There is none, or it has a key that no layout has.
    """
    if layout.startswith("{"):
        return _parsed("given in line", _mapping("given in line", layout))
    if layout.endswith((".yaml", ".yml")):
        try:
            text = Path(layout).read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(f"layout {layout} cannot be read", found=str(error)) from error
        return _parsed(layout, _mapping(layout, text))
    if layout not in layouts():
        raise InputError(f"unknown checkpoint layout {layout!r}", remedy=nearest(layout, layouts()))
    return layouts()[layout]


@cache
def layouts() -> Mapping[str, Layout]:
    """Return every layout of layouts.yaml by name."""
    text = (files("percepnet.networks") / "layouts.yaml").read_text(encoding="utf-8")
    return {name: _parsed(name, entry) for name, entry in yaml.safe_load(text).items()}


def _mapping(name: str, text: str) -> Mapping[str, Any]:
    """Return the keys in a user's YAML or JSON."""
    try:
        found = json.loads(text) if text.startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise InputError(f"layout {name} is no YAML and no JSON", found=str(error).splitlines()[0]) from error
    if not isinstance(found, dict):
        raise InputError(
            f"layout {name} is no mapping", expected="keys as in layouts.yaml", found=repr(found)
        )
    return found


def _parsed(name: str, entry: Mapping[str, Any]) -> Layout:
    known = {item.name for item in fields(Layout)}
    for key in entry:
        if key not in known:
            raise InputError(f"layout {name}: unknown key {key!r}", remedy=nearest(str(key), known))
    layout = Layout(**entry)
    if layout.reader not in READERS:
        problem = f"layout {name}: unknown reader {layout.reader!r}"
        raise InputError(problem, remedy=nearest(layout.reader, READERS))
    for key in ("inside", "keep", "strip", "drop"):
        if isinstance(getattr(layout, key), str):
            raise InputError(f"layout {name}: {key} is one name", expected="a list of names")
    _check_patterns(name, layout)
    return layout


def _check_patterns(name: str, layout: Layout) -> None:
    patterns = [rule[0] for rule in layout.number] + [rule[0] for rule in layout.rename]
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise InputError(f"layout {name}: {pattern!r} is no pattern", found=str(error)) from error
