import os
import signal
from pathlib import Path

import pytest

from tests.driving import eventually
from tests.slurm.conftest import asked, control

pytestmark = pytest.mark.slurm


def runs():
    """Return whether a job holds all cores; submits one where there is none: new clusters may lose one."""
    if not asked("squeue", "--me", "--noheader"):
        asked("sbatch", f"--cpus-per-task={os.cpu_count()}", "--output=/dev/null", "--wrap=sleep 1000")
    return asked("squeue", "--me", "--noheader", "--states=R") != ""


def test_a_cluster_that_was_killed_starts_again_without_the_jobs_that_died_with_it():
    """Once it did not: dead jobs held both CPUs for ever, and the next sweep waited."""
    eventually(runs)
    folder = Path(os.environ["SLURM_CONF"]).parent
    control("die")
    for number in (folder / "run").glob("*.pid"):
        os.kill(int(number.read_text()), signal.SIGKILL)
    assert control("state") == "down"

    control("up")

    assert asked("squeue", "--noheader") == ""
    asked("sbatch", "--wait", f"--cpus-per-task={os.cpu_count()}", "--output=/dev/null", "--wrap=true")
