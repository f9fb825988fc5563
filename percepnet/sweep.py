"""The entry point: `python -m percepnet.sweep -m arch=vgg,resnet readout=layerwise`.

Hydra composes the cells; `percepnet.cell` does the work. Nothing here imports torch, so that help and errors
of the command line come at once.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from percepnet.config import SweepConfig, conf_folder, plain, run_folder
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence


def main() -> None:
    """Run the command line; exit 0 when every cell is done or has a reason to be skipped, else 1."""
    try:
        check_options(sys.argv[1:])
    except InputError as error:
        sys.exit(f"error: {error}")
    os.environ["PERCEPNET_INVOCATION"] = (
        f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}-{os.urandom(2).hex()}"
    )
    # A log file on a full disk must not bury the message on the screen under tracebacks of `logging`.
    logging.raiseExceptions = False
    # Lightning would swallow a polite kill until the extraction's end; with a handler set it calls that too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    register()
    _run()


class Conclusion(Callback):
    """Ends a command: one table of ok, skipped and failed cells, and the exit status."""

    def on_run_end(self, config: DictConfig, **_: Any) -> None:  # noqa: ANN401 (Hydra's)
        """End a single cell."""
        self._conclude(config)

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:  # noqa: ANN401
        """End a sweep."""
        self._conclude(config)

    def _conclude(self, config: DictConfig) -> None:
        from percepnet.results.tables import conclude

        sys.exit(conclude(Path(config.results), config.invocation))


def register() -> None:
    """Tell Hydra the schema and how a run's folder is named."""
    ConfigStore.instance().store(name="schema", node=SweepConfig)
    OmegaConf.register_new_resolver("run_folder", _run_folder, replace=True)


def _run_folder(*, _root_: DictConfig) -> str:
    return run_folder(plain(_root_))


@hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="sweep")
def _run(config: DictConfig) -> None:
    from percepnet.cell import run_cell

    run_cell(plain(config), Path(HydraConfig.get().runtime.output_dir))


def check_options(arguments: Sequence[str]) -> None:
    """Check that every option named on the command line exists.

    Raises:
        InputError: An option or a group that does not exist; tells the nearest.
    """
    groups = {path.name: path for path in conf_folder().iterdir() if path.is_dir()}
    for override in _overrides(arguments):
        key = override.key_or_group
        if key in groups:
            known = {file.stem for file in groups[key].glob("*.yaml")}
            for choice in _choices(override):
                if choice not in known:
                    raise InputError(f"{key}={choice} does not exist", remedy=nearest(choice, known))


def _overrides(arguments: Sequence[str]) -> list[Any]:
    words = [word for word in arguments if "=" in word and not word.startswith("-")]
    try:
        return list(OverridesParser.create().parse_overrides(words))
    except HydraException:
        return []  # Hydra itself says what is wrong with the syntax


def _choices(override: Any) -> list[str]:  # noqa: ANN401 (Hydra's own type is untyped)
    values = list(override.sweep_iterator()) if override.is_sweep_override() else [override.value()]
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [str(item) for item in flat if item is not None]


if __name__ == "__main__":
    main()
