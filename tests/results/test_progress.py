"""What `percepnet status` sees: every cell once, and none that says running when nobody runs it."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from percepnet.errors import NothingThereError
from percepnet.results.progress import NEVER_BEGUN, as_seen, counts, is_over, look
from percepnet.results.pulse import STALE_S
from percepnet.results.status import (
    DONE,
    FAILED,
    INTERRUPTED,
    LOST,
    RUNNING,
    SKIPPED,
    WAITING,
    Plan,
    Status,
    end_plan,
    plan,
    read_plan,
    read_status,
)
from percepnet.sources.process import Process

CELL = {"goal": "g", "dataset": "d", "arch": "a", "variant": "1", "readout": "r"}


def left(results, name, state, **changes):
    """Leave a status as a cell does."""
    folder = results / "runs" / name
    folder.mkdir(parents=True, exist_ok=True)
    Status(state, CELL, **{"invocation": "i", **changes}).write(folder)
    return folder


def states(results, study=None):
    return {one.folder.name: one.status.state for one in look(results, study)}


@pytest.fixture
def dead():
    """A process of this machine that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        ticks = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19]
    finally:
        process.kill()
        process.wait()
    return {"pid": process.pid, "born": ticks}


def test_what_has_ended_is_what_it_says(tmp_path):
    for state in (DONE, SKIPPED, FAILED):
        left(tmp_path, state, state)
    assert states(tmp_path) == {state: state for state in (DONE, SKIPPED, FAILED)}
    assert is_over(look(tmp_path))


def test_a_planned_cell_waits_until_its_turn_comes(tmp_path):
    plan(tmp_path, "i", ["a", "b", "c", "c"])
    left(tmp_path, "a", DONE)
    left(tmp_path, "b", RUNNING)
    assert states(tmp_path) == {"a": DONE, "b": RUNNING, "c": WAITING}
    assert not is_over(look(tmp_path))
    assert list(counts(look(tmp_path)).values()) == [1, 1, 1, 0, 0, 0]


def test_what_failed_in_an_earlier_command_waits_while_a_later_one_has_it_before_it(tmp_path):
    left(tmp_path, "a", FAILED, invocation="earlier")
    left(tmp_path, "b", FAILED, invocation="i")
    left(tmp_path, "c", LOST, invocation="i", reason=INTERRUPTED)
    plan(tmp_path, "i", ["a", "b", "c"])
    assert states(tmp_path) == {"a": WAITING, "b": FAILED, "c": WAITING}
    end_plan(tmp_path, "i")
    assert states(tmp_path) == {"a": FAILED, "b": FAILED, "c": LOST}


def test_what_a_command_that_has_died_had_before_it_is_lost(tmp_path, dead):
    plan(tmp_path, "i", ["a"])
    known = read_plan(tmp_path, "i")
    assert known is not None
    assert not known.is_over
    assert replace(known, **dead).is_over
    path = tmp_path / "sweeps" / "i.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | dead))
    (seen,) = look(tmp_path)
    assert (seen.status.state, seen.status.reason) == (LOST, NEVER_BEGUN)


def test_a_cell_that_says_running_is_lost_when_its_process_is_gone(tmp_path, dead):
    folder = left(tmp_path, "a", RUNNING, **dead)
    (seen,) = look(tmp_path)
    assert seen.status.state == LOST
    assert f"process {dead['pid']}" in seen.status.reason
    assert as_seen(read_status(folder), folder) == seen.status


def test_a_number_that_another_process_has_got_is_no_sign_of_life(tmp_path):
    left(tmp_path, "a", RUNNING, born="1")
    assert states(tmp_path) == {"a": LOST}


def test_a_cell_of_another_host_is_lost_when_it_has_been_silent_for_long(tmp_path):
    folder = left(tmp_path, "a", RUNNING, host="elsewhere", place="another kernel", pid=1)
    assert states(tmp_path) == {"a": RUNNING}
    then = time.time() - STALE_S - 5
    os.utime(folder / "status.json", (then, then))
    (seen,) = look(tmp_path)
    assert seen.status.state == LOST
    assert "no sign of life from elsewhere for 12" in seen.status.reason


def test_only_one_study_is_shown_when_asked(tmp_path):
    left(tmp_path, "a", DONE, study="s")
    left(tmp_path, "b", DONE, study="t")
    plan(tmp_path, "i", ["c"], "s")
    assert states(tmp_path, "s") == {"a": DONE, "c": WAITING}


def test_a_damaged_status_or_plan_hides_no_other(tmp_path):
    left(tmp_path, "a", DONE)
    (left(tmp_path, "b", DONE) / "status.json").write_text('{"state": "do')
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "sweeps" / "x.json").write_text("[]")
    assert states(tmp_path) == {"a": DONE}


def test_nothing_there_is_said_with_a_remedy(tmp_path):
    with pytest.raises(NothingThereError, match="--results DIR"):
        look(tmp_path)


def test_the_status_of_a_plan_belongs_to_this_very_process():
    here = Process.here()
    one = Plan("i", ())
    assert (one.host, one.pid, one.born) == (here.host, here.pid, here.born)


@pytest.mark.slow
def test_five_thousand_runs_are_seen_in_less_than_two_seconds(tmp_path):
    for number in range(5000):
        left(tmp_path, f"{number:04}", DONE)
    plan(tmp_path, "i", [f"{number:04}" for number in range(6000)])
    look(tmp_path)
    began = time.process_time()
    assert counts(look(tmp_path))[WAITING] == 1000
    assert time.process_time() - began < 2.0
