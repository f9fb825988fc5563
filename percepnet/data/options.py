"""The benchmarks that a command names: composed from conf/ with their settings, as a sweep would."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from percepnet.config import conf_folder, make
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from percepnet.benchmarks.contract import Benchmark

PREFIX = "benchmark."


@dataclass(frozen=True, slots=True)
class Wanted:
    """A benchmark with its settings, not yet loaded.

    Attributes:
        name: Of its option.
        node: Its settings, resolved.
        cache: The cache's folder.
        mirrors: Folders that are asked in place of the network.
    """

    name: str
    node: Mapping[str, Any]
    cache: Path
    mirrors: tuple[Path, ...] = ()

    def load(self) -> Benchmark:
        """Return the benchmark.

        Raises:
            PercepnetError: A setting is wrong, or files are missing, damaged or of another release.
        """
        config = make(self.node)
        loaded: Benchmark = config.load(self.cache, self.mirrors, network=not self.mirrors)
        return loaded


def option_files() -> dict[str, Path]:
    """Return the YAML file of every option by name."""
    return {path.stem: path for path in sorted((conf_folder() / "benchmark").glob("*.yaml"))}


def chosen(words: Sequence[str], root: str | None, cache: Path, source: Path | None = None) -> list[Wanted]:
    """Return the benchmarks that words name, with their settings: `csiq live ratings=20 csiq.contrast=false`.

    Args:
        words: Names, and settings as `key=value` (of all that are named), `NAME.key=value` or, as in a sweep,
            `benchmark.NAME.key=value`; values are YAML.
        root: Folder with files that only the user can supply: the setting benchmark.root.
        cache: The cache's folder.
        source: Folder that is asked in place of the network.

    Raises:
        InputError: A name or setting that does not exist; tells the nearest.
    """
    known = option_files()
    names = list(dict.fromkeys(word for word in words if "=" not in word))
    for name in names:
        if name not in known:
            raise InputError(f"there is no benchmark {name!r}", remedy=nearest(name, known))
    if not names:
        raise InputError(
            "no benchmark was named", expected="one or more", remedy=f"choose from: {', '.join(known)}"
        )
    settings = [word.removeprefix(PREFIX).partition("=")[::2] for word in words if "=" in word]
    mirrors = (source,) if source else ()
    return [Wanted(name, _node(name, root, _of(name, names, settings)), cache, mirrors) for name in names]


def only(wanted: Sequence[Wanted]) -> Wanted:
    """Return the one benchmark that was named.

    Raises:
        InputError: There are several.
    """
    if len(wanted) > 1:
        raise InputError(
            "several benchmarks were named", expected="one", found=", ".join(one.name for one in wanted)
        )
    return wanted[0]


def _of(name: str, names: Sequence[str], settings: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return the settings of one benchmark of those named: `key` is everybody's, `NAME.key` its own."""
    own: dict[str, str] = {}
    for key, value in settings:
        first, _, rest = key.partition(".")
        if rest and first in option_files():
            if first not in names:
                raise InputError(f"{key} is set, but {first} was not named", expected=" or ".join(names))
            own |= {rest: value} if first == name else {}
        else:
            own[key] = value
    return own


def _node(name: str, root: str | None, settings: Mapping[str, str]) -> dict[str, Any]:
    node = yaml.safe_load(option_files()[name].read_text(encoding="utf-8"))
    try:
        tree = OmegaConf.create({"benchmark": {"root": root, name: node}})
        for key, value in settings.items():
            OmegaConf.update(tree, f"{PREFIX}{name}.{key}", yaml.safe_load(value), merge=True)
        resolved = OmegaConf.to_container(tree["benchmark"][name], resolve=True)
    except (OmegaConfBaseException, yaml.YAMLError) as error:
        found = str(error).splitlines()[0]
        raise InputError(f"a setting of {name} is wrong", found=found) from error
    return {str(key): value for key, value in resolved.items()} if isinstance(resolved, dict) else {}


@contextmanager
def remarks() -> Iterator[list[str]]:
    """Yield the list that gathers what is warned of inside the block, in place of the screen."""
    gathered: list[str] = []
    logger = logging.getLogger("percepnet")
    handler = _Gatherer(gathered)
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield gathered
    finally:
        logger.propagate = before
        logger.removeHandler(handler)


class _Gatherer(logging.Handler):
    def __init__(self, gathered: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.gathered = gathered

    def emit(self, record: logging.LogRecord) -> None:
        self.gathered.append(record.getMessage())
