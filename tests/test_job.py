"""How a job leaves its status, and which jobs each `retry` runs."""

import pytest

from percepnet.errors import InputError, NothingThereError
from percepnet.job import End, told
from percepnet.results.status import (
    DONE,
    FAILED,
    FINISHED_BEFORE,
    INTERRUPTED,
    LOST,
    RUNNING,
    SKIPPED,
    Status,
    read_status,
)

HERE = Status(RUNNING, invocation="now")


@pytest.fixture
def run(tmp_path):
    """Do a job that an earlier command left in some state; return ([anew] if it was run, its status)."""

    def once(retry, before=None, work=None):
        ran = []
        if before is not None:
            Status(before, invocation="before", reason="then").write(tmp_path)

        def whole(pulse, anew):
            ran.append(anew)
            return work() if work else End(3, "remark")

        told(HERE, tmp_path, whole, retry)
        return ran, read_status(tmp_path)

    return once


@pytest.mark.parametrize("before", [None, DONE, SKIPPED, FAILED, LOST, RUNNING])
@pytest.mark.parametrize("retry", [False, True])
def test_every_job_is_looked_at_and_done_anew_only_when_told(run, before, retry):
    ran, status = run(retry, before)
    assert ran == [retry]
    assert (status.state, status.images_passed, status.reason) == (DONE, 3, "remark")
    assert status.invocation == "now"


@pytest.mark.parametrize(("before", "anew"), [(FAILED, True), (LOST, False), (RUNNING, False)])
def test_failed_ones_and_those_that_died_are_run_by_retry_failed(run, before, anew):
    ran, status = run("failed", before)
    assert ran == [anew]
    assert (status.state, status.invocation) == (DONE, "now")


@pytest.mark.parametrize(
    ("before", "state", "reason"),
    [(DONE, DONE, FINISHED_BEFORE), (SKIPPED, SKIPPED, "then"), (None, SKIPPED, "never run")],
)
def test_all_others_are_left_as_they_are_by_retry_failed(run, before, state, reason):
    ran, status = run("failed", before)
    assert ran == []
    assert (status.state, status.invocation) == (state, "now")
    assert status.reason.startswith(reason)


def raising(error):
    def work():
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (NothingThereError("no such network"), SKIPPED, "no such network"),
        (InputError("a bad image"), FAILED, "a bad image"),
        (ZeroDivisionError("odd"), FAILED, "ZeroDivisionError: odd"),
    ],
)
def test_a_failure_is_written_down_and_not_raised(run, error, state, reason):
    _, status = run(False, work=raising(error))
    assert status.state == state
    assert reason in status.reason


@pytest.mark.parametrize("end", [SystemExit(143), KeyboardInterrupt()])
def test_a_job_that_is_told_to_end_is_lost_until_it_goes_on(run, end, tmp_path):
    with pytest.raises(type(end)):
        run(False, work=raising(end))
    status = read_status(tmp_path)
    assert status is not None
    assert (status.state, status.reason) == (LOST, INTERRUPTED)
    assert run("failed")[1].state == DONE


def test_an_unknown_retry_says_what_there_is(run):
    ran, status = run("faild")
    assert (ran, status.state) == ([], FAILED)
    assert "true, false or failed" in status.reason
