"""Architectures as data: how a module is built, what is left out, and where it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from percepnet.errors import InputError, nearest
from percepnet.networks.form import Form

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LISTS = ("without", "taps", "stages")
FORM = ("channels_last", "patch", "prefix")
KNOWN = ("builder", "options", "size", *LISTS, *FORM)


@dataclass(frozen=True)
class Architecture:
    """How a module is built and where it is read.

    Attributes:
        name: Key in architectures/*.yaml.
        builder: `library:name`; `torchvision:`, `timm:`, `percepnet:` (own modules) or `python:` (yours).
        without: Modules replaced by the identity.
        taps: Patterns of module names in forward order.
        stages: The last response before each reduction in size; what a concatenation takes by default.
        options: Keyword arguments of the builder.
        form: How responses are laid out.
        size: Height and width of the input that it demands, or None.
    """

    name: str
    builder: str
    without: tuple[str, ...] = ()
    taps: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    form: Form = field(default_factory=Form)
    size: tuple[int, int] | None = None


def read_yaml(text: str) -> Any:  # noqa: ANN401 (what the file says)
    """Return the content of a YAML text, read by libyaml where PyYAML has it: ten times as fast."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (both are safe)


@cache
def architectures() -> Mapping[str, Architecture]:
    """Return every architecture by name."""
    folder = files("percepnet.networks") / "architectures"
    texts = [item.read_text(encoding="utf-8") for item in folder.iterdir() if item.name.endswith(".yaml")]
    return {item.name: item for text in texts for item in _family(read_yaml(text))}


def _family(content: Mapping[str, Any]) -> Iterator[Architecture]:
    """Yield the architectures of a file: each entry completes or overrides the file's defaults."""
    shared = content.get("defaults", {})
    for name, entry in content["architectures"].items():
        yield architecture(name, {**shared, **(entry or {})})


def architecture(name: str, entry: Mapping[str, Any]) -> Architecture:
    """Return one architecture of its entry in YAML.

    Raises:
        InputError: A key that does not exist; tells the nearest.
    """
    for key in entry:
        if key not in KNOWN:
            raise InputError(f"architecture {name}: unknown key {key!r}", remedy=nearest(key, KNOWN))
    size = entry.get("size")
    form = {key: entry[key] for key in FORM if key in entry}
    if "channels_last" in form:
        form["channels_last"] = tuple(form["channels_last"])
    return Architecture(
        name,
        str(entry["builder"]).replace("NAME", name),
        **{key: tuple(entry.get(key, ())) for key in LISTS},
        options=entry.get("options", {}),
        form=Form(**form),
        size=(size, size) if size else None,
    )
