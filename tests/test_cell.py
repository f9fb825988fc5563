import errno
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from percepnet.ablation.evidence import gather
from percepnet.agreement.interval import interval
from percepnet.cell import run_cell
from percepnet.results.resamples import read_resamples
from percepnet.results.rows import read_run
from percepnet.results.status import read_statuses
from percepnet.results.tables import conclude


def rows_of(folder):
    rows = read_run(folder)
    assert rows is not None
    return rows


@pytest.fixture
def run(compose, mini, tmp_path):
    def once(*overrides, folder="cell"):
        path = tmp_path / "results" / "runs" / folder
        path.mkdir(parents=True, exist_ok=True)
        run_cell(compose(*mini, *overrides), path)
        return json.loads((path / "status.json").read_text()), path

    return once


def test_a_cell_leaves_a_row_per_layer_and_metric_with_everything_that_identifies_it(run):
    status, folder = run()
    assert status["state"] == "done"
    assert status["images_passed"] == 3 * 12 + 3
    every = rows_of(folder)
    kinds, levels, fitted = 4, 3, 2
    assert len(every) == 14 * (3 * (1 + kinds + levels) + fitted)
    rows = every[every["subset"] == "all"]
    assert len(rows) == 14 * 5
    assert set(rows["metric"]) == {"srcc", "krcc", "plcc", "plcc_logistic", "rmse_logistic"}
    assert set(rows.loc[rows["metric"].str.endswith("logistic"), "fit"]) == {"logistic, 5 parameters"}
    assert set(rows["goal"]) == {"untrained"}
    assert set(rows["network"]) == {"alexnet.untrained.0"}
    assert (rows["n_pairs"] == 36).all()
    assert (rows["n_clusters"] == 3).all()
    assert rows["value"].notna().all()
    # resamples of so few references fit a curve better than all of them do
    raw = rows[rows["fit"] == ""]
    assert (raw["ci_low"] <= raw["value"]).all()
    assert (raw["value"] <= raw["ci_high"]).all()


def test_the_resamples_of_every_row_over_all_judgements_are_kept_and_give_its_interval(run, tmp_path):
    _, folder = run()
    rows = rows_of(folder).query("subset == 'all'")
    assert set(rows["draws"]) == {"50 resamples of 3 clusters, seed 0, 3 left out in turn"}
    for metric, part in rows.groupby("metric"):
        kept = read_resamples(folder, "tid2013", metric)
        assert sorted(kept) == sorted(part["layer_index"])
        for _, row in part.iterrows():
            left_out, values = kept[row["layer_index"]]
            assert (left_out, values.size) == (3, 53)
            low, high, method = interval(np.r_[row["value"], values], left_out)
            assert (low, high) == pytest.approx((row["ci_low"], row["ci_high"]), abs=1e-6)
            assert method == row["ci_method"]
    # a second readout was judged on the same resamples
    run("readout=concatenated", folder="other")
    found = {one.metric: one for one in gather(tmp_path / "results")}["srcc"]
    assert (len(found.cells), dict(found.apart)) == (2, {})


def test_the_distances_of_every_pair_are_kept_beside_the_scores(run):
    _, folder = run()
    kept = pd.read_parquet(folder / "distances-tid2013.parquet")
    assert len(kept) == 36
    rows = rows_of(folder).query("subset == 'all'").set_index(["layer", "metric"])["value"]
    spearman = kept["features.3"].corr(kept["score"], method="spearman")
    assert spearman == pytest.approx(rows["features.3", "srcc"], abs=1e-12)


def test_a_second_readout_passes_no_image(run):
    run()
    for index, readout in enumerate(
        [
            ["readout=concatenated"],
            ["readout.distance=unit_normalised"],
            ["readout=concatenated", "readout.layers=[input]"],
        ]
    ):
        status, _ = run(*readout, folder=f"other{index}")
        assert (status["state"], status["images_passed"]) == ("done", 0)


def test_a_finished_cell_is_not_run_again_unless_it_is_told_to(run):
    _, folder = run()
    written = (folder / "rows.parquet").stat().st_mtime_ns
    again, _ = run()
    assert (again["state"], again["reason"]) == ("done", "finished before")
    assert (folder / "rows.parquet").stat().st_mtime_ns == written
    run("retry=true")
    assert (folder / "rows.parquet").stat().st_mtime_ns > written


@pytest.mark.slow
def test_a_cell_of_a_version_that_kept_no_resamples_is_made_anew_without_a_forward_pass(run):
    _, folder = run()
    resamples = folder / "resamples.parquet"
    resamples.unlink()
    status, _ = run()
    assert (status["reason"], status["images_passed"]) == ("", 0)
    assert resamples.exists()
    rows = folder / "rows.parquet"
    pq.write_table(pq.read_table(rows).drop_columns(["draws", "fit"]), rows)
    status, _ = run()
    assert (status["reason"], status["images_passed"]) == ("", 0)
    assert rows_of(folder)["draws"].str.startswith("50 resamples").all()
    status, _ = run()
    assert status["reason"] == "finished before"


def test_a_cell_without_resamples_is_finished_too(run):
    _, folder = run("agreement.resamples=0")
    rows = rows_of(folder)
    assert set(rows["draws"]) == {""}
    assert rows["ci_low"].isna().all()
    status, _ = run("agreement.resamples=0")
    assert status["reason"] == "finished before"


def test_rows_are_written_last_as_they_say_that_the_cell_has_finished(run, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("percepnet.cell.write_rows", full)
    _, folder = run()
    assert (folder / "resamples.parquet").exists()
    assert not (folder / "rows.parquet").exists()
    monkeypatch.undo()
    monkeypatch.setattr("percepnet.cell.write_resamples", full)
    _, folder = run(folder="second")
    assert not (folder / "rows.parquet").exists()


def test_a_finished_cell_is_run_again_when_its_data_have_changed(run, tmp_path):
    _, folder = run()
    before = rows_of(folder)
    scores = tmp_path / "tid" / "mos_with_names.txt"
    first, *rest = scores.read_text().splitlines()
    scores.write_text("\n".join([f"0.5 {first.split()[1]}", *rest]) + "\n")
    status, _ = run()
    assert status["reason"] == ""
    assert not np.allclose(rows_of(folder)["value"], before["value"])


@pytest.mark.parametrize(
    ("overrides", "state", "message"),
    [
        (["arch=resnet", "arch.variant=19"], "skipped", "resnet 18"),
        (
            ["weights=pretrained", "arch=resnet", "sources.network=false"],
            "failed",
            "resnet50.tv1/resnet50-0676ba61.pth",
        ),
        (["benchmark.root=null"], "skipped", "root"),
        (["benchmark.root=/does/not/exist"], "failed", "/does/not/exist"),
        (["arch.taps=[feature.3]"], "failed", "features.3"),
        (["readout=concatenated", "readout.layers=[features.33]"], "failed", "features.3"),
        (["readout.distance=euclidian"], "failed", "did you mean euclidean"),
        (["statistics=[squared]"], "failed", "squared_difference"),
        (["compute.precision=fp8"], "failed", "fp32, bf16, fp16"),
        (["benchmark.tid2013.references=25"], "failed", "rows"),
        (["weights=trained"], "failed", "pretrained"),
    ],
)
def test_what_cannot_be_run_says_why_and_leaves_no_rows(run, overrides, state, message):
    status, folder = run(*overrides)
    assert status["state"] == state
    assert message in status["reason"]
    assert "Traceback" not in status["reason"]
    assert not (folder / "rows.parquet").exists()


def test_a_missing_image_fails_the_cell_by_name(run, tmp_path):
    (tmp_path / "tid" / "distorted_images" / "i02_03_1.bmp").unlink()
    status, _ = run()
    assert status["state"] == "failed"
    assert "i02_03_1" in status["reason"]


def test_an_image_that_is_cut_off_fails_the_cell_and_leaves_no_half_written_entry(run, tmp_path):
    path = tmp_path / "tid" / "distorted_images" / "i02_03_1.bmp"
    path.write_bytes(path.read_bytes()[:500])
    status, _ = run()
    assert status["state"] == "failed"
    assert "i02_03_1" in status["reason"]
    assert not list((tmp_path / "cache" / "responses").glob("*/entry.json"))


def test_a_full_disk_fails_the_cell_in_one_screen_and_leaves_no_half_written_entry(
    run, tmp_path, monkeypatch
):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("percepnet.responses.store.save", full)
    status, folder = run()
    assert status["state"] == "failed"
    assert "the disk is full" in status["reason"]
    assert "sources.cache=DIR" in status["reason"]
    left = (tmp_path / "cache" / "responses").glob("*/*")
    assert [path.name for path in left] == ["making.json"]  # whole: says what will be there
    assert not (folder / "rows.parquet").exists()


def test_a_failure_that_nobody_foresaw_is_written_down_and_does_not_spread(run, monkeypatch):
    monkeypatch.setattr("percepnet.cell.write_rows", lambda *_: 1 / 0)
    status, _ = run()
    assert status["state"] == "failed"
    assert "ZeroDivisionError" in status["reason"]


def test_the_end_of_a_command_counts_its_own_cells_and_fails_when_one_failed(run, tmp_path, capsys):
    results = tmp_path / "results"
    run("invocation=one", folder="good")
    assert conclude(results, "one") == 0
    run("invocation=two", "arch=resnet", "arch.variant=19", folder="hole")
    assert conclude(results, "two") == 1  # nothing was scored
    run("invocation=two", folder="good")
    assert conclude(results, "two") == 0  # a hole beside a score is no failure
    run("invocation=two", "benchmark.root=/nowhere", folder="bad")
    assert conclude(results, "two") == 1
    shown = capsys.readouterr().out
    assert "3 cells: 1 done, 1 skipped, 1 failed" in shown
    assert "/nowhere" in shown
    assert len(read_statuses(results)) == 3


def test_one_cell_may_have_several_benchmarks(compose, mini, tmp_path):
    settings = compose(*mini)
    other = dict(settings["benchmark"]["tid2013"], name="again")
    settings["benchmark"]["again"] = other
    folder = tmp_path / "two"
    folder.mkdir()
    run_cell(settings, folder)
    rows = rows_of(folder)
    assert list(dict.fromkeys(rows["benchmark"])) == ["tid2013", "again"]
