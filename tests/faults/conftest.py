import subprocess
import sys
from pathlib import Path

import pytest

from tests.driving import Sweep, finish


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """The sweep of two readouts of one network that nothing happened to."""
    one = Sweep.at(tmp_path_factory.mktemp("undisturbed"), "readout=layerwise,concatenated")
    status, shown = finish(one.start())
    assert status == 0, shown
    return one


@pytest.fixture
def pair(tmp_path):
    """The same sweep in a folder of its own, not yet begun."""
    return Sweep.at(tmp_path, "readout=layerwise,concatenated")


@pytest.fixture
def percepnet():
    """Run the command `percepnet` in a process of its own; returns (exit status, what it printed)."""

    def run(sweep, *words):
        command = [str(Path(sys.executable).with_name("percepnet")), *map(str, words)]
        environment = sweep.environment() | {"PERCEPNET_CACHE": str(sweep.folder / "cache")}
        ended = subprocess.run(
            command,
            cwd=sweep.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return ended.returncode, ended.stdout + ended.stderr

    return run
