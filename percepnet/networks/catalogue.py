"""The catalogue: which checkpoint is (goal, dataset, arch, variant), where it comes from, how it is fed."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from percepnet.errors import InputError, NothingThereError, nearest
from percepnet.networks.preprocessing import Preprocessing
from percepnet.sources.fetch import PypiSource, Source, UrlSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INPUTS = {
    "imagenet": Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
    "half": Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
}
"""Named input conventions of RGB in [0, 1]; codes N1 and N5 in the literature on timm and torchvision."""

UNTRAINED = "untrained"


@dataclass(frozen=True, slots=True)
class Architecture:
    """How a module is built and where it is read.

    Attributes:
        name: Key in architectures.yaml.
        builder: `library:name`.
        without: Modules replaced by the identity.
        taps: Patterns of module names in forward order.
        stages: The last response before each reduction in size; what a concatenation takes by default.
    """

    name: str
    builder: str
    without: tuple[str, ...]
    taps: tuple[str, ...]
    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One row of the catalogue: a network as somebody trained it."""

    id: str
    goal: str
    dataset: str
    arch: str
    architecture: Architecture
    preprocessing: Preprocessing
    variant: str = ""
    sources: tuple[Source, ...] = ()
    top1: float | None = None
    licence: str = ""
    citation: str = ""
    notes: str = ""
    confounds: tuple[str, ...] = field(default=())


def find(goal: str, dataset: str, arch: str, variant: str) -> Checkpoint:
    """Return the one checkpoint of a combination.

    Raises:
        NothingThereError: Nobody has published it; names the nearest combinations that exist.
    """
    wanted = (goal, dataset, arch, variant)
    for row in checkpoints():
        if (row.goal, row.dataset, row.arch, row.variant) == wanted:
            return row
    raise NothingThereError(
        f"no checkpoint for goal={goal} dataset={dataset} arch={arch} variant={variant or '-'}",
        expected="a row of the catalogue",
        found="nearest: " + "; ".join(_describe(row) for row in _by_likeness(wanted)[:3]),
        remedy="choose one of these, or weights=random for an untrained control",
    )


def untrained(arch: str, variant: str, seed: int) -> Checkpoint:
    """Return the control of an architecture: its module with the random weights of `seed`."""
    for row in checkpoints():
        if (row.arch, row.variant) == (arch, variant):
            return Checkpoint(
                id=f"{row.architecture.name}.{UNTRAINED}.{seed}",
                goal=UNTRAINED,
                dataset="none",
                arch=arch,
                variant=variant,
                architecture=row.architecture,
                preprocessing=row.preprocessing,
            )
    known = [f"{row.arch} {row.variant}".strip() for row in checkpoints()]
    raise NothingThereError(
        f"no architecture arch={arch} variant={variant or '-'}",
        remedy=nearest(f"{arch} {variant}".strip(), known),
    )


@cache
def checkpoints() -> tuple[Checkpoint, ...]:
    """Return every row of the catalogue, sorted by id."""
    folder = files("percepnet.networks") / "checkpoints"
    rows = [
        _checkpoint(entry)
        for file in sorted(folder.iterdir(), key=lambda item: item.name)
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))
    ]
    return tuple(sorted(rows, key=lambda row: row.id))


@cache
def architectures() -> Mapping[str, Architecture]:
    """Return every architecture by name."""
    text = (files("percepnet.networks") / "architectures.yaml").read_text(encoding="utf-8")
    lists = ("without", "taps", "stages")
    return {
        name: Architecture(name, entry["builder"], *(tuple(entry[key]) for key in lists))
        for name, entry in yaml.safe_load(text).items()
    }


def _checkpoint(entry: Mapping[str, Any]) -> Checkpoint:
    known = {item.name for item in fields(Checkpoint)} - {"preprocessing"} | {"input"}
    if unknown := set(entry) - known:
        name = min(unknown)
        raise InputError(
            f"catalogue row {entry.get('id')}: unknown key {name!r}", remedy=nearest(name, known)
        )
    values = dict(entry)
    values["preprocessing"] = INPUTS[values.pop("input")]
    values["architecture"] = architectures()[entry["architecture"]]
    values["sources"] = tuple(_source(source) for source in entry["sources"])
    values["confounds"] = tuple(entry.get("confounds", ()))
    return Checkpoint(**values)


def _source(entry: Mapping[str, str]) -> Source:
    return UrlSource(**entry) if "url" in entry else PypiSource(**entry)


def _describe(row: Checkpoint) -> str:
    parts = f"goal={row.goal} dataset={row.dataset} arch={row.arch}"
    return f"{parts} arch.variant={row.variant}" if row.variant else parts


def _by_likeness(wanted: Sequence[str]) -> list[Checkpoint]:
    def shared(row: Checkpoint) -> int:
        return -sum(
            given == asked
            for given, asked in zip((row.goal, row.dataset, row.arch, row.variant), wanted, strict=True)
        )

    return sorted(checkpoints(), key=shared)
