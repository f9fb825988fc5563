"""The order of cells, their numbers, a sweep whose cells fail: with cells that do nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from percepnet.results.status import DONE, FAILED, Status

ROOT = Path(__file__).parents[1]
SIX = ["-m", "weights=random", "arch=alexnet,vgg", "readout=layerwise,concatenated,last"]


def pretend(settings, folder):
    """Stand in for a cell: write down its turn and leave the status that `study` asks for."""
    from hydra.core.hydra_config import HydraConfig

    arch, readout = settings["arch"]["name"], settings["readout"]["name"]
    told = [HydraConfig.get().job.num, arch, readout, folder.name, settings["invocation"]]
    with (folder.parents[1] / "turns.jsonl").open("a") as file:
        file.write(json.dumps(told) + "\n")
    if settings["study"] == "raises" and readout == "layerwise":
        raise OSError("a folder that nobody may write")
    if settings["study"] == "fails" and readout == "layerwise":
        Status(FAILED, {**CELL, "arch": arch}, settings["invocation"], "no such weights").write(folder)
    else:
        (folder / "rows.parquet").write_bytes(b"PAR1")
        Status(DONE, {**CELL, "arch": arch}, settings["invocation"]).write(folder)


CELL = {"goal": "untrained", "dataset": "seed 0", "arch": "", "variant": "", "readout": "layerwise"}
CODE = """
import sys
import percepnet.cell, percepnet.results.tables, percepnet.sweep, tests.test_sweeper
percepnet.cell.run_cell = tests.test_sweeper.pretend
percepnet.results.tables.read_run = lambda folder: None
percepnet.sweep.main()
"""


@pytest.fixture
def pretended(tmp_path):
    def run(*words):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        folders = [f"results={tmp_path / 'results'}", f"sources.cache={tmp_path / 'cache'}"]
        folders = [word for word in folders if not any(other.startswith(word[:8]) for other in words)]
        turns = tmp_path / "results" / "turns.jsonl"
        turns.unlink(missing_ok=True)
        ended = subprocess.run(
            [sys.executable, "-c", CODE, *words, *folders],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = turns.read_text().splitlines() if turns.exists() else []
        return ended, [json.loads(line) for line in lines]

    return run


def names(turns):
    return [f"{arch} {readout}" for _, arch, readout, *_ in turns]


IN_WAVES = [
    *("alexnet layerwise", "vgg layerwise"),
    *("alexnet concatenated", "alexnet last", "vgg concatenated", "vgg last"),
]


def test_the_cells_that_make_statistics_come_first_and_every_cell_has_its_number_and_folder(
    pretended, tmp_path
):
    ended, turns = pretended(*SIX)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "6 cells in waves: 2, then 4" in ended.stdout
    assert names(turns) == IN_WAVES
    assert [number for number, *_ in turns] == [0, 1, 2, 3, 4, 5]
    for _, arch, readout, folder, *_ in turns:
        assert folder.startswith(f"{arch}{'16' if arch == 'vgg' else ''}-untrained-{readout}-modelfest-")
    assert "6 cells: 6 done" in ended.stdout
    (plan,) = (tmp_path / "results" / "sweeps").glob("*.json")
    planned = json.loads(plan.read_text())
    assert planned["folders"] == [folder for _, _, _, folder, *_ in turns]
    assert {invocation for *_, invocation in turns} == {planned["invocation"]} == {plan.stem}


@pytest.mark.slow
def test_cells_that_are_finished_make_nothing_so_a_new_one_of_theirs_does(pretended):
    pretended("-m", "weights=random", "arch=alexnet,vgg", "readout=layerwise")
    ended, turns = pretended(*SIX)
    assert ended.returncode == 0
    assert "6 cells in waves: 4, then 2" in ended.stdout
    assert names(turns)[:4] == [
        "alexnet layerwise",
        "alexnet concatenated",
        "vgg layerwise",
        "vgg concatenated",
    ]
    ended, turns = pretended(*SIX)
    assert "6 cells\n" in ended.stdout
    assert "waves" not in ended.stdout
    assert len(turns) == 6


@pytest.mark.slow
def test_a_batch_holds_as_many_cells_as_it_may_and_never_those_of_two_waves(pretended):
    ended, turns = pretended(*SIX, "hydra.sweeper.max_batch_size=3")
    assert names(turns) == IN_WAVES
    assert [number for number, *_ in turns] == [0, 1, 2, 3, 4, 5]
    assert [line.split("Launching ")[1] for line in ended.stdout.splitlines() if "Launching" in line] == [
        "2 jobs locally",
        "3 jobs locally",
        "1 jobs locally",
    ]


@pytest.mark.parametrize(
    ("study", "told"),
    [
        ("raises", "nobody may write"),
        pytest.param("fails", "no such weights", marks=pytest.mark.slow),
    ],
)
def test_the_second_wave_starts_although_some_of_the_first_failed(pretended, study, told):
    ended, turns = pretended(*SIX, f"study={study}")
    assert ended.returncode == 1
    assert names(turns) == IN_WAVES
    assert told in ended.stdout
    assert "4 done" in ended.stdout
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_two_settings_of_one_cell_run_it_once(pretended):
    _, turns = pretended("-m", "arch=alexnet", "weights_seed=0,1,2")
    assert len(turns) == 1


def test_what_cannot_be_composed_fails_before_any_cell_runs_be_it_in_the_last_wave(pretended, tmp_path):
    ended, turns = pretended(*SIX, "agreement.resamples=50,many")
    assert ended.returncode != 0
    assert "many" in ended.stderr
    assert turns == []
    assert not (tmp_path / "results" / "sweeps").exists()


def test_results_that_cannot_be_written_are_told_in_one_screen(pretended, tmp_path):
    (tmp_path / "file").touch()
    ended, turns = pretended(*SIX, f"results={tmp_path / 'file' / 'results'}")
    assert ended.returncode == 1
    assert "cannot be written" in ended.stderr
    assert "to do:" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert turns == []


@pytest.mark.slow
def test_hydras_own_sweeper_takes_them_as_they_are_written(pretended):
    ended, turns = pretended(*SIX, "hydra/sweeper=basic")
    assert ended.returncode == 0, ended.stderr
    assert names(turns)[:3] == ["alexnet layerwise", "alexnet concatenated", "alexnet last"]


@pytest.mark.slow
def test_a_study_says_what_it_sweeps(pretended, tmp_path):
    study = "defaults: [sweep, _self_]\nweights: random\nhydra:\n  mode: MULTIRUN\n  sweeper:\n    params:\n"
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "study.yaml").write_text(
        study + "      arch: alexnet,vgg\n      readout: layerwise,last\n"
    )
    ended, turns = pretended("--config-dir", str(tmp_path / "studies"), "--config-name", "study")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert names(turns) == ["alexnet layerwise", "vgg layerwise", "alexnet last", "vgg last"]
