import errno
import json

import numpy as np
import pandas as pd
import pytest

from percepnet.cell import run_cell
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
    kinds, levels = 4, 3
    assert len(every) == 14 * 3 * (1 + kinds + levels)
    rows = every[every["subset"] == "all"]
    assert len(rows) == 14 * 3
    assert set(rows["metric"]) == {"srcc", "krcc", "plcc"}
    assert set(rows["goal"]) == {"untrained"}
    assert set(rows["network"]) == {"alexnet.untrained.0"}
    assert (rows["n_pairs"] == 36).all()
    assert (rows["n_clusters"] == 3).all()
    assert rows["value"].notna().all()
    assert (rows["ci_low"] <= rows["value"]).all()
    assert (rows["value"] <= rows["ci_high"]).all()


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
    assert not list((tmp_path / "cache" / "responses").glob("*/*"))
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
