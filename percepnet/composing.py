"""Composing the cells of a sweep quickly: Hydra reads its files anew for each cell, 0.1 s of work."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

from hydra._internal.config_repository import IConfigRepository
from hydra.core.object_type import ObjectType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hydra.core.config_loader import ConfigLoader
    from hydra.core.config_search_path import ConfigSearchPath
    from hydra.plugins.config_source import ConfigResult, ConfigSource
    from omegaconf import DictConfig


class Composed:
    """Hydra's loader, which reads each file once and gives back what has been composed beforehand.

    Given back once, as a copy that nobody else has. All of it stays in this process: launchers that pickle
    the loader for another take Hydra's own along, and compose there.
    """

    def __init__(self, loader: ConfigLoader) -> None:
        self._loader = copy.copy(loader)
        self._loader.repository = Remembered(loader.repository)  # type: ignore[attr-defined]
        self._kept: dict[tuple[str, ...], bytes] = {}

    def keep(self, overrides: Sequence[str], composed: DictConfig) -> None:
        """Keep what these overrides make of the sweep's settings."""
        self._kept[tuple(overrides)] = pickle.dumps(composed)

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        """Return the settings of one cell."""
        kept = self._kept.pop(tuple(sweep_overrides), None)
        if kept is None:
            return self._loader.load_sweep_config(master_config, sweep_overrides)
        composed: DictConfig = pickle.loads(kept)  # noqa: S301 (our own, a moment ago)
        return composed

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever else Hydra's loader can do)
        return getattr(self._loader, name)

    def __reduce__(self) -> tuple[Any, ...]:
        loader = copy.copy(self._loader)
        loader.repository = loader.repository.delegate  # type: ignore[attr-defined]
        return _itself, (loader,)


def _itself(loader: ConfigLoader) -> ConfigLoader:
    """Return Hydra's loader: a process that has read plugins in twice cannot copy their options."""
    return loader


class Remembered(IConfigRepository):
    """Hydra's configuration files, each read once; every reader gets a copy of its own.

    Hydra makes a copy of its repository for each composition, and forgets what it has read with it.
    """

    def __init__(self, delegate: IConfigRepository, read: dict[str, bytes] | None = None) -> None:
        self.delegate = delegate
        self._read = {} if read is None else read

    def load_config(self, config_path: str) -> ConfigResult | None:
        """Return what a file holds, None where there is none of this name."""
        if config_path not in self._read:
            self._read[config_path] = pickle.dumps(self.delegate.load_config(config_path))
        held: ConfigResult | None = pickle.loads(self._read[config_path])  # noqa: S301 (our own)
        return held

    def initialize_sources(self, config_search_path: ConfigSearchPath) -> None:
        """Look elsewhere from now on: what was read in other places does not count."""
        self.delegate.initialize_sources(config_search_path)
        self._read = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Remembered:
        """Return one that may look elsewhere, and remembers the same until it does."""
        return Remembered(copy.deepcopy(self.delegate, memo), self._read)

    def get_schema_source(self) -> ConfigSource:
        """Return where the schema of the settings stands."""
        return self.delegate.get_schema_source()

    def group_exists(self, config_path: str) -> bool:
        """Tell whether there is such a group."""
        return self.delegate.group_exists(config_path=config_path)

    def config_exists(self, config_path: str) -> bool:
        """Tell whether there is such a file."""
        return self.delegate.config_exists(config_path=config_path)

    def get_group_options(
        self, group_name: str, results_filter: ObjectType | None = ObjectType.CONFIG
    ) -> list[str]:
        """Return the names in a group."""
        return self.delegate.get_group_options(group_name, results_filter)

    def get_sources(self) -> list[ConfigSource]:
        """Return all places that are looked at."""
        return self.delegate.get_sources()
