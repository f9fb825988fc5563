"""However many readouts a sweep crosses, each image passes each network once."""

import json

import numpy as np
import pytest
from PIL import Image

from percepnet.config import conf_folder
from percepnet.results.rows import read_results
from tests.fakes import miniature_tid2013

READOUTS = sorted(file.stem for file in (conf_folder() / "readout").glob("*.yaml"))


@pytest.mark.slow
def test_every_readout_of_two_networks_comes_from_one_pass_per_image(sweep, tmp_path):
    database = miniature_tid2013(tmp_path / "tid", references=6)
    folders = [f"results={tmp_path / 'results'}", f"sources.cache={tmp_path / 'cache'}", "tracking=disabled"]
    small = ["weights=random", "agreement.resamples=20", "compute.threads=1"]
    crossed = ["arch=alexnet,vgg", f"readout={','.join(READOUTS)}"]
    ended = sweep("-m", *crossed, *small, *database, *folders)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    statuses = [json.loads(file.read_text()) for file in (tmp_path / "results/runs").glob("*/status.json")]
    assert len(statuses) == 2 * len(READOUTS)
    images = 6 * (1 + 4 * 3)
    assert sum(status["images_passed"] for status in statuses) == 2 * images
    assert f"{2 * images} images passed through networks" in ended.stdout
    rows = read_results(tmp_path / "results")
    assert set(rows["readout"]) == set(READOUTS)
    assert rows[rows["subset"] == "all"]["value"].notna().all()
    gains = rows[rows["metric"].str.endswith("_gain")]
    assert set(gains["readout"]) == {"channel_relevance"}


@pytest.mark.slow
def test_a_readout_learns_from_one_benchmark_and_is_judged_by_another(sweep, tmp_path):
    database = miniature_tid2013(tmp_path / "tid", references=6)
    rows = ["reference,distorted,score"]
    images = tmp_path / "mine"
    images.mkdir()
    random = np.random.default_rng(3)
    for r in range(3):
        base = random.integers(40, 216, (64, 64, 3))
        Image.fromarray(base.astype(np.uint8)).save(images / f"{r}.png")
        for d in range(6):
            noisy = (base + random.normal(0, 4 * d + 2, base.shape)).clip(0, 255)
            Image.fromarray(noisy.astype(np.uint8)).save(images / f"{r}_{d}.png")
            rows.append(f"{r}.png,{r}_{d}.png,{9 - d + random.normal(0, 0.1):.4f}")
    (images / "pairs.csv").write_text("\n".join(rows) + "\n")
    both = [one.replace("benchmark=tid2013", "benchmark=[pairs_csv,tid2013]") for one in database]
    own = [f"benchmark.pairs_csv.root={images / 'pairs.csv'}", "benchmark.pairs_csv.higher_is_better=true"]
    folders = [f"results={tmp_path / 'results'}", f"sources.cache={tmp_path / 'cache'}", "tracking=disabled"]
    small = ["weights=random", "agreement.resamples=20", "compute.threads=1"]
    learn = ["readout=best,channel_relevance", "++readout.train_on=tid2013"]
    ended = sweep("-m", *learn, *small, *both, *own, *folders)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = read_results(tmp_path / "results")
    assert set(found["benchmark"]) == {"tid2013", "pairs_csv"}
    carried = found[(found["benchmark"] == "pairs_csv") & (found["readout"] == "best")]
    assert carried["layer"].str.endswith("(by tid2013)").all()
    gains = found[found["metric"] == "srcc_gain"]
    assert set(gains[gains["subset"] == "all"]["benchmark"]) == {"tid2013", "pairs_csv"}


def test_a_teacher_that_is_not_there_is_asked_for(sweep, mini):
    ended = sweep(*mini, "readout=best", "readout.train_on=kadid10k")
    assert ended.returncode == 1
    assert "readout.train_on=kadid10k" in ended.stdout
    assert "'benchmark=[kadid10k,tid2013]'" in ended.stdout
