"""Distances of a benchmark: each image pair once, kept, resumed at the last shard."""

import numpy as np
import pytest

from percepnet.baselines.classic import Classic
from percepnet.baselines.measuring import measure
from percepnet.benchmarks.manifest import distinct
from percepnet.errors import NothingThereError
from percepnet.networks.place import Place
from percepnet.responses import plan
from tests.fakes import memory_benchmark


@pytest.fixture
def psnr(tmp_path):
    return Classic("psnr", "psnr").prepare(Place(tmp_path))


def test_every_two_images_are_measured_once_in_the_order_of_the_distinct_pairs(psnr, tmp_path):
    benchmark = memory_benchmark()
    benchmark.pairs.append(benchmark.pairs[-1])  # judged twice
    found, images = measure(psnr, benchmark, tmp_path)
    pairs, _ = distinct(benchmark.pairs)
    expected = [
        psnr.distance(benchmark.images[pair.reference], benchmark.images[pair.distorted]) for pair in pairs
    ]
    assert found == pytest.approx(expected, rel=1e-6)
    assert (len(found), images) == (15, 15 + 3)


def test_a_second_time_no_image_is_read(psnr, tmp_path):
    benchmark = memory_benchmark()
    first, _ = measure(psnr, benchmark, tmp_path)
    benchmark.reads.clear()
    again, images = measure(psnr, benchmark, tmp_path)
    assert (again == first).all()
    assert images == len(benchmark.reads) == 0


def test_a_killed_measurement_goes_on_after_its_last_shard(psnr, tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "shards", lambda pairs, cut=plan.shards: cut(pairs, 5))
    benchmark = memory_benchmark()
    whole, _ = measure(psnr, benchmark, tmp_path / "undisturbed")
    look = type(benchmark).image

    def dies(self, key):
        if key == "r2d3":
            raise KeyboardInterrupt
        return look(self, key)

    monkeypatch.setattr(type(benchmark), "image", dies)
    with pytest.raises(KeyboardInterrupt):
        measure(psnr, benchmark, tmp_path / "store")
    monkeypatch.setattr(type(benchmark), "image", look)
    found, images = measure(psnr, benchmark, tmp_path / "store")
    assert (found == whole).all()
    assert images == 6


@pytest.mark.parametrize("other", [Classic("ssim", "ssim"), Classic("psnr", "psnr", "gray")])
def test_another_metric_or_variant_or_other_images_are_never_taken_for_the_stored(psnr, tmp_path, other):
    benchmark = memory_benchmark()
    measure(psnr, benchmark, tmp_path)
    assert measure(other.prepare(Place(tmp_path)), benchmark, tmp_path)[1] == 18
    assert measure(psnr, memory_benchmark(seed=1), tmp_path)[1] == 18


def test_a_pair_without_a_distance_is_named_and_nothing_is_kept_as_finished(tmp_path):
    ready = Classic("vif", "vif").prepare(Place(tmp_path))
    with pytest.raises(NothingThereError, match=r"r0 and r0d0: vif .* small") as caught:
        measure(ready, memory_benchmark(), tmp_path)
    assert "19 x 23" in str(caught.value)
    assert not list(tmp_path.glob("*/entry.json"))


def test_distances_rise_with_the_noise(psnr, tmp_path):
    benchmark = memory_benchmark(references=1, distorted=3)
    base = benchmark.images["r0"].astype(float)
    noise = np.random.default_rng(0).normal(0, 1, base.shape)
    for index in range(3):
        noisy = (base + 4 * (index + 1) * noise).clip(0, 255).astype(np.uint8)
        benchmark.images[f"r0d{index}"] = noisy
    found, _ = measure(psnr, benchmark, tmp_path)
    assert (np.diff(found) > 0).all()
