"""A whole sweep killed with no time to tidy up, at any moment: the same command brings what is missing."""

import random
import subprocess

import pytest

from tests.driving import IMAGES, SHARD, SPILT, kill

pytestmark = pytest.mark.slow

KILLS = 5


def test_a_sweep_is_killed_in_the_middle_and_repeats_no_more_than_the_shard_at_hand(pair, undisturbed):
    process = pair.start_to_the_middle()
    kill(process)
    pair.open_gate()
    status, shown = pair.run()
    assert status == 0, shown
    assert "2 cells: 2 done" in shown
    assert f"{IMAGES - SHARD} images passed" in shown
    assert pair.passed() == IMAGES + SPILT
    assert pair.scores() == undisturbed.scores()
    assert pair.leftovers() == []


def test_a_sweep_is_killed_at_random_moments_and_ends_with_the_undisturbed_scores(pair, undisturbed):
    moments = random.Random(7)
    for _ in range(KILLS):
        process = pair.start(pause=0.02)
        try:
            process.wait(moments.uniform(0.5, 12.0))
        except subprocess.TimeoutExpired:
            kill(process)
        else:
            process.communicate()
    status, shown = pair.run()
    assert status == 0, shown
    assert "2 cells: 2 done" in shown
    assert IMAGES <= pair.passed() < IMAGES + KILLS * SHARD
    assert pair.scores() == undisturbed.scores()
    assert pair.leftovers() == []
