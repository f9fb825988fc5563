import os
import subprocess
import sys
from pathlib import Path

import pytest

from percepnet.sweep import register
from tests.fakes import miniature_tid2013

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real images and scores beside the project; tests that need it are skipped without it."""
    folder = Path(os.environ.get("PERCEPNET_SHARED", ROOT.parent / "shared" / "data"))
    if not (folder / "tid2013" / "mos_with_names.txt").exists():
        pytest.skip("the real data are not here: set PERCEPNET_SHARED to their folder")
    return folder


@pytest.fixture
def mini(tmp_path):
    """Overrides of a cell that runs in seconds: an untrained AlexNet on a miniature of TID2013."""
    overrides = miniature_tid2013(tmp_path / "tid")
    folders = [f"results={tmp_path / 'results'}", f"sources.cache={tmp_path / 'cache'}"]
    quick = [
        "tracking=disabled",
        "agreement.resamples=50",
        "statistics=[squared_difference,unit_squared_difference]",
    ]
    return ["weights=random", *quick, *overrides, *folders]


@pytest.fixture
def compose():
    """Compose the settings of one cell as the command line would."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir

    from percepnet.config import conf_folder, plain

    register()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        yield lambda *overrides: plain(hydra_compose("sweep", list(overrides)))


@pytest.fixture
def sweep(tmp_path):
    """Run the command line in a process of its own."""

    def run(*arguments, **options):
        command = [sys.executable, "-m", "percepnet.sweep", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, **options
        )

    return run
