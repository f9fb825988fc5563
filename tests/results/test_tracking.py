import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from percepnet.results.tracking import TABLE_COLUMNS, track
from percepnet.results.view import configuration, profiles, summary
from tests.fakes import DRAWS, result_rows

OFFLINE = {"mode": "offline", "project": "percepnet", "entity": None, "timeout_s": 5.0}
ROWS = pd.DataFrame(result_rows())


def records(folder):
    """What W&B really wrote, read back by its own tool without a server."""
    run = next((folder / "wandb").glob("offline-run-*"))
    tool = Path(sys.executable).with_name("wandb")
    shown = subprocess.run([tool, "leet", "inspect", "--json", run], capture_output=True, check=True)
    return [json.loads(line) for line in shown.stdout.splitlines()], run


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    assert track(ROWS, folder, OFFLINE, {"parameters": 2469696}) == ""
    return records(folder)


def of_kind(logged, kind):
    return [record[kind] for record in logged[0] if record["type"] == kind]


def test_the_factors_are_flat_keys(logged):
    config = of_kind(logged, "run")[0]["config"]["update"]
    expected = {"goal": "classification", "dataset": "imagenet1k", "arch": "alexnet", "weights": "pretrained"}
    expected |= {"readout": "layerwise", "benchmark": "tid2013", "network": "alexnet.tv1"}
    expected_levels: dict[str, object] = {
        "arch_variant": "alexnet",
        "readout_distance": "layerwise euclidean",
        "study": "default",
    }
    expected_levels |= {"manifest": "cdcdcdcdcdcd", "draws": DRAWS, "parameters": 2469696}
    assert expected.items() <= config.items()
    assert expected_levels.items() <= config.items()
    assert all(not isinstance(value, dict | list) for key, value in config.items() if key != "_wandb")


def test_the_run_belongs_to_its_study_and_bears_the_cells_own_id(logged):
    run = of_kind(logged, "run")[0]
    assert (run["run_group"], run["run_id"], run["project"]) == ("default", "r0", "percepnet")
    assert run["job_type"] == "classification/imagenet1k/alexnet"


def test_the_summary_names_the_best_layer(logged):
    merged: dict[str, object] = {}
    for record in of_kind(logged, "summary"):
        merged |= record["update"]
    assert merged["tid2013/srcc/best"] == -0.8
    assert merged["tid2013/srcc/best_layer"] == "features.1"
    assert (merged["tid2013/srcc/best_ci_low"], merged["tid2013/srcc/best_ci_high"]) == (
        -0.8 - 0.05,
        -0.8 + 0.05,
    )
    assert merged["tid2013/srcc/agreement"] == 0.8
    assert (merged["tid2013/srcc/agreement_ci_low"], merged["tid2013/srcc/agreement_ci_high"]) == (
        0.8 - 0.05,
        0.8 + 0.05,
    )
    assert merged["tid2013/srcc/share_of_ceiling"] == pytest.approx(0.8 / 0.98, abs=1e-15)


def test_the_numbers_that_bars_show_are_logged_as_well_as_summed_up(logged):
    logged_keys = {key for record in of_kind(logged, "history") for key in record["item"]}
    assert {key for key, value in summary(ROWS).items() if isinstance(value, float)} <= logged_keys


def test_the_layer_table_is_there_row_by_row(logged):
    file = next((logged[1] / "files/media/table").glob("layers_*.json"))
    table = json.loads(file.read_text())
    assert table["columns"] == list(TABLE_COLUMNS)
    assert [row[table["columns"].index("value")] for row in table["data"]] == [-0.5, -0.8, -0.7]


def test_the_depth_profile_is_there(logged):
    assert list((logged[1] / "files/media/table/profile").glob("tid2013_*.json"))


def test_the_run_ended_well(logged):
    assert [record.get("exit_code", 0) for record in of_kind(logged, "exit")] == [0]


def test_two_runs_of_one_process_do_not_mix(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        assert track(pd.DataFrame(result_rows(run_id=name)), tmp_path / name, OFFLINE) == ""
    assert [of_kind(records(tmp_path / name), "run")[0]["run_id"] for name in ("a", "b")] == ["a", "b"]


def test_disabled_tracking_writes_nothing(tmp_path):
    assert track(ROWS, tmp_path, {**OFFLINE, "mode": "disabled"}) == ""
    assert not list(tmp_path.iterdir())


def test_a_missing_wandb_is_a_remark_and_no_failure(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    assert "did not take the run" in track(ROWS, tmp_path, OFFLINE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "reason"),
    [("x" * 40, "no answer within 5 s"), ("", "wandb login")],
    ids=["no server", "no login"],
)
def test_a_run_that_cannot_be_sent_stays_whole_and_offline(tmp_path, monkeypatch, key, reason):
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("WANDB_API_KEY", key)
    remark = track(ROWS, tmp_path, {**OFFLINE, "mode": "online"})
    assert reason in remark
    assert "wandb sync" in remark
    assert of_kind(records(tmp_path), "run")[0]["run_id"] == "r0"


def test_the_summary_follows_the_polarity():
    rising = pd.DataFrame(result_rows(values=[0.3, 0.1], polarity=1))
    errors = pd.DataFrame(result_rows(values=[0.3, 0.1], metric="rmse", polarity=-1))
    flat = summary(pd.concat([rising, errors], ignore_index=True))
    assert (flat["tid2013/srcc/best"], flat["tid2013/rmse/best"]) == (0.3, 0.1)


def test_an_error_has_no_share_of_a_ceiling_and_nothing_undefined_is_logged():
    errors = pd.DataFrame(result_rows(values=[0.3, 0.1], metric="rmse", polarity=-1, ceiling=0.05))
    flat = summary(errors.assign(ci_low=float("nan")))
    assert (flat["tid2013/rmse/agreement"], flat["tid2013/rmse/ceiling"]) == (-0.1, 0.05)
    assert not {"tid2013/rmse/share_of_ceiling", "tid2013/rmse/best_ci_low"} & flat.keys()


def test_what_a_readout_would_be_had_it_learned_nothing_is_never_its_best_layer():
    rows = pd.DataFrame(result_rows(values=[-0.5, -0.9]))
    rows.loc[1, "layer"] = "features.0 (uniform)"
    assert summary(rows)["tid2013/srcc/best"] == -0.5


def test_a_metric_that_nobody_can_be_better_at_has_no_best_layer():
    assert summary(pd.DataFrame(result_rows(polarity=0))) == {}


def test_a_baseline_is_logged_beside_the_networks(tmp_path):
    rows = pd.DataFrame(
        result_rows(
            values=[0.9],
            goal="baseline",
            dataset="",
            arch="ssim",
            variant=None,
            readout="baseline",
            distance="ssim",
        )
    )
    assert track(rows, tmp_path, OFFLINE) == ""
    run = of_kind(records(tmp_path), "run")[0]
    assert run["job_type"] == "baseline/ssim"
    assert run["config"]["update"]["readout_distance"] == "baseline ssim"


def test_two_benchmarks_of_one_run_keep_apart():
    rows = pd.DataFrame(result_rows() + result_rows(values=[0.4], polarity=1, benchmark="csf", metric="plcc"))
    assert {"csf/plcc/best", "tid2013/srcc/best"} <= summary(rows).keys()
    assert configuration(rows)["benchmark"] == "tid2013+csf"
    assert list(profiles(rows)) == ["csf", "tid2013"]
