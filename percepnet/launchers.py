"""Launchers: joblib's processes on one machine, with a GPU each, and SLURM's jobs, all of them waited for.

How many jobs run at once is Hydra's launchers' business alone; here stands what they have to be told.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, filter_overrides
from hydra_plugins.hydra_joblib_launcher.config import JobLibLauncherConf
from hydra_plugins.hydra_submitit_launcher.config import BaseQueueConf
from hydra_plugins.hydra_submitit_launcher.submitit_launcher import SlurmLauncher
from omegaconf import OmegaConf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hydra.plugins.plugin import Plugin

log = logging.getLogger(__name__)

OF_THE_EXECUTOR = ("max_num_timeout",)
"""What submitit is told when it is made, not for each array."""


@dataclass
class Joblib(JobLibLauncherConf):  # type: ignore[misc]  # the plugin is untyped
    """`hydra/launcher=joblib`: several processes on this machine, one cell each at a time.

    A file in conf/ cannot say it: the plugin has an option of this name, which Hydra would mix with the file.
    Each process imports torch once (4 s, about 0.5 GB before its first network). One that is killed takes the
    launcher's batch with it; the same command goes on from there.

    Attributes:
        n_jobs: Processes: one per GPU, without a GPU one per core. Threads of each are cores / n_jobs.
        batch_size: Cells handed to a process at once; more would leave others without work.
    """

    n_jobs: int = "${jobs_at_once:}"  # type: ignore[assignment]
    batch_size: str = "1"


class Slurm(SlurmLauncher):  # type: ignore[misc]
    """Submits the cells of a wave as one array and waits for all of them, also after one has failed.

    The plugin's own `launch` raises as soon as the first job is found dead and leaves the others behind.
    """

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Return how each job ended; one that SLURM ended is `FAILED`, with submitit's reason."""
        jobs = []
        for number, overrides in enumerate(job_overrides, initial_job_idx):
            log.info("\t#%d : %s", number, " ".join(filter_overrides(overrides)))
            jobs.append((list(overrides), "hydra.sweep.dir", number, f"job_{number}", Singleton.get_state()))
        submitted = self._executor().map_array(self, *zip(*jobs, strict=True))
        log.info("%d jobs submitted: %s", len(submitted), submitted[0].job_id.partition("_")[0])
        return [_ended(job) for job in submitted]

    def _executor(self) -> Any:  # noqa: ANN401 (submitit's)
        from submitit import AutoExecutor

        common = OmegaConf.structured(BaseQueueConf).keys()
        kind = self._EXECUTOR
        given = {key if key in common else f"{kind}_{key}": value for key, value in self.params.items()}
        folder = given.pop("submitit_folder")
        first = {name: given.pop(name) for key in OF_THE_EXECUTOR if (name := f"{kind}_{key}") in given}
        executor = AutoExecutor(folder=folder, cluster=kind, **first)
        executor.update_parameters(**given)
        return executor


def _ended(job: Any) -> JobReturn:  # noqa: ANN401 (submitit's)
    """Wait for a job; return what it returned."""
    error = job.exception()
    if error is None:
        returned: JobReturn = job.result()
        return returned
    return JobReturn(_return_value=error, status=JobStatus.FAILED)


def jobs_at_once() -> int:
    """Return how many cells run side by side on this machine: one per GPU, without a GPU one per core."""
    return len(gpus()) or len(os.sched_getaffinity(0))


def worker_environment() -> dict[str, str]:
    """Return what a worker process of joblib needs to be told before torch is imported: its GPU.

    Workers take their turns at the GPUs by their own number, not by the job's: a worker keeps its first GPU
    whatever it is told later, so job numbers would in time put two workers on one GPU.
    """
    found = gpus()
    number = re.search(r"-(\d+)", multiprocessing.current_process().name)
    if not found or number is None:
        return {}
    return {"CUDA_VISIBLE_DEVICES": found[(int(number.group(1)) - 1) % len(found)]}


@cache
def gpus() -> tuple[str, ...]:
    """Return the names of the GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return tuple(name.strip() for name in allowed.split(",") if name.strip() not in ("", "-1"))
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    listed = subprocess.run([program, "-L"], capture_output=True, text=True, check=False)  # noqa: S603
    lines = [line for line in listed.stdout.splitlines() if line.startswith("GPU ")]
    return tuple(str(number) for number in range(len(lines)))


def add_launchers() -> None:
    """Make `hydra/launcher=joblib` and `hydra/launcher=slurm` what they are here."""
    add_plugin(Slurm)  # first: Hydra reads in all plugins, with their options, when it is asked for one
    ConfigStore.instance().store(group="hydra/launcher", name="joblib", node=Joblib)


def add_plugin(plugin: type[Plugin]) -> None:
    """Make a plugin known to Hydra as `hydra_plugins.percepnet.NAME`."""
    plugins = Plugins.instance()
    plugins.register(plugin)
    # Registered by hand, it goes by its module's name; Hydra makes objects of this namespace alone.
    plugins.class_name_to_class[f"hydra_plugins.percepnet.{plugin.__name__}"] = plugin
