import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from percepnet.benchmarks.contract import Pair
from percepnet.errors import InputError
from percepnet.responses import plan
from percepnet.responses.extraction import Compute, extract
from percepnet.responses.store import Unfinished
from tests.fakes import MemoryBenchmark, memory_benchmark, tiny_network

BOTH = ["squared_difference", "unit_squared_difference"]
CPU = Compute(device="cpu", batch=4)


def stored(entry, statistic="squared_difference"):
    shards = list(entry.shards(entry.taps, [statistic]))
    return {tap: np.concatenate([shard[tap][statistic] for shard in shards]) for tap in entry.taps}


def naive(network, benchmark):
    """Full responses of every image, then the mean squared difference: what the store must agree with."""
    responses: dict[str, dict[str, torch.Tensor]] = {}
    for key, image in benchmark.images.items():
        responses[key] = {}
        keep = responses[key]
        network.observe(
            torch.from_numpy(image)[None], lambda tap, r, keep=keep: keep.update({tap: r.clone()})
        )
    return {
        tap.name: np.stack(
            [
                ((responses[p.distorted][tap.name] - responses[p.reference][tap.name])[0].double() ** 2)
                .mean(dim=(1, 2))
                .numpy()
                for p in benchmark.pairs
            ]
        )
        for tap in network.taps
    }


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_statistics_equal_a_naive_computation_on_full_responses(tmp_path, dtype):
    network, benchmark = tiny_network(), memory_benchmark(dtype=dtype)
    entry, _ = extract(network, benchmark, BOTH, CPU, tmp_path)
    for tap, expected in naive(network, benchmark).items():
        np.testing.assert_allclose(stored(entry)[tap], expected, rtol=1e-5, atol=1e-12)


def test_every_image_is_decoded_and_passed_exactly_once(tmp_path):
    benchmark = memory_benchmark(references=3, distorted=5)
    _, passed = extract(tiny_network(), benchmark, BOTH, CPU, tmp_path)
    assert passed == 18
    assert sorted(benchmark.reads) == sorted(benchmark.images)


def test_a_second_extraction_passes_no_image(tmp_path):
    benchmark = memory_benchmark()
    first, _ = extract(tiny_network(), benchmark, BOTH, CPU, tmp_path)
    second, passed = extract(tiny_network(), benchmark, BOTH, CPU, tmp_path)
    assert (second, passed) == (first, 0)


@pytest.mark.parametrize("batch", [2, 3, 16])
def test_the_batch_size_does_not_change_the_numbers(tmp_path, batch):
    """Tolerance 1e-6 relative: convolutions may sum in another order for another batch size."""
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path / "a")
    other, _ = extract(tiny_network(), memory_benchmark(), BOTH, replace(CPU, batch=batch), tmp_path / "b")
    for tap, values in stored(entry).items():
        np.testing.assert_allclose(stored(other)[tap], values, rtol=1e-6, atol=1e-12)


def test_an_image_identical_to_its_reference_is_at_distance_zero_wherever_it_stands_in_the_batch(tmp_path):
    benchmark = memory_benchmark(references=1, distorted=9)
    for key in ("r0d0", "r0d4", "r0d8"):
        benchmark.images[key] = benchmark.images["r0"]
    entry, _ = extract(tiny_network(), benchmark, BOTH, CPU, tmp_path)
    for statistic in BOTH:
        for values in stored(entry, statistic).values():
            assert not values[[0, 4, 8]].any()
            assert values[[1, 5]].any()


def test_everything_that_changes_numbers_changes_the_entry(tmp_path):
    base = (tiny_network(), memory_benchmark(), BOTH, CPU)
    variants = [
        base,
        (tiny_network(seed=1), *base[1:]),
        (tiny_network(taps=("features.1",)), *base[1:]),
        (tiny_network(padding=2), *base[1:]),  # the same tensors, another structure
        (base[0], memory_benchmark(seed=1), *base[2:]),
        (*base[:2], ["reference_mean"], CPU),
        (*base[:3], replace(CPU, precision="bf16")),
    ]
    entries = {extract(*variant, tmp_path)[0].folder for variant in variants}
    assert len(entries) == len(variants)


def test_what_does_not_change_numbers_does_not_change_the_entry(tmp_path):
    first, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    other, passed = extract(tiny_network(), memory_benchmark(), BOTH, replace(CPU, batch=7), tmp_path)
    assert (other, passed) == (first, 0)


def test_an_interrupted_extraction_keeps_its_finished_shards(tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "SHARD_PAIRS", 5)
    monkeypatch.setattr(plan.shards, "__defaults__", (5,))
    network, benchmark = tiny_network(), memory_benchmark(references=4, distorted=5)
    undisturbed, _ = extract(network, benchmark, BOTH, CPU, tmp_path / "undisturbed")
    real_write, writes = Unfinished.write, []

    def dies_at_the_third(self, shard, arrays):
        writes.append(shard.index)
        if len(writes) == 3:
            raise KeyboardInterrupt
        real_write(self, shard, arrays)

    monkeypatch.setattr(Unfinished, "write", dies_at_the_third)
    with pytest.raises(BaseException):  # noqa: B017, PT011 (Lightning turns it into SystemExit)
        extract(network, benchmark, BOTH, CPU, tmp_path)
    assert not list(tmp_path.glob("*/entry.json"))[1:]
    monkeypatch.setattr(Unfinished, "write", real_write)
    entry, passed = extract(network, benchmark, BOTH, CPU, tmp_path)
    assert passed == 2 * 6
    for tap, values in stored(undisturbed).items():
        np.testing.assert_array_equal(stored(entry)[tap], values)


def test_a_damaged_shard_says_which_folder_to_delete(tmp_path):
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    shard = next(entry.folder.glob("shard-*"))
    shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(InputError, match=f"delete the folder {entry.folder}"):
        list(entry.shards(entry.taps, BOTH))


def test_a_pair_of_different_sizes_is_refused_by_name(tmp_path):
    benchmark = memory_benchmark()
    benchmark.images["r1d2"] = benchmark.images["r1d2"][:-1]
    with pytest.raises(InputError, match=r"r1d2 \[18, 23, 3\]"):
        extract(tiny_network(), benchmark, BOTH, CPU, tmp_path)


def test_references_may_differ_in_size_from_each_other(tmp_path):
    benchmark = memory_benchmark(references=1, distorted=3)
    larger = memory_benchmark(references=1, distorted=3, size=(30, 28), seed=1)
    benchmark.images |= {f"big_{key}": image for key, image in larger.images.items()}
    benchmark.pairs += [Pair("big_r0", f"big_{p.distorted}", "big", p.score) for p in larger.pairs]
    entry, _ = extract(tiny_network(), benchmark, BOTH, CPU, tmp_path)
    positions = next(iter(entry.shards(["input"], [])))["input"]["positions"]
    assert positions.tolist() == [19 * 23] * 3 + [30 * 28] * 3


def test_numbers_that_are_none_are_refused(tmp_path):
    network = tiny_network()
    network.trunk.features[0].weight.data[0, 0, 0, 0] = float("nan")
    with pytest.raises(InputError, match="not finite"):
        extract(network, memory_benchmark(), BOTH, CPU, tmp_path)
    assert not list(tmp_path.glob("*/shard-*"))


def test_an_unknown_precision_is_refused(tmp_path):
    with pytest.raises(InputError, match="fp32, bf16, fp16"):
        extract(tiny_network(), memory_benchmark(), BOTH, replace(CPU, precision="fp64"), tmp_path)


def test_the_entry_says_what_it_holds(tmp_path):
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    content = json.loads((entry.folder / "entry.json").read_text())
    assert content["pairs"] == 15
    assert content["key"]["statistics"] == {"squared_difference": 3, "unit_squared_difference": 3}
    assert entry.stages == ["features.1", "features.4"]


def test_two_images_that_were_judged_twice_pass_once(tmp_path):
    network, benchmark = tiny_network(), memory_benchmark()
    single, passed = extract(network, benchmark, BOTH, CPU, tmp_path / "single")
    benchmark.pairs[2:2] = [replace(benchmark.pairs[0], score=9.0)]
    twice, passed_twice = extract(network, benchmark, BOTH, CPU, tmp_path / "twice")
    assert passed_twice == passed == len(benchmark.images)
    np.testing.assert_array_equal(stored(twice)["features.4"], stored(single)["features.4"])


@pytest.mark.parametrize("job", [{}, {"SLURM_NTASKS": "2", "SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "sweep"}])
def test_lightning_leaves_slurm_to_the_launcher(tmp_path, monkeypatch, job):
    """Neither a warning about `srun`, nor a refusal of two tasks, nor a signal handler of its own."""
    srun = tmp_path / "bin" / "srun"
    srun.parent.mkdir()
    srun.write_text("#!/bin/sh\n")
    srun.chmod(0o755)
    monkeypatch.setenv("PATH", str(srun.parent), prepend=os.pathsep)
    for name, value in job.items():
        monkeypatch.setenv(name, value)
    handlers: list[object] = []

    class Watched(MemoryBenchmark):
        def image(self, key):
            handlers.extend(signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGUSR2))
            return super().image(key)

    plain = memory_benchmark(references=1, distorted=2)
    _, passed = extract(tiny_network(), Watched(plain.images, plain.pairs), BOTH, CPU, tmp_path)
    assert passed == 3
    assert set(handlers) == {signal.SIG_DFL}
