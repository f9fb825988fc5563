"""Which rows may be compared, and that they are compared on the same resamples."""

import numpy as np
import pytest

from percepnet.ablation.evidence import gather
from tests.fakes import finished_run, result_rows


def evidence(results):
    [found] = gather(results)
    return found


def test_a_difference_is_taken_resample_by_resample_and_turned_so_that_more_is_more_human_like(tmp_path):
    finished_run(tmp_path, "one", result_rows([-0.5, -0.8], run_id="one"), spread=0.0, shared=0.1)
    finished_run(tmp_path, "two", result_rows([-0.6], run_id="two", readout="last"), spread=0.0, shared=0.1)
    found = evidence(tmp_path)
    first, second = found.networks
    gain = found.difference(first.best, second.best)
    assert gain.value == pytest.approx(0.2)
    assert (gain.low, gain.high) == pytest.approx((0.2, 0.2), abs=1e-6)  # what is common cancels
    assert found.ceiling == pytest.approx(0.98)


def test_the_best_layer_is_chosen_anew_in_every_resample(tmp_path):
    finished_run(tmp_path, "one", result_rows([-0.8, -0.8], run_id="one"), spread=0.05)
    [cell] = evidence(tmp_path).networks
    assert (cell.best.draws >= np.stack([row.draws for row in cell.rows])).all()
    assert cell.best.layer == "features.0"
    assert cell.last.layer == "features.1"


def test_runs_on_other_pairs_or_other_resamples_are_set_apart_with_the_reason(tmp_path):
    finished_run(tmp_path, "one", result_rows(run_id="one"))
    finished_run(tmp_path, "two", result_rows(run_id="two", arch="vgg", variant="16"))
    finished_run(tmp_path, "old", result_rows(run_id="old", draws=None))
    finished_run(tmp_path, "few", result_rows(run_id="few", draws="10 resamples"))
    finished_run(tmp_path, "data", result_rows(run_id="data", manifest_hash="ef" * 32))
    found = evidence(tmp_path)
    assert [cell.run_id for cell in found.cells] == ["one", "two"]
    assert found.networks[1].levels["arch"] == "vgg 16"
    assert found.apart == {
        "old": "made by a version that kept no resamples",
        "few": "other resamples: 10 resamples, not 40 resamples of 24 clusters, seed 0",
        "data": "judged on other image pairs",
    }


def test_baselines_stand_after_networks_and_controls_beside_what_was_learned(tmp_path):
    finished_run(tmp_path, "a", result_rows([-0.7], run_id="a", goal="baseline", layer="output"))
    rows = [
        *result_rows([-0.9], run_id="b", layer="x"),
        *result_rows([-0.8], run_id="b", layer="x (uniform)"),
    ]
    rows[1]["layer_index"] = 1
    finished_run(tmp_path, "b", rows)
    found = evidence(tmp_path)
    assert [cell.is_baseline for cell in found.cells] == [False, True]
    [learned] = found.networks
    assert [row.layer for row in learned.rows] == ["x"]
    assert [row.layer for row in learned.control] == ["x (uniform)"]


def test_rows_that_are_undefined_or_have_no_polarity_are_no_evidence(tmp_path):
    finished_run(tmp_path, "one", result_rows([float("nan")], run_id="one"))
    assert gather(tmp_path) == []
    finished_run(tmp_path, "two", result_rows([1.1], run_id="two", metric="threshold", polarity=0))
    assert gather(tmp_path) == []
