"""Finished runs that are logged later: the ids of the sweep, nothing twice, safe to repeat."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from percepnet.errors import NothingThereError
from percepnet.results import sending, tracking
from percepnet.results.receipt import RECEIPT, digest, last_receipt
from percepnet.results.rows import read_run
from percepnet.results.sending import conclusion, track_finished
from tests.fakes import finished_run, result_rows
from tests.results.test_tracking import OFFLINE, of_kind, records

ONLINE = {**OFFLINE, "mode": "online"}


@pytest.fixture
def results(tmp_path):
    finished_run(tmp_path, "a", result_rows(run_id="id-a"))
    finished_run(tmp_path, "b", result_rows(run_id="id-b", study="other"))
    return tmp_path


def states(results, settings=OFFLINE, **options):
    return [(outcome.folder.name, outcome.state) for outcome in track_finished(results, settings, **options)]


def written(results, name):
    return sorted((results / "runs" / name / "wandb").glob("offline-run-*"))


@pytest.fixture
def arrives(monkeypatch):
    """Answer `wandb sync` like a server that takes every run; hold what it was given."""
    return answered(monkeypatch, "")


def answered(monkeypatch, reason):
    """Answer `wandb sync` with a reason; return the list of the runs that it is given."""
    taken: list[Path] = []

    def sync(run, timeout_s):
        taken.append(run)
        return reason

    monkeypatch.setattr(tracking, "_sync", sync)
    return taken


@pytest.mark.slow
def test_a_run_is_logged_late_as_the_sweep_itself_would(results):
    assert states(results, more=lambda rows: {"parameters": 7}) == [("a", "written"), ("b", "written")]
    run = of_kind(records(results / "runs" / "a"), "run")[0]
    assert (run["run_id"], run["run_group"]) == ("id-a", "default")
    assert run["config"]["update"]["parameters"] == 7


def test_nothing_is_logged_twice(results):
    states(results)
    assert states(results) == [("a", "kept"), ("b", "kept")]
    assert len(written(results, "a")) == 1


def test_a_run_that_the_sweep_has_logged_is_kept(results):
    folder = results / "runs" / "a"
    rows = read_run(folder)
    assert rows is not None
    assert tracking.track(rows, folder, OFFLINE) == ""
    assert states(results, study="default") == [("a", "kept")]


def test_a_run_is_logged_anew_when_asked_when_its_rows_changed_or_for_another_project(results):
    states(results, study="default")
    assert states(results, study="default", again=True) == [("a", "written")]
    assert states(results, {**OFFLINE, "project": "mine"}, study="default") == [("a", "written")]
    (results / "runs" / "a" / "rows.parquet").unlink()
    (results / "runs" / "a").rename(results / "old")
    finished_run(results, "a", result_rows(values=[-0.1], run_id="id-a"))
    (results / "old" / RECEIPT).rename(results / "runs" / "a" / RECEIPT)
    assert states(results, {**OFFLINE, "project": "mine"}, study="default") == [("a", "written")]


def test_an_interrupted_run_leaves_no_receipt_and_is_written_whole_the_next_time(results, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tracking, "summary", killed)
    with pytest.raises(KeyboardInterrupt):
        states(results)
    assert last_receipt(results / "runs" / "a") is None
    monkeypatch.undo()
    assert states(results) == [("a", "written"), ("b", "written")]


def test_what_was_written_offline_is_sent_as_it_lies_there(results, arrives):
    states(results)
    assert states(results, ONLINE) == [("a", "sent"), ("b", "sent")]
    assert arrives == [*written(results, "a"), *written(results, "b")]
    assert states(results, ONLINE) == [("a", "kept"), ("b", "kept")]
    assert len(arrives) == 2


def test_what_was_synced_by_hand_is_kept(results, arrives):
    states(results)
    for name in ("a", "b"):
        file = next(written(results, name)[0].glob("*.wandb"))
        file.with_suffix(".wandb.synced").touch()  # the mark that `wandb sync` leaves
    assert states(results, ONLINE) == [("a", "kept"), ("b", "kept")]
    assert not arrives


def test_after_one_run_that_cannot_be_sent_the_others_are_only_written(results, monkeypatch):
    tried = answered(monkeypatch, "no answer")
    outcomes = list(track_finished(results, ONLINE))
    assert [outcome.state for outcome in outcomes] == ["written", "written"]
    assert len(tried) == 1
    assert "no answer" in outcomes[0].remark


def test_a_run_that_wandb_refuses_and_a_damaged_one_fail_alone(results, monkeypatch):
    finished_run(results, "c", result_rows(run_id="id-c"))
    (results / "runs" / "a" / "rows.parquet").write_bytes(b"no parquet")
    monkeypatch.setitem(sys.modules, "wandb", None)
    (results / "runs" / "b" / RECEIPT).write_text("{}")
    assert states(results) == [("a", "failed"), ("b", "failed"), ("c", "failed")]


def test_the_conclusion_names_the_command_that_really_finds_the_runs(results):
    text = conclusion(list(track_finished(results, OFFLINE)))
    assert text.startswith("2 runs: 2 written, 0 sent, 0 kept, 0 failed")
    command = text.splitlines()[1].removeprefix("send them: wandb ").split()
    tool = Path(sys.executable).with_name("wandb")
    done = subprocess.run([tool, *command, "--dry-run"], capture_output=True, text=True, check=True)
    shown = done.stdout + done.stderr
    assert "Would sync 2" in shown


def test_no_finished_run_says_what_to_do(results):
    with pytest.raises(NothingThereError, match="study nobody"):
        states(results, study="nobody")


def test_the_digest_changes_with_every_column():
    rows = pd.DataFrame(result_rows())
    changed = rows.assign(network="alexnet.mine")
    assert digest(rows) == digest(rows.copy())
    assert digest(rows) != digest(changed)


def test_many_runs_are_not_all_spelt_out():
    many = [sending.Outcome(Path(str(place)), "written", Path(str(place))) for place in range(9)]
    assert conclusion(many).endswith("send them: this command with --online")


def test_where_nothing_is_left_to_send_no_command_is_given():
    assert conclusion([sending.Outcome(Path("a"), "kept")]) == "1 runs: 0 written, 0 sent, 1 kept, 0 failed"
