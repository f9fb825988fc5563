"""What SLURM does to a job half-way through an extraction: nothing is lost, a shard at most done twice."""

import re

import pytest

from tests.driving import IMAGES, SHARD, SPILT, Sweep, finish
from tests.slurm.conftest import SLURM, asked, control, let_go, logs, running, said

pytestmark = pytest.mark.slurm

LEFT = IMAGES - SHARD
"""Images that have yet to pass when an extraction goes on at its second shard."""


def assert_same(sweep, undisturbed):
    """The scores are those of the sweep that nothing happened to, and nothing lies about."""
    assert sweep.scores() == undisturbed[0].scores(*sweep.run_ids())
    assert sweep.leftovers() == []


@pytest.fixture(scope="module")
def two_jobs(tmp_path_factory):
    """Two sweeps side by side: (sweep, exit status, output) of one out of time, of one that was requeued."""
    slow = Sweep.at(tmp_path_factory.mktemp("slow"), *SLURM, "readout=layerwise")
    minute = ("hydra.launcher.timeout_min=1", "hydra.launcher.signal_delay_s=5")
    requeued = Sweep.at(tmp_path_factory.mktemp("requeued"), *SLURM, "readout=layerwise")
    first, second = slow.start_to_the_middle(*minute), requeued.start_to_the_middle()
    asked("scontrol", "requeue", job := running(requeued))
    let_go(job)
    requeued.open_gate()
    said(slow, "Caught signal SIGUSR2")
    slow.open_gate()
    return (slow, *finish(first)), (requeued, *finish(second))


def test_a_job_that_runs_out_of_time_is_requeued_and_goes_on(two_jobs, undisturbed):
    sweep, status, shown = two_jobs[0]
    assert status == 0, shown
    assert "1 cells: 1 done, 0 skipped, 0 failed" in shown
    told = "".join(logs(sweep).values())
    assert "this job is timed-out" in told
    requeued = len(set(re.findall(r"Requeued job \d+ \((\d+) remaining", told)))  # again on a busy machine
    assert IMAGES + SPILT <= sweep.passed() <= IMAGES + SPILT + (requeued - 1) * SHARD
    assert_same(sweep, undisturbed)


def test_scontrol_requeue(two_jobs, undisturbed):
    sweep, status, shown = two_jobs[1]
    assert status == 0, shown
    assert f"1 cells: 1 done, 0 skipped, 0 failed; {LEFT} images passed" in shown
    assert sweep.passed() == IMAGES + SPILT
    assert_same(sweep, undisturbed)


def test_a_job_is_preempted_by_a_higher_partition_and_goes_on(small, undisturbed):
    process = small.start_to_the_middle()
    asked("sbatch", "--partition=high", "--exclusive", "--output=/dev/null", "--wrap=sleep 1")
    said(small, "Caught signal SIGUSR2")
    small.open_gate()
    status, shown = finish(process)
    assert status == 0, shown
    assert f"1 cells: 1 done, 0 skipped, 0 failed; {LEFT} images passed" in shown
    assert small.passed() == IMAGES + SPILT
    assert_same(small, undisturbed)


def test_a_job_is_cancelled_and_the_same_command_brings_what_it_owes(pair, undisturbed):
    process = pair.start_to_the_middle()
    asked("scancel", job := running(pair))
    let_go(job)
    pair.open_gate()
    status, shown = finish(process)
    assert status == 1
    assert "2 cells: 1 done, 0 skipped, 0 failed, 1 unfinished" in shown
    assert f"{LEFT} images passed" in shown  # by its sibling, which would only have read
    status, shown = pair.run()
    assert status == 0, shown
    assert "2 cells: 2 done, 0 skipped, 0 failed; 0 images passed" in shown
    assert pair.passed() == IMAGES + SPILT
    assert_same(pair, undisturbed)


def test_slurmd_is_killed_and_comes_back_while_its_job_goes_on(small, undisturbed):
    process = small.start_to_the_middle()
    control("stun")
    control("revive")
    small.open_gate()
    status, shown = finish(process)
    assert status == 0, shown
    assert small.passed() == IMAGES
    assert_same(small, undisturbed)


def test_a_node_loses_its_power_and_the_job_goes_on_when_it_is_back(small, undisturbed):
    process = small.start_to_the_middle()
    control("die")
    small.open_gate()
    control("revive")
    status, shown = finish(process)
    if status:  # the command may have seen the node fail before SLURM gave the job another turn
        status, shown = small.run()
    assert status == 0, shown
    assert "1 cells: 1 done" in shown
    assert small.passed() == IMAGES + SPILT
    assert_same(small, undisturbed)
