"""`percepnet report` and `percepnet track`: what is asked for is done, and exits tell the truth."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from percepnet.ablation import report as reporting
from percepnet.cli import main
from percepnet.results import tracking
from percepnet.results.rows import write_rows
from percepnet.results.status import FAILED, Status
from tests.fakes import finished_run, result_rows
from tests.results.test_tracking import of_kind, records


@pytest.fixture
def results(tmp_path):
    finished_run(tmp_path, "a", result_rows(run_id="id-a"))
    finished_run(tmp_path, "b", result_rows(run_id="id-b", network="alexnet.untrained.3", goal="untrained"))
    return tmp_path


@pytest.fixture
def asked(monkeypatch):
    """Stand in for the report; hold what it was asked for."""
    calls: list[tuple[object, ...]] = []

    def write_report(results, target, study=None, claims=()):
        calls.append((results, target, study, claims))
        return [target / "report.html"]

    monkeypatch.setattr(reporting, "write_report", write_report)
    return calls


def test_a_report_is_asked_for_with_the_users_own_claims(results, asked, capsys):
    main(["report", "--results", str(results), "--study", "s", "--claims", "mine", "--claims", "yours"])
    own = (Path("mine"), Path("yours"))
    assert asked == [(results, results / "report", "s", own)]
    assert capsys.readouterr().out == f"{results / 'report' / 'report.html'}\n"


def test_a_dashboard_is_left_as_files_where_nobody_is_logged_in(results, asked, capsys, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "")
    monkeypatch.setenv("NETRC", str(results / "none"))
    main(["report", "--results", str(results), "--out", str(results / "out"), "--wandb", "--project", "p"])
    shown = capsys.readouterr().out
    assert "wandb login" in shown
    for name in ("wandb-workspace.json", "wandb-report.json"):
        assert (results / "out" / name).exists()
        assert name in shown


def test_a_dashboard_is_saved_where_somebody_is_logged_in(results, asked, capsys, monkeypatch):
    from percepnet.results import dashboard

    saved = []
    monkeypatch.setattr(tracking, "default_entity", lambda timeout_s: ("me", ""))

    def save(made, target):
        saved.append(made)
        return ["https://server/w"]

    monkeypatch.setattr(dashboard, "save", save)
    main(["report", "--results", str(results), "--wandb"])
    assert (saved[0].report.entity, saved[0].report.project) == ("me", "percepnet")
    assert "https://server/w" in capsys.readouterr().out
    assert (results / "report" / "wandb-workspace.json").exists()


def test_finished_runs_are_tracked_offline_once_with_their_size(results, capsys):
    main(["track", "--from-store", "--results", str(results), "--project", "mine"])
    shown = capsys.readouterr().out
    assert "2 runs: 2 written, 0 sent, 0 kept, 0 failed" in shown
    assert "wandb sync" in shown
    for name in ("a", "b"):
        run = of_kind(records(results / "runs" / name), "run")[0]
        assert run["config"]["update"]["parameters"] == 2469696
        assert run["project"] == "mine"
    main(["track", "--from-store", "--results", str(results), "--project", "mine"])
    assert "0 written, 0 sent, 2 kept" in capsys.readouterr().out


@pytest.fixture
def arrives(monkeypatch):
    """Answer `wandb sync` like a server that takes every run; hold what it was given."""
    taken: list[Path] = []

    def sync(run, timeout_s):
        taken.append(run)
        return ""

    monkeypatch.setattr(tracking, "_sync", sync)
    return taken


def test_sync_sends_what_a_sweep_has_written_once_and_to_the_project_it_was_written_for(
    results, arrives, capsys
):
    written = results / "runs" / "a"
    offline = {"mode": "offline", "project": "own", "entity": None, "timeout_s": 5.0}
    assert tracking.track(pd.DataFrame(result_rows(run_id="id-a")), written, offline) == ""
    main(["track", "sync", "--results", str(results)])
    assert "1 runs: 0 written, 1 sent, 0 kept, 0 failed" in capsys.readouterr().out
    (sent,) = arrives
    assert sent.parent.parent == written.resolve()
    assert of_kind(records(written), "run")[0]["project"] == "own"
    main(["track", "sync", "--results", str(results)])
    assert "0 sent, 1 kept" in capsys.readouterr().out
    assert len(arrives) == 1
    assert not (results / "runs" / "b" / "wandb").exists()


def test_sync_from_the_store_writes_and_sends_every_run(results, arrives, capsys):
    main(["track", "sync", "--from-store", "--results", str(results)])
    assert "2 runs: 0 written, 2 sent" in capsys.readouterr().out
    assert len(arrives) == 2


def test_a_cell_that_failed_is_sent_as_a_crashed_run_and_as_the_same_run_when_it_succeeds(
    results, arrives, capsys
):
    folder = results / "runs" / "c"
    cell = {"goal": "g", "dataset": "d", "arch": "a", "variant": "", "readout": "r"}
    folder.mkdir()
    failed = Status(FAILED, cell, "i", reason="the image is cut off", study="s", run_id="id-c")
    failed.write(folder)
    offline = {"mode": "offline", "project": "own", "entity": None, "timeout_s": 5.0}
    assert tracking.track_failure(failed, folder, offline) == ""
    crashed = records(folder)
    run = of_kind(crashed, "run")[0]
    assert (run["run_id"], run["run_group"], run["job_type"]) == ("id-c", "s", "g/d/a")
    assert [record["exit_code"] for record in of_kind(crashed, "exit")] == [1]
    assert any("the image is cut off" in str(record) for record in of_kind(crashed, "summary"))
    main(["track", "sync", "--results", str(results)])
    assert "1 sent" in capsys.readouterr().out
    write_rows(folder, result_rows(run_id="id-c", study="s"))
    main(["track", "sync", "--from-store", "--results", str(results), "--study", "s"])
    assert "1 runs: 0 written, 1 sent" in capsys.readouterr().out
    (again,) = [run for run in (folder / "wandb").glob("offline-run-*") if run.resolve() != arrives[0]]
    assert [file.name for file in again.glob("*.wandb")] == [
        "run-id-c.wandb"
    ]  # two folders in one second differ
    assert again.resolve() == arrives[1]


def test_what_is_to_be_tracked_has_to_be_said(results):
    with pytest.raises(SystemExit, match="percepnet track sync"):
        main(["track", "--results", str(results)])


def test_nothing_written_for_wandb_is_an_error_with_its_remedy(results):
    with pytest.raises(SystemExit, match="--from-store"):
        main(["track", "sync", "--results", str(results)])


def test_a_run_that_cannot_be_logged_ends_the_command_with_1(results, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(SystemExit) as ended:
        main(["track", "--from-store", "--results", str(results)])
    assert ended.value.code == 1
    assert "2 failed" in capsys.readouterr().out


def test_no_finished_run_is_an_error_with_its_remedy(tmp_path):
    with pytest.raises(SystemExit, match="no finished run"):
        main(["track", "--from-store", "--results", str(tmp_path)])


@pytest.mark.parametrize("command", ["report", "track"])
def test_help_comes_without_heavy_imports(command):
    code = (
        "import sys\nfrom percepnet.cli import main\n"
        f"try: main(['{command}', '--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit(bool({'torch', 'wandb', 'wandb_workspaces', 'altair', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--study" in done.stdout
