"""Launchers: what they are told of the machine, jobs that are killed, a real sweep in several processes."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from percepnet.launchers import Slurm, gpus, jobs_at_once, worker_environment
from percepnet.results.rows import read_results
from percepnet.results.status import read_statuses

ROOT = Path(__file__).parents[1]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with so many GPUs, as nvidia-smi lists them."""

    def have(count, visible=None):
        gpus.cache_clear()
        program = tmp_path / "nvidia-smi"
        lines = "".join(f"echo 'GPU {number}: Some GPU (UUID: GPU-{number})'\n" for number in range(count))
        program.write_text(f"#!/bin/sh\n{lines}")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    yield have
    gpus.cache_clear()


def named(monkeypatch, name):
    monkeypatch.setattr(multiprocessing.current_process(), "name", name)


@pytest.mark.parametrize(
    ("count", "visible", "found"),
    [
        (3, None, ("0", "1", "2")),
        (4, "2,3", ("2", "3")),
        (4, "", ()),
        (4, "-1", ()),
        (0, None, ()),
        (4, "GPU-7f, MIG-1", ("GPU-7f", "MIG-1")),
    ],
)
def test_the_gpus_of_a_machine_are_those_that_the_process_may_use(machine, count, visible, found):
    machine(count, visible)
    assert gpus() == found


def test_a_machine_without_nvidias_program_has_none(tmp_path, monkeypatch):
    gpus.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus() == ()
    gpus.cache_clear()


def test_as_many_jobs_run_at_once_as_there_are_gpus_or_else_cores(machine, monkeypatch):
    machine(3)
    assert jobs_at_once() == 3
    machine(0)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {4, 5, 6, 7, 8})
    assert jobs_at_once() == 5


def test_each_worker_has_a_gpu_of_its_own_and_keeps_it(machine, monkeypatch):
    machine(2)
    told = []
    for number in (1, 2, 3, 4):
        named(monkeypatch, f"LokyProcess-{number}")
        told.append(worker_environment()["CUDA_VISIBLE_DEVICES"])
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", told[-1])  # as Hydra sets it for the time of the job
        assert worker_environment()["CUDA_VISIBLE_DEVICES"] == told[-1]
    assert told == ["0", "1", "0", "1"]


def test_nothing_is_told_where_there_is_no_gpu_or_no_worker(machine, monkeypatch):
    machine(0)
    named(monkeypatch, "LokyProcess-1")
    assert worker_environment() == {}
    machine(2)
    named(monkeypatch, "MainProcess")
    assert worker_environment() == {}


@pytest.mark.parametrize("name", ["local", "joblib", "slurm"])
def test_every_launcher_composes_and_can_be_made(name):
    from hydra import compose, initialize_config_dir
    from hydra.core.hydra_config import HydraConfig
    from hydra.core.plugins import Plugins
    from hydra.types import HydraContext

    from percepnet.config import conf_folder
    from percepnet.sweep import register, run

    register()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = compose("sweep", [f"hydra/launcher={name}"], return_hydra_config=True)
        HydraConfig.instance().set_config(config)
        made = Plugins.instance().instantiate_launcher(
            hydra_context=HydraContext(config_loader=None, callbacks=None),  # type: ignore[arg-type]
            task_function=run,
            config=config,
        )
    assert (
        type(made).__name__ == {"local": "BasicLauncher", "joblib": "JoblibLauncher", "slurm": "Slurm"}[name]
    )
    if name == "slurm":
        assert made.params["timeout_min"] == 240  # type: ignore[attr-defined]
    if name == "joblib":
        assert made.joblib["n_jobs"] == jobs_at_once()  # type: ignore[attr-defined]


class Local(Slurm):
    """The same launcher on submitit's executor for one machine: its jobs are processes."""

    _EXECUTOR = "local"


def die_or_go_on(config):
    """Stand in for a cell: the first is killed at once, the others take their time."""
    if config.weights_seed == 0 and config.readout.name == "layerwise":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(1.0)
    Path(config.results, f"{config.weights_seed}-{config.readout.name}").touch()
    return config.weights_seed


CODE = """
from hydra.core.config_store import ConfigStore
import hydra, percepnet.launchers, percepnet.sweep, tests.test_launchers as here
from percepnet.config import conf_folder
percepnet.sweep.register()
percepnet.launchers.add_plugin(here.Local)
node = {"_target_": "hydra_plugins.percepnet.Local", "timeout_min": 2, "submitit_folder": "jobs/%j"}
ConfigStore.instance().store(group="hydra/launcher", name="processes", node=node)
hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="sweep")(here.die_or_go_on)()
"""


@pytest.mark.slow
def test_all_jobs_of_an_array_are_waited_for_and_the_next_wave_begins_although_one_was_killed(tmp_path):
    words = ["-m", "hydra/launcher=processes", "weights=random", "weights_seed=0,1", "readout=layerwise,last"]
    ended = subprocess.run(
        [sys.executable, "-c", CODE, *words, f"results={tmp_path / 'results'}", "invocation=i"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "job #0: Job" in ended.stdout  # submitit's word on the one that was killed
    left = {path.name for path in (tmp_path / "results").iterdir() if path.is_file()}
    assert left == {"1-layerwise", "0-last", "1-last"}
    assert "4 unfinished" in ended.stdout  # these cells write no status


@pytest.mark.slow
def test_a_sweep_in_several_processes_extracts_once_per_unit_and_has_all_rows(sweep, mini, tmp_path):
    words = ["-m", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "baseline=[psnr,gmsd]"]
    six = ["arch=alexnet,efficientnet_lite", "readout=layerwise,concatenated,last"]
    ended = sweep(*words, *six, *mini)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "6 cells in waves: 2, then 4" in ended.stdout
    assert "8 cells: 8 done, 0 skipped, 0 failed; 78 images passed" in ended.stdout
    assert "another process is at work" not in ended.stdout
    statuses = [status for _, status in read_statuses(tmp_path / "results")]
    networks = [status for status in statuses if status.cell["goal"] != "baseline"]
    assert sorted(status.images_passed for status in networks) == [0, 0, 0, 0, 39, 39]
    assert len({status.invocation for status in statuses}) == 1
    assert os.getpid() not in {status.pid for status in statuses}
    assert len({status.pid for status in networks}) == 2
    rows = read_results(tmp_path / "results")
    assert rows["run_id"].nunique() == 8
    again = sweep(*words, *six, *mini)
    assert again.returncode == 0
    assert "6 cells\n" in again.stdout
    assert again.stdout.count(" kept ") == 8
    assert "0 images passed" in again.stdout


@pytest.mark.slow
def test_a_new_readout_of_networks_that_have_been_read_needs_one_wave(sweep, mini):
    assert sweep("readout=layerwise", *mini).returncode == 0
    ended = sweep("-m", "readout=concatenated,last", *mini)
    assert ended.returncode == 0
    assert "2 cells\n" in ended.stdout
    assert "0 images passed" in ended.stdout
