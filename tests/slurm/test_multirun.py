"""Eight cells of two networks on a real SLURM of two CPUs, nothing disturbed."""

import pytest

from percepnet.results.rows import read_results
from tests.driving import IMAGES
from tests.slurm.conftest import logs

pytestmark = pytest.mark.slurm


def test_eight_cells_pass_each_image_once_per_network_in_two_waves(undisturbed):
    sweep, status, shown = undisturbed
    assert status == 0, shown
    assert "8 cells: 8 done, 0 skipped, 0 failed" in shown
    assert f"{2 * IMAGES} images passed" in shown
    assert sweep.passed() == 2 * IMAGES
    assert "in waves: 2, then 6" in shown
    assert read_results(sweep.results)["run_id"].nunique() == 8
    assert sweep.leftovers() == []


def test_every_cell_was_a_job_of_one_array_per_wave(undisturbed):
    sweep, *_ = undisturbed
    arrays = [job.partition("_")[0] for job in logs(sweep)]
    assert sorted(arrays.count(array) for array in set(arrays)) == [2, 6]
