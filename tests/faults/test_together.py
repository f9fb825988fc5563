"""Several sweeps at once on one results folder and one store: each image passes once, each row is one."""

import pytest

from tests.driving import IMAGES, finish, kill

pytestmark = pytest.mark.slow

PROCESSES = 8


def test_eight_of_the_same_sweep_at_once_pass_each_image_once(pair, undisturbed):
    ended = [finish(process) for process in [pair.start(pause=0.01) for _ in range(PROCESSES)]]
    assert [status for status, _ in ended] == [0] * PROCESSES, ended
    assert all("2 cells: 2 done" in shown for _, shown in ended)
    assert sum(f"{IMAGES} images passed custom.untrained.0" in shown for _, shown in ended) == 1
    assert pair.passed() == IMAGES
    assert pair.scores() == undisturbed.scores()
    assert pair.leftovers() == []


def test_one_of_two_is_killed_in_the_middle_and_the_other_takes_over(pair, undisturbed):
    first = pair.start_to_the_middle()
    second = pair.start()
    kill(first)
    pair.open_gate()
    status, shown = finish(second)
    assert status == 0, shown
    assert pair.passed() < 2 * IMAGES
    assert pair.scores() == undisturbed.scores()
    assert pair.leftovers() == []
