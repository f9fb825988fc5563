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

from percepnet.config import RETRIES, SweepConfig, conf_folder, plain, run_folder
from percepnet.errors import InputError, PercepnetError, nearest
from percepnet.launchers import add_launchers, add_plugin, jobs_at_once, worker_environment
from percepnet.sweeper import Waves

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)


def main() -> None:
    """Run the command line; exit 0 when every cell is done or has a reason to be skipped, else 1."""
    try:
        check_options(sys.argv[1:])
    except InputError as error:
        sys.exit(f"error: {error}")
    os.environ["PERCEPNET_INVOCATION"] = (
        f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}-{os.urandom(2).hex()}"
    )
    # Lightning would swallow a polite kill until the extraction's end; with a handler set it calls that too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # A log file on a full disk must not bury the message on the screen under tracebacks of `logging`.
    logging.raiseExceptions = False
    register()
    hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="sweep")(run)()


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

        try:
            status: int | str = conclude(Path(config.results), config.invocation)
        except PercepnetError as error:
            status = f"error: {error}"
        except Exception:  # Hydra would make a mere warning of it, and an exit status of 0
            log.exception("the command could not be concluded")
            status = 1
        sys.exit(status)


def register() -> None:
    """Tell Hydra the schema, the plugins, how a run's folder is named and what launchers ask of a machine."""
    ConfigStore.instance().store(name="schema", node=SweepConfig)
    add_launchers()
    add_plugin(Waves)
    OmegaConf.register_new_resolver("run_folder", _run_folder, replace=True)
    OmegaConf.register_new_resolver("jobs_at_once", jobs_at_once, replace=True)
    OmegaConf.register_new_resolver("worker_environment", worker_environment, replace=True)


def _run_folder(*, _root_: DictConfig) -> str:
    return run_folder(plain(_root_))


def run(config: DictConfig) -> None:
    """Run one cell, in whatever process the launcher has put it."""
    from percepnet.cell import run_cell

    logging.raiseExceptions = False  # in this process too
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
            choices = _choices(override)
            if key == "benchmark" and not choices:
                raise InputError("no benchmark is named", expected=f"some of {', '.join(sorted(known))}")
            for choice in choices:
                if choice not in known:
                    raise InputError(f"{key}={choice} does not exist", remedy=nearest(choice, known))
        elif key == "retry" and (wrong := {*_choices(override)} - {str(one) for one in RETRIES}):
            raise InputError(f"unknown retry={min(wrong)}", expected="true, false or failed")


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
    # Jobs in other processes find the cell's function by the name of its module, which is not __main__ there.
    from percepnet import sweep  # noqa: PLW0406

    sweep.main()
