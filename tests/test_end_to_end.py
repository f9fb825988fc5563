"""The command line as a user types it, each time in a process of its own."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from percepnet.results.rows import RUN_TIME_COLUMNS, read_results

ROOT = Path(__file__).parents[1]
TWO_BY_TWO = ["-m", "arch=alexnet,efficientnet_lite", "readout=layerwise,concatenated"]


def scores(results):
    """Everything in the result rows that two runs of one sweep must share, byte for byte."""
    rows = read_results(results).drop(columns=list(RUN_TIME_COLUMNS))
    return rows.sort_values(["run_id", "layer_index", "metric"]).to_csv(index=False)


@pytest.mark.slow
def test_a_sweep_scores_every_cell_costs_one_pass_per_network_and_is_safe_to_repeat(sweep, mini, tmp_path):
    first = sweep(*TWO_BY_TWO, *mini)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "4 cells: 4 done, 0 skipped, 0 failed; 78 images passed" in first.stdout
    before = scores(tmp_path / "results")
    again = sweep(*TWO_BY_TWO, *mini)
    assert again.returncode == 0
    assert "0 images passed" in again.stdout
    assert again.stdout.count(" kept ") == 4
    assert scores(tmp_path / "results") == before


@pytest.mark.slow
def test_a_broken_cell_fails_alone_and_a_hole_is_skipped(sweep, mini):
    ended = sweep(
        "-m",
        "arch=alexnet",
        "weights=random,pretrained",
        "arch.variant='',13",
        *mini[1:],
        "sources.network=false",
    )
    assert ended.returncode == 1
    assert "4 cells: 1 done, 2 skipped, 1 failed" in ended.stdout
    assert "alexnet.tv1/alexnet-owt-7be5be79.pth" in ended.stdout


@pytest.mark.slow
def test_a_single_cell_needs_no_multirun(sweep, mini):
    ended = sweep(*mini)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 cells: 1 done" in ended.stdout
    assert "human ceiling" in ended.stdout


@pytest.mark.slow
def test_kill_9_at_ten_random_moments_then_the_same_command_gives_the_undisturbed_scores(mini, tmp_path):
    """Ten kills, each at a random moment of a sweep that goes on from what the last one left."""

    def command(name):
        folders = [f"results={tmp_path / name}", f"sources.cache={tmp_path / name}-cache"]
        kept = [word for word in mini if not word.startswith(("results=", "sources.cache="))]
        return [sys.executable, "-m", "percepnet.sweep", *TWO_BY_TWO, *kept, *folders, "compute.batch=2"]

    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    quiet = {"env": environment, "cwd": tmp_path, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    began = time.monotonic()
    subprocess.run(command("undisturbed"), check=True, **quiet)
    seconds = time.monotonic() - began
    moments = random.Random(0)
    killed = 0
    for _ in range(40):
        worker = subprocess.Popen(command("killed"), start_new_session=True, **quiet)
        try:
            assert worker.wait(moments.uniform(0.1, 0.9) * seconds) == 0
            # What earlier kills had left was little enough to be done in time: begin anew.
            assert scores(tmp_path / "killed") == scores(tmp_path / "undisturbed")
            for folder in ("killed", "killed-cache"):
                shutil.rmtree(tmp_path / folder)
        except subprocess.TimeoutExpired:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
            killed += 1
            if killed == 10:
                break
    assert killed == 10
    subprocess.run(command("killed"), check=True, **quiet)
    assert scores(tmp_path / "killed") == scores(tmp_path / "undisturbed")
    assert not list((tmp_path / "killed-cache" / "responses").glob("*.partial"))


@pytest.mark.slow
def test_a_polite_kill_ends_the_sweep_at_once_and_leaves_word(mini, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "percepnet.sweep", "arch=vgg", "compute.batch=2", *mini]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    worker = subprocess.Popen(command, cwd=tmp_path, env=environment, **quiet)
    while worker.poll() is None and not list((tmp_path / "cache" / "responses").glob("*.partial")):
        time.sleep(0.05)
    time.sleep(1.0)  # into the forward passes, which take several seconds
    worker.terminate()
    assert worker.wait(5) == 143
    status = next((tmp_path / "results" / "runs").glob("*/status.json"))
    assert "interrupted" in status.read_text()


@pytest.mark.slow
def test_two_sweeps_at_once_on_one_cache_extract_once(mini, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "percepnet.sweep", *mini]
    workers = [
        subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    shown = [worker.communicate()[0].decode() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert sorted("39 images passed" in text for text in shown) == [False, True]
    assert isinstance(read_results(tmp_path / "results"), pd.DataFrame)


@pytest.mark.slow
def test_an_installed_wheel_brings_its_config_and_catalogue(tmp_path):
    """Built and unpacked as an installer would, then run from another folder."""
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", tmp_path, ROOT], check=True, capture_output=True)
    site = tmp_path / "site"
    wheel = next(tmp_path.glob("percepnet-*.whl"))
    unpack = [sys.executable, "-m", "zipfile", "-e", wheel, site]
    subprocess.run(unpack, check=True)
    code = (
        "import sys, percepnet; sys.path.remove('') if '' in sys.path else None;"
        "from percepnet.networks.catalogue import checkpoints; from percepnet.config import conf_folder;"
        "print(percepnet.__file__, len(checkpoints()), conf_folder())"
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}
    options = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True}
    shown = subprocess.run([sys.executable, "-c", code], check=True, **options).stdout.split()
    assert shown == [str(site / "percepnet/__init__.py"), "330", str(site / "percepnet/conf")]
    composed = subprocess.run(
        [sys.executable, "-m", "percepnet.sweep", "arch=vgg", "--cfg", "job"], check=True, **options
    ).stdout
    assert "name: vgg" in composed
