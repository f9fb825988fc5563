"""Claims from YAML files: the paper's and yours, told the same way; a wrong key is named."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from percepnet.ablation.claims.measures import STATISTICS
from percepnet.ablation.claims.model import Claim, Rule, Version, one_of
from percepnet.ablation.claims.selector import Selector, as_texts
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PAPER = Path(__file__).parent / "paper"
"""The folder of the paper's claims."""

TOP = ("id", "title", "note", "benchmarks", "metrics", "versions")
RULE = ("direction", "margin", "quantifier")
WORDS = ("version", "case", "wording", "expected", "sweep", "statistic", *RULE)


def load(folders: Iterable[Path | str] = (PAPER,)) -> list[Claim]:
    """Return the claims of every YAML file in some folders, by the names of the files.

    Args:
        folders: The paper's own is `PAPER`.

    Raises:
        InputError: A folder or a key that does not exist, a key that is missing, or an id that occurs twice.
    """
    found: dict[str, Claim] = {}
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise InputError(f"no folder of claims: {folder}", expected="a folder of YAML files")
        for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            claim = _file(path)
            if claim.id in found:
                raise InputError(f"{path}: a claim {claim.id!r} exists already", remedy="give it another id")
            found[claim.id] = claim
    return list(found.values())


def _file(path: Path) -> Claim:
    try:
        return read(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise InputError(f"{path} is no YAML", found=str(error)) from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def read(entry: Any) -> Claim:  # noqa: ANN401 (what the file says)
    """Return the claim that a file's content describes.

    What stands beside `versions` holds for each of them unless it says otherwise.

    Raises:
        InputError: A key that does not exist or is missing, or a value that is none.
    """
    if not isinstance(entry, dict):
        raise InputError("a claim is a mapping", found=type(entry).__name__)
    own_keys = {key for kind in STATISTICS.values() for key in _names(kind)}
    _check(entry, {*TOP, *WORDS, *own_keys})
    _require(entry, ("id", "title", "benchmarks", "versions"))
    shared = {key: value for key, value in entry.items() if key not in TOP}
    versions = entry["versions"]
    if not isinstance(versions, list) or not all(isinstance(version, dict) for version in versions):
        raise InputError("versions: no list of mappings", expected="- {version: mine, wording: ...}")
    unused = set(shared) - set(WORDS)
    for version in versions:
        unused -= set(_names(_kind({**shared, **version})))
    if unused:
        raise InputError(f"key {min(unused)!r} is used by no version", remedy="leave it out")
    return Claim(
        id=_text(entry, "id"),
        title=_text(entry, "title"),
        note=_text(entry, "note", ""),
        benchmarks=as_texts(entry["benchmarks"]),
        metrics=as_texts(entry.get("metrics", "srcc")),
        versions=tuple(_version(shared, version) for version in versions),
    )


def _version(shared: Mapping[str, Any], own: Mapping[str, Any]) -> Version:
    kind = _kind({**shared, **own})
    _check(own, {*WORDS, *_names(kind)})
    entry = {**shared, **own}
    _require(entry, ("version", "wording"))
    values = {key: entry[key] for key in _names(kind) if key in entry}
    required = [item.name for item in fields(kind) if _is_required(item)]
    _require(values, required)
    return Version(
        name=_text(entry, "version"),
        case=_text(entry, "case", ""),
        wording=_text(entry, "wording"),
        expected=_text(entry, "expected", ""),
        sweep=as_texts(entry["sweep"]) if "sweep" in entry else (),
        rule=_rule(entry, kind),
        statistic=kind(**{key: _value(kind, key, value) for key, value in values.items()}),
    )


def _rule(entry: Mapping[str, Any], kind: type[Any]) -> Rule:
    given = {key: entry[key] for key in RULE if key in entry}
    margin = given.get("margin", 0.0)
    if isinstance(margin, bool) or not isinstance(margin, int | float):
        raise InputError("margin: no number", found=repr(margin))
    if given.get("quantifier") == "mean" and not kind.POOLS:
        raise InputError(f"{entry['statistic']} has no mean", expected="quantifier: all, most or some")
    return Rule(**given)


def _kind(entry: Mapping[str, Any]) -> type[Any]:
    _require(entry, ("statistic",))
    one_of("statistic", entry["statistic"], tuple(STATISTICS))
    return STATISTICS[entry["statistic"]]


def _value(kind: type[Any], key: str, value: Any) -> Any:  # noqa: ANN401 (what the file says)
    """Return a value as the field of a statistic has it."""
    wanted = next(str(item.type) for item in fields(kind) if item.name == key)
    try:
        if wanted == "Selector":
            return Selector.read(value)
        return as_texts(value) if wanted.startswith("tuple") else _text({key: value}, key)
    except InputError as error:
        raise InputError(f"{key}: {error}") from error


def _names(kind: type[Any]) -> list[str]:
    return [item.name for item in fields(kind)]


def _is_required(item: Any) -> bool:  # noqa: ANN401 (a dataclass's field of any type)
    return item.default is MISSING and item.default_factory is MISSING


def _text(entry: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = entry.get(key, default)
    if not isinstance(value, str):
        raise InputError(f"{key}: no text", found=repr(value), remedy="put it in quotes")
    return value


def _require(entry: Mapping[str, Any], keys: Sequence[str]) -> None:
    for key in keys:
        if key not in entry:
            raise InputError(f"key {key!r} is missing", found=", ".join(map(str, entry)) or "nothing")


def _check(entry: Mapping[str, Any], known: Iterable[str]) -> None:
    names = set(known)
    for key in entry:
        if key not in names:
            raise InputError(f"unknown key {key!r}", remedy=nearest(str(key), names))
