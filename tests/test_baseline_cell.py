import json
from multiprocessing import get_context

import pandas as pd
import pytest

from percepnet.baseline_cell import run_baselines
from percepnet.config import baseline_folder, baseline_id
from percepnet.results.resamples import read_resamples
from percepnet.results.rows import read_run
from percepnet.results.status import read_statuses

WANTED = "baseline=[psnr,gmsd]"
ONE = "baseline=[psnr]"


@pytest.fixture
def run(compose, mini, tmp_path):
    def once(*overrides, cell="cell"):
        settings = compose(*mini, *overrides)
        run_baselines(settings, tmp_path / "results" / "runs" / cell)
        return {status.cell["arch"]: (status, path) for path, status in read_statuses(tmp_path / "results")}

    return once


def rows_of(folder):
    rows = read_run(folder)
    assert rows is not None
    return rows


def test_each_baseline_leaves_a_run_beside_those_of_the_networks_with_rows_of_the_same_kind(run):
    found = run(WANTED)
    assert set(found) == {"psnr", "gmsd"}
    status, folder = found["gmsd"]
    assert (status.state, status.images_passed) == ("done", 36 + 3)
    assert folder.name.startswith("baseline-gmsd-tid2013-")
    rows = rows_of(folder)
    kinds, levels = 4, 3
    assert len(rows) == 3 * (1 + kinds + levels) + 2  # and two after a logistic fit
    first = rows.iloc[0]
    assert first[["goal", "dataset", "arch", "weights", "network", "weights_hash", "readout"]].to_list() == [
        "baseline",
        "none",
        "gmsd",
        "none",
        "baseline.gmsd",
        "",
        "baseline",
    ]
    assert (first["layer"], first["layer_index"], first["depth"]) == ("output", 0, 1.0)
    assert "piq 0.8.0" in first["variant"]
    assert json.loads(first["versions"])["piq"] == "0.8.0"
    assert folder.name.endswith(first["run_id"])
    # noise grows with the level: a distance must fall as opinion rises
    assert rows.query("subset == 'all' and metric == 'srcc'")["value"].item() < -0.9


def test_the_resamples_of_its_rows_are_kept_and_one_without_them_is_judged_again(run):
    _, folder = run(ONE)["psnr"]
    left_out, values = read_resamples(folder, "tid2013", "srcc")[0]
    assert (left_out, values.size) == (3, 53)
    assert set(rows_of(folder).query("subset == 'all'")["draws"]) == {
        "50 resamples of 3 clusters, seed 0, 3 left out in turn"
    }
    (folder / "resamples.parquet").unlink()
    status, _ = run(ONE)["psnr"]
    assert (status.reason, status.images_passed) == ("", 0)
    assert read_resamples(folder, "tid2013", "srcc")[0][1].tolist() == values.tolist()
    assert run(ONE)["psnr"][0].reason == "finished before"


def test_the_distance_of_every_pair_is_kept_beside_the_scores(run):
    _, folder = run(ONE)["psnr"]
    kept = pd.read_parquet(folder / "distances-tid2013.parquet")
    assert len(kept) == 36
    value = rows_of(folder).query("subset == 'all' and metric == 'srcc'")["value"].item()
    assert kept["output"].corr(kept["score"], method="spearman") == pytest.approx(value, abs=1e-12)


def test_a_baseline_runs_once_however_many_networks_name_it(run):
    status, folder = run(ONE, "invocation=a")["psnr"]
    written = (folder / "rows.parquet").stat().st_mtime_ns
    again, same = run(ONE, "invocation=a", "arch=vgg", "readout=concatenated", cell="other")["psnr"]
    assert (again, same) == (status, folder)
    kept, _ = run(ONE, "invocation=b")["psnr"]
    assert (kept.state, kept.reason, kept.invocation) == ("done", "finished before", "b")
    assert (folder / "rows.parquet").stat().st_mtime_ns == written
    assert (folder.parent.parent / "runs").is_dir()
    retried, _ = run(ONE, "invocation=c", "retry=true")["psnr"]
    assert (retried.reason, retried.images_passed) == ("", 0)
    assert (folder / "rows.parquet").stat().st_mtime_ns > written


def test_a_baseline_is_judged_again_when_its_data_have_changed(run, tmp_path):
    _, folder = run(ONE)["psnr"]
    before = rows_of(folder)["value"].to_list()
    scores = tmp_path / "tid" / "mos_with_names.txt"
    first, *rest = scores.read_text().splitlines()
    scores.write_text("\n".join([f"0.5 {first.split()[1]}", *rest]) + "\n")
    status, _ = run(ONE)["psnr"]
    assert status.reason == ""
    assert rows_of(folder)["value"].to_list() != before


@pytest.mark.parametrize(
    ("overrides", "state", "message"),
    [
        (["baseline=[ms_ssim,psnr]"], "skipped", "at least 161 x 161"),
        (["baseline=[lpips_alex,psnr]", "sources.network=false"], "skipped", "alexnet-owt-7be5be79.pth"),
        (["baseline=[ssim,psnr]", "baseline.ssim.pixels=grey"], "failed", "rgb or gray"),
    ],
)
def test_a_baseline_that_cannot_be_measured_says_why_and_leaves_the_others_alone(
    run, overrides, state, message
):
    found = run(*overrides)
    assert found["psnr"][0].state == "done"
    ((status, folder),) = (found[name] for name in found if name != "psnr")
    assert status.state == state
    assert message in status.reason
    assert "Traceback" not in status.reason
    assert message in (folder / "job.log").read_text()
    assert not (folder / "rows.parquet").exists()


def test_benchmarks_that_are_not_there_are_said_in_the_baselines_own_status(run):
    status, _ = run(ONE, "benchmark.root=null")["psnr"]
    assert status.state == "skipped"
    assert "root" in status.reason


def _one(settings, folder, queue):
    run_baselines(settings, folder)
    queue.put("ended")


@pytest.mark.slow
def test_of_two_processes_one_measures_and_the_second_finds_it_done(compose, mini, tmp_path):
    settings = compose(*mini, "baseline=[psnr]", "invocation=a")
    context = get_context("spawn")
    queue = context.Queue()
    folder = tmp_path / "results" / "runs" / "cell"
    processes = [context.Process(target=_one, args=(settings, folder, queue)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    ((_, status),) = read_statuses(tmp_path / "results")
    assert (status.state, status.images_passed) == ("done", 39)


def test_the_id_of_a_baseline_depends_on_its_own_settings_its_benchmarks_and_the_bootstrap_alone(compose):
    base = baseline_id(compose("baseline=[psnr,ssim]"), "psnr")
    for same in (
        "arch=vgg",
        "readout=concatenated",
        "weights=random",
        "benchmark.root=/x",
        "compute.batch=1",
    ):
        assert baseline_id(compose("baseline=[psnr]", same), "psnr") == base
    for other in ("agreement.seed=1", "benchmark=tid2013", "baseline.psnr.pixels=gray"):
        assert baseline_id(compose("baseline=[psnr]", other), "psnr") != base


def test_a_baselines_folder_is_readable_and_at_most_64_characters_long(compose):
    settings = compose("baseline=[ssim_downsampled]", "benchmark=[modelfest,tid2013,tid2013_kodak,csf]")
    folder = baseline_folder(settings, "ssim_downsampled")
    assert folder.startswith("baseline-ssim_downsampled-modelfest-tid2013-tid2013-")
    assert len(folder) == 64
