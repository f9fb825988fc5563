import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.driving import Sweep, eventually, finish

HERE = Path(__file__).parent
PROGRAMS = ("sbatch", "sacct", "slurmctld", "slurmd", "slurmdbd", "munged", "mariadbd")
SLURM = ("hydra/launcher=slurm", "hydra.launcher.cpus_per_task=1", "hydra.launcher.mem_gb=2")


def control(verb):
    """Ask the script that keeps this machine's own SLURM; returns what it prints."""
    return asked(HERE / "up.sh", verb)


def asked(*command):
    """Return what a command prints; one that fails fails the test."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def logs(sweep):
    """Return what the jobs of a sweep have written, by job: `12_0` of an array, `12` alone."""
    found = (sweep.results / "runs" / ".submitit").glob("*/*_0_log.out")
    return {path.name.removesuffix("_0_log.out"): path.read_text() for path in found}


def running(sweep):
    """Return the one job of a sweep that has begun, as scontrol and scancel name it."""
    (job,) = logs(sweep)
    return job


def let_go(job):
    """Wait until no process of a job is left on its node."""
    eventually(lambda: asked("squeue", "--me", "--noheader", f"--jobs={job}", "--states=R,CG") == "")


def said(sweep, words):
    """Wait until a job of a sweep has said something."""
    eventually(lambda: any(words in text for text in logs(sweep).values()), 120.0)


@pytest.fixture(scope="session", autouse=True)
def cluster():
    """A real SLURM of one node, ended afterwards unless it ran before."""
    search = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
    missing = [name for name in PROGRAMS if shutil.which(name, path=search) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (the head of tests/slurm/up.sh says how)")
    ran_before = control("state") == "up"
    os.environ["SLURM_CONF"] = control("up")
    subprocess.run(["scancel", "--me"], check=False)  # of tests that were killed
    yield
    subprocess.run(["scancel", "--me"], check=False)  # of tests that failed
    if not ran_before:
        control("down")


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """The sweep of eight cells that nothing happened to: (sweep, exit status, what it printed)."""
    seeds, readouts = "weights_seed=0,1", "readout=layerwise,concatenated,last,spatial_mean"
    one = Sweep.at(tmp_path_factory.mktemp("undisturbed"), *SLURM, seeds, readouts)
    return one, *finish(one.start())


@pytest.fixture
def small(tmp_path):
    """A sweep of one cell, which is among the eight; what is hit is its extraction."""
    return Sweep.at(tmp_path, *SLURM, "readout=layerwise")


@pytest.fixture
def pair(tmp_path):
    """A sweep of two cells of one network, both of them among the eight."""
    return Sweep.at(tmp_path, *SLURM, "readout=layerwise,concatenated")
