"""The catalogue: which checkpoint is (goal, dataset, arch, variant), where it comes from, how it is fed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from percepnet.errors import InputError, NothingThereError, nearest
from percepnet.networks.architectures import Architecture, architectures, read_yaml
from percepnet.networks.preprocessing import INPUTS, Preprocessing
from percepnet.sources.source import PypiSource, Source, UrlSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Architecture", "Checkpoint", "architectures", "checkpoints", "find", "untrained"]

UNTRAINED = "untrained"
ANY = "any"
"""As a dataset: ImageNet-1k where the goal was trained on it, else what the goal was trained on."""

USUAL = "imagenet1k"


@dataclass(frozen=True)
class Checkpoint:
    """One row of the catalogue: a network as somebody trained it.

    Attributes:
        id: Unique; also the folder that its file lies in.
        goal: What it was trained to do, last.
        dataset: The images it was trained on; `a_to_b` where it was trained on a, then on b.
        arch: Family of its architecture.
        architecture: The exact module; the same family may hold several (see `confounds`).
        preprocessing: What happens to an image first.
        input: Name of the preprocessing.
        variant: Member of the family, its size.
        recipe: Tells rows of the same goal, dataset, arch and variant apart.
        default: Whether a sweep without a recipe takes this row; else the first one of the catalogue.
        sources: Equivalent files, the best first.
        missing: What the file lacks of the whole network.
        parameters: Of the trunk in use.
        score: How well it does its task, as published, in the unit of `score_name`.
        score_name: `top1`, `linear top1` (a classifier on frozen responses), `mIoU`, ...
        licence: Of the weights.
        licence_accept: Whether the publisher asks for acceptance before use.
        citation: Of the training.
        ancestor: The network or the images that it was initialised from.
        confounds: What else differs from its natural partners, one sentence each.
        notes: Anything else.
    """

    id: str
    goal: str
    dataset: str
    arch: str
    architecture: Architecture
    preprocessing: Preprocessing
    input: str = ""
    variant: str = ""
    recipe: str = ""
    default: bool = False
    sources: tuple[Source, ...] = ()
    missing: str = ""
    parameters: int | None = None
    score: float | None = None
    score_name: str = ""
    licence: str = ""
    licence_accept: bool = False
    citation: str = ""
    ancestor: str = ""
    confounds: tuple[str, ...] = ()
    notes: str = ""

    @property
    def factors(self) -> tuple[str, str, str, str]:
        """Goal, dataset, arch and variant."""
        return self.goal, self.dataset, self.arch, self.variant


def find(goal: str, dataset: str, arch: str, variant: str, recipe: str | None = None) -> Checkpoint:
    """Return the one checkpoint of a combination.

    Args:
        goal: As in the catalogue.
        dataset: As in the catalogue, or `any`: ImageNet-1k where there is such a row, else the first other.
        arch: Family.
        variant: Member of the family.
        recipe: Which of several; None takes the default one.

    Raises:
        NothingThereError: Nobody has published it; names the nearest combinations that exist.
    """
    found = [row for row in checkpoints() if (row.goal, row.arch, row.variant) == (goal, arch, variant)]
    if dataset == ANY and found:
        dataset = min(found, key=lambda row: row.dataset != USUAL).dataset
    found = [row for row in found if row.dataset == dataset]
    if recipe is not None and found:
        return _of_recipe(found, recipe)
    if found:
        return min(found, key=lambda row: not row.default)
    wanted = (goal, dataset, arch, variant)
    raise NothingThereError(
        f"no checkpoint for goal={goal} dataset={dataset} arch={arch} variant={variant or '-'}",
        expected="a row of the catalogue",
        found="nearest: " + "; ".join(_describe(row) for row in _by_likeness(wanted)[:3]),
        remedy="choose one of these, dataset=any, or goal=untrained for an untrained control",
    )


def _of_recipe(rows: Sequence[Checkpoint], recipe: str) -> Checkpoint:
    for row in rows:
        if row.recipe == recipe:
            return row
    raise NothingThereError(
        f"no checkpoint of recipe={recipe} for {_describe(rows[0])}",
        remedy=nearest(recipe, [row.recipe for row in rows]),
    )


def untrained(arch: str, variant: str, seed: int, recipe: str | None = None) -> Checkpoint:
    """Return the control of an architecture: its module with the random weights of `seed`.

    A family may hold several architectures of one variant (VISSL's AlexNets, blur-pooled VGG-16, ...): their
    controls are had with the name of the architecture as the recipe.
    """
    rows = [row for row in checkpoints() if (row.arch, row.variant) == (arch, variant)]
    if not rows:
        known = [f"{row.arch} {row.variant}".strip() for row in checkpoints()]
        raise NothingThereError(
            f"no architecture arch={arch} variant={variant or '-'}",
            remedy=nearest(f"{arch} {variant}".strip(), known),
        )
    usual = min(rows, key=lambda row: (row.goal != "classification", row.dataset != USUAL, not row.default))
    return control(usual if recipe is None else _of_architecture(rows, recipe), seed)


def _of_architecture(rows: Sequence[Checkpoint], name: str) -> Checkpoint:
    for row in rows:
        if row.architecture.name == name:
            return row
    raise NothingThereError(
        f"no architecture {name!r} of arch={rows[0].arch} variant={rows[0].variant or '-'}",
        expected="recipe=null, or the name of an architecture",
        remedy=nearest(name, {row.architecture.name for row in rows}),
    )


def control(row: Checkpoint, seed: int) -> Checkpoint:
    """Return the untrained control of a row."""
    return Checkpoint(
        id=f"{row.architecture.name}.{UNTRAINED}.{seed}",
        goal=UNTRAINED,
        dataset="none",
        arch=row.arch,
        variant=row.variant,
        architecture=row.architecture,
        preprocessing=row.preprocessing,
        input=row.input,
    )


@cache
def checkpoints() -> tuple[Checkpoint, ...]:
    """Return every row of the catalogue, file by file in the order of their names."""
    folder = files("percepnet.networks") / "checkpoints"
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".yaml"))
    texts = [(folder / name).read_text(encoding="utf-8") for name in names]
    return tuple(_checkpoint(entry) for text in texts for entry in _entries(read_yaml(text)))


def _entries(content: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield rows; a group of rows shares its `defaults`, which a row completes or overrides."""
    for item in content:
        shared = item.get("defaults", {})
        for row in item.get("rows", [item]):
            yield {**shared, **row}


def _checkpoint(entry: Mapping[str, Any]) -> Checkpoint:
    known = {item.name for item in fields(Checkpoint)} - {"preprocessing"} | {"layout"}
    if unknown := set(entry) - known:
        name = min(unknown)
        raise InputError(
            f"catalogue row {entry.get('id')}: unknown key {name!r}", remedy=nearest(name, known)
        )
    values = dict(entry)
    layout = values.pop("layout", "state_dict")
    design = architectures()[entry["architecture"]]
    values["architecture"] = design
    values["preprocessing"] = replace(INPUTS[entry["input"]], size=design.size)
    values["sources"] = tuple(_source(source, layout) for source in entry["sources"])
    values["confounds"] = tuple(entry.get("confounds", ()))
    return Checkpoint(**values)


def _source(entry: Mapping[str, str], layout: str) -> Source:
    values = {"layout": layout, **entry}
    return UrlSource(**values) if "url" in entry else PypiSource(**values)


def _describe(row: Checkpoint) -> str:
    parts = f"goal={row.goal} dataset={row.dataset} arch={row.arch}"
    return f"{parts} arch.variant={row.variant}" if row.variant else parts


def _by_likeness(wanted: tuple[str, str, str, str]) -> list[Checkpoint]:
    """Return one row per combination, those that share most factors with the wanted one first."""
    rows = {row.factors: row for row in checkpoints()}

    def strangeness(row: Checkpoint) -> int:
        return -sum(given == asked for given, asked in zip(row.factors, wanted, strict=True))

    return sorted(rows.values(), key=strangeness)
