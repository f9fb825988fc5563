"""`percepnet status`, as a user and as a program sees it."""

import json
import subprocess
import sys

import pytest

from percepnet.cli import main
from percepnet.results import watching
from percepnet.results.status import DONE, FAILED, RUNNING, SKIPPED, plan
from tests.results.test_progress import left


@pytest.fixture
def results(tmp_path):
    """A sweep at work: one cell of each kind."""
    left(tmp_path, "finished", DONE, images_passed=39)
    left(tmp_path, "metric", DONE, images_passed=1000)
    path = tmp_path / "runs" / "metric" / "status.json"
    path.write_text(path.read_text().replace('"goal": "g"', '"goal": "baseline"'))
    left(tmp_path, "busy", RUNNING, stage="extraction, b", images_done=8, images_total=64, speed=2.5)
    left(tmp_path, "out", SKIPPED, reason="no such network\nexpected: another")
    failed = left(tmp_path, "broken", FAILED, reason="\n".join(f"line {number}" for number in range(10)))
    (failed / "job.log").write_text("all of it")
    plan(tmp_path, "i", ["finished", "busy", "out", "broken", "later"])
    return tmp_path


def shown(capsys, *words):
    main(["status", *map(str, words)])
    return capsys.readouterr().out


def test_one_screen_tells_counts_speed_reasons_and_logs(results, capsys):
    text = shown(capsys, "--results", results)
    assert "6 cells: 1 waiting, 1 running, 2 done, 1 skipped, 1 failed, 0 lost" in text
    assert "47 images passed, 2.5 images/s" in text  # a baseline reads images, no network does
    for words in ("extraction, b", "8 / 64", "1 skipped no such network", "line 9", "retry=failed"):
        assert words in text
    assert "line 3" not in text
    assert f"log: {results / 'runs' / 'broken' / 'job.log'}" in text


def test_json_holds_every_cell_and_everything_about_it(results, capsys):
    cells = {
        cell["folder"].rpartition("/")[2]: cell
        for cell in json.loads(shown(capsys, "--results", results, "--json"))
    }
    assert {name: cell["state"] for name, cell in cells.items()} == {
        "later": "waiting",
        "busy": "running",
        "finished": "done",
        "metric": "done",
        "out": "skipped",
        "broken": "failed",
    }
    assert (cells["busy"]["images_done"], cells["busy"]["stage"]) == (8, "extraction, b")
    assert cells["broken"]["log"].endswith("job.log")


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_watching_ends_when_nothing_runs_or_waits_any_more(results, capsys, monkeypatch, words):
    rests = []

    def rest(began):
        rests.append(began)
        left(results, "busy" if len(rests) == 1 else "later", DONE)

    monkeypatch.setattr(watching, "_rest", rest)
    lines = shown(capsys, "--results", results, "--watch", *words).splitlines()
    assert len(rests) == 2
    if words:
        looks = [json.loads(line) for line in lines]
        assert [sum(cell["state"] == "done" for cell in look) for look in looks] == [2, 3, 4]
    else:
        assert [line.partition(";")[0] for line in lines[:3]] == [
            "6 cells: 1 waiting, 1 running, 2 done, 1 skipped, 1 failed, 0 lost",
            "6 cells: 1 waiting, 0 running, 3 done, 1 skipped, 1 failed, 0 lost",
            "6 cells: 0 waiting, 0 running, 4 done, 1 skipped, 1 failed, 0 lost",
        ]


def test_no_sweep_is_an_error_with_its_remedy(tmp_path):
    with pytest.raises(SystemExit, match="no cell in"):
        main(["status", "--results", str(tmp_path)])


def test_status_imports_neither_torch_nor_pandas(results):
    code = (
        "import sys; from percepnet.cli import main; "
        f"main(['status', '--results', {str(results)!r}]); "
        "sys.exit(bool({'torch', 'pandas', 'wandb', 'hydra'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
