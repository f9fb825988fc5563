"""From what a sweep says to one row: of the catalogue, its untrained control, or a network of your own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from percepnet.errors import InputError, NothingThereError, nearest
from percepnet.networks.architectures import KNOWN, Architecture, architecture
from percepnet.networks.catalogue import UNTRAINED, Checkpoint, control, find, untrained
from percepnet.networks.preprocessing import INPUTS
from percepnet.sources.source import UrlSource

CUSTOM = "custom"
OWN_KEYS = (
    "module",
    "checkpoint",
    "layout",
    "input",
    *(key for key in KNOWN if key not in ("builder", "taps")),
)


def choose(  # noqa: PLR0913 (all that a sweep says of a network)
    arch: Mapping[str, Any],
    goal: str,
    dataset: str,
    recipe: str | None,
    *,
    weights: str = "pretrained",
    seed: int = 0,
    accepted: Sequence[str] = (),
) -> Checkpoint:
    """Return the network that a sweep asks for.

    Args:
        arch: The node of the configuration: name, variant, tokens, custom.
        goal: As in the catalogue, or `untrained`.
        dataset: As in the catalogue, or `any`.
        recipe: Which of several networks; None takes the default one.
        weights: `pretrained` or `random`.
        seed: Of random weights.
        accepted: Licences that the user has accepted, where the publisher asks for it.

    Raises:
        NothingThereError: There is no such network; names the nearest. Or its licence is not accepted.
        InputError: A setting is wrong.
    """
    if weights not in ("pretrained", "random"):
        raise InputError("unknown weights", expected="pretrained or random", found=weights)
    if arch["name"] == CUSTOM:
        row = own(arch["custom"], goal, dataset)
        row = control(row, seed) if goal == UNTRAINED else row
    elif goal == UNTRAINED:
        row = untrained(arch["name"], arch["variant"], seed, recipe)
    else:
        row = find(goal, dataset, arch["name"], arch["variant"], recipe)
        require_acceptance(row, accepted)
    return replace(row, architecture=_reading(row.architecture, arch.get("tokens", "patches")))


def require_acceptance(row: Checkpoint, accepted: Sequence[str]) -> None:
    """Refuse a network whose publisher asks for the acceptance of its licence, unless that was given.

    Raises:
        NothingThereError: It was not given.
    """
    if row.licence_accept and row.licence not in accepted:
        raise NothingThereError(
            f"{row.id} may be used by those alone who accept its licence: {row.licence}",
            remedy=f"read it, then say 'sources.accept=[\"{row.licence}\"]'",
        )


def _reading(design: Architecture, tokens: str) -> Architecture:
    return replace(design, form=replace(design.form, tokens=tokens))


def own(custom: Mapping[str, Any], goal: str, dataset: str) -> Checkpoint:
    """Return the row of a network of the user's own.

    Args:
        custom: `module` (import path of a function that returns the module), `checkpoint` (a file), `layout`
            (its name, or its keys), `input` (name of the preprocessing), and the keys of an architecture.
        goal: What it was trained to do.
        dataset: On which images.

    Raises:
        InputError: A key or a name that does not exist, or no file.
    """
    for key in custom:
        if key not in OWN_KEYS:
            raise InputError(f"arch.custom has no setting {key!r}", remedy=nearest(key, OWN_KEYS))
    module = str(custom.get("module") or "")
    if ":" not in module:
        raise InputError(
            "arch.custom.module names no function", expected="package.file:function", found=repr(module)
        )
    named = str(custom.get("input", "imagenet"))
    if named not in INPUTS:
        raise InputError(f"arch.custom.input {named!r} does not exist", remedy=nearest(named, INPUTS))
    entry = {key: value for key, value in custom.items() if key in KNOWN}
    design = architecture(CUSTOM, {"taps": ["all"], **entry, "builder": f"python:{module}"})
    return Checkpoint(
        id=f"{CUSTOM}.{module.replace(':', '.')}",
        goal=goal,
        dataset=dataset,
        arch=CUSTOM,
        architecture=design,
        preprocessing=replace(INPUTS[named], size=design.size),
        input=named,
        sources=() if goal == UNTRAINED else (_file(custom),),
    )


def _file(custom: Mapping[str, Any]) -> UrlSource:
    layout = custom.get("layout", "state_dict")
    path = _path(custom)
    if path is None or not path.is_file():
        raise InputError(
            "arch.custom.checkpoint is no file",
            expected="a file with the weights, or goal=untrained",
            found=str(path),
        )
    text = json.dumps(dict(layout)) if isinstance(layout, Mapping) else str(layout)
    return UrlSource(url=path.as_uri(), layout=text)


def own_folder(arch: Mapping[str, Any]) -> tuple[Path, ...]:
    """Return the folder that the weights of a user's own network lie in, as a mirror."""
    path = _path(arch["custom"]) if arch["name"] == CUSTOM else None
    return (path.parent,) if path else ()


def _path(custom: Mapping[str, Any]) -> Path | None:
    given = custom.get("checkpoint")
    return Path(str(given)).expanduser().absolute() if given else None
