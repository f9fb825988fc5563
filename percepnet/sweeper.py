"""The sweeper: a Cartesian product of cells in waves, so that nobody waits for another's forward passes."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import CompactHydraException
from hydra.plugins.sweeper import Sweeper
from omegaconf import OmegaConf

from percepnet.composing import Composed
from percepnet.config import plain, run_folder
from percepnet.errors import PercepnetError
from percepnet.results.status import plan
from percepnet.sources.cache import atomic_file, cache_root, explained
from percepnet.unit import Unit, is_made, units_of, waves

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hydra.core.config_loader import ConfigLoader
    from hydra.core.utils import JobReturn
    from hydra.plugins.launcher import Launcher
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A cell that is to run.

    Attributes:
        overrides: What tells it from the other cells, as on the command line.
        folder: The name of its run folder.
        needs: Units that it needs and that are not made yet.
    """

    overrides: list[str]
    folder: str
    needs: frozenset[Unit]


class Waves(Sweeper):
    """Hands the cells of a sweep to the launcher wave by wave; a wave begins when the last has ended.

    It goes on when cells of a wave have failed: their siblings then make the statistics, or fail themselves.
    What became of each cell stands in its status, and the table at the end tells it.

    No subclass of Hydra's `BasicSweeper`: Hydra reads its own plugins in a second time, so that a class made
    from the first would be none of the second's. What is the same is called.
    """

    hydra_context: HydraContext
    config: DictConfig
    launcher: Launcher
    _composed: Composed

    def __init__(self, max_batch_size: int | None, params: Mapping[str, str] | None = None) -> None:
        self.max_batch_size = max_batch_size
        self.params = params or {}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra gives to every sweeper."""
        self.hydra_context = hydra_context
        self.config = config
        self._composed = Composed(hydra_context.config_loader)
        context = replace(hydra_context, config_loader=cast("ConfigLoader", self._composed))
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list[Sequence[JobReturn]]:
        """Run the sweep; return how the jobs of each batch ended."""
        jobs = self._jobs(arguments)
        in_waves = [[jobs[place] for place in wave] for wave in waves([job.needs for job in jobs])]
        try:
            self._announce(in_waves)
        except PercepnetError as error:  # a full disk, a folder nobody may write: one screen, no traceback
            raise CompactHydraException(f"error: {error}") from None
        ended: list[Sequence[JobReturn]] = []
        launched = 0
        for wave in in_waves:
            words = [job.overrides for job in wave]
            for batch in BasicSweeper.split_overrides_to_chunks(words, self.max_batch_size):
                ended.append(self._launch(batch, launched))
                launched += len(batch)
        return ended

    def _jobs(self, arguments: Sequence[str]) -> list[Job]:
        """Return every cell once, composed, so that what cannot be composed fails before any of them runs."""
        loader = cast("ConfigLoader", self._composed)
        in_process = str(self.config.hydra.launcher._target_).endswith(".BasicLauncher")
        words = [*(f"{key}={value}" for key, value in self.params.items()), *arguments]
        if self.config.invocation and not any(word.startswith("invocation=") for word in arguments):
            # A job of SLURM need not have the environment of the command that submitted it.
            words.append(f"invocation={self.config.invocation}")
        overrides = OverridesParser.create(config_loader=loader).parse_overrides(words)
        found: dict[str, Job] = {}
        for one in BasicSweeper.split_arguments(overrides, None)[0]:
            composed = loader.load_sweep_config(self.config, one)
            job = _job(one, plain(composed))
            # Two may be one: pretrained weights have no seed.
            if found.setdefault(job.folder, job) is job and in_process:
                self._composed.keep(one, composed)
        return list(found.values())

    def _announce(self, in_waves: Sequence[Sequence[Job]]) -> None:
        """Write down what will run, before it does."""
        with atomic_file(Path(self.config.hydra.sweep.dir) / "multirun.yaml") as path:
            OmegaConf.save(self.config, path)
        folders = [job.folder for wave in in_waves for job in wave]
        plan(Path(self.config.results), self.config.invocation, folders, self.config.study)
        sizes = ", then ".join(str(len(wave)) for wave in in_waves)
        log.info("%d cells%s", len(folders), f" in waves: {sizes}" if len(in_waves) > 1 else "")

    def _launch(self, batch: list[list[str]], first: int) -> Sequence[JobReturn]:
        try:
            with explained(Path(self.config.results)):
                ended: Sequence[JobReturn] = self.launcher.launch(batch, initial_job_idx=first)
        except Exception as error:  # noqa: BLE001 (the next wave is not to blame)
            log.error("the launcher gave up on a batch of %d cells: %s", len(batch), error)  # noqa: TRY400
            return []
        for number, job in enumerate(ended, first):
            _say_failure(number, job)
        return ended


def _say_failure(number: int, job: JobReturn) -> None:
    """Log why a job ended without leaving its own word: killed, cancelled, a folder nobody may write."""
    try:
        _ = job.return_value
    except Exception as error:  # noqa: BLE001 (whatever ended the job)
        log.error("job #%d: %s", number, error)  # noqa: TRY400


def _job(overrides: list[str], settings: Mapping[str, Any]) -> Job:
    folder = run_folder(settings)
    cache = cache_root(settings["sources"]["cache"])
    if settings["retry"] is not True and _has_rows(Path(settings["results"]) / "runs" / folder):
        return Job(overrides, folder, frozenset())
    return Job(overrides, folder, frozenset(one for one in units_of(settings) if not is_made(cache, one)))


def _has_rows(folder: Path) -> bool:
    from percepnet.results.rows import ROWS

    return (folder / ROWS).exists()
