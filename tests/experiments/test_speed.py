"""The speed scripts compare what they say that they compare."""

import re
from pathlib import Path

import numpy as np
import pytest

from experiments.speed import passes
from experiments.speed.all import SCRIPTS
from experiments.speed.costs import TOP, costs
from experiments.speed.goals import Goal, tell
from experiments.speed.measured import BATCH, alternating, judged, network_called, noise
from percepnet.baselines.learned import lpips_with
from percepnet.benchmarks.manifest import unique_keys
from percepnet.readouts.layerwise import Layerwise
from percepnet.readouts.lpips import Lpips
from tests.experiments.studies import EXPERIMENTS
from tests.fakes import memory_benchmark, tiny_network


def witnessed(module):
    """Return a list that gets the number of images whenever a module is passed."""
    seen: list[int] = []
    module.register_forward_hook(lambda _module, inputs, _response: seen.append(len(inputs[0])))
    return seen


def test_lpips_loop_passes_and_decodes_two_images_a_pair_in_batches_of_pairs():
    benchmark = memory_benchmark(references=2, distorted=5, size=(64, 64))
    model = lpips_with(network_called("alexnet"), "alex")
    seen = witnessed(model.get_submodule("net.slice1"))
    passes.lpips_distances(model, benchmark)
    assert seen == [8, 8, 2, 2]
    assert benchmark.reads.count("r0") == benchmark.reads.count("r1") == 5
    assert len(benchmark.reads) == 2 * len(benchmark.pairs)


def test_bare_pass_passes_every_image_once_in_the_batches_of_an_extraction():
    network, benchmark = tiny_network(), memory_benchmark(references=2, distorted=5)
    images = passes.decoded(benchmark)
    assert sorted(benchmark.reads) == sorted(unique_keys(benchmark.pairs))
    seen = witnessed(network.trunk)
    passes.bare(network, images)
    assert seen == [BATCH, 12 - BATCH]


def test_the_loops_of_the_field_give_the_distances_of_our_own_extraction(tmp_path):
    network, benchmark = network_called("alexnet"), noise(3, size=(64, 72))
    entry, passed = passes.whole(network, benchmark, tmp_path)
    assert passed == 4
    layerwise = Layerwise().read(entry)
    truncated = passes.truncated_distances(network, benchmark)
    assert len(layerwise.layers) == len(truncated) == 1 + len(passes.truncations(network))
    np.testing.assert_allclose(truncated, layerwise.values, rtol=1e-4)
    package = passes.lpips_distances(lpips_with(network, "alex"), benchmark)
    np.testing.assert_allclose(package, Lpips().read(entry).values[0], rtol=1e-4)


def test_truncation_passes_both_images_of_every_pair_once_for_every_layer_that_needs_them():
    network, benchmark = tiny_network(), memory_benchmark(references=1, distorted=5)
    seen = witnessed(network.trunk.get_submodule("features.0"))
    passes.truncated_distances(network, benchmark)
    assert sum(seen) == 2 * 5 * len(passes.truncations(network))


def test_ten_further_readouts_are_read_from_an_entry_of_one_extraction(tmp_path):
    readouts = passes.further_readouts()
    assert len(readouts) == 10
    benchmark = noise(3, size=(64, 72))
    passed = [passes.whole(network_called("alexnet"), benchmark, tmp_path)[1] for _ in readouts]
    assert passed == [4, *[0] * 9]
    entry, _ = passes.whole(network_called("alexnet"), benchmark, tmp_path)
    assert all(np.isfinite(readout.read(entry).values).all() for readout in readouts.values())


@pytest.mark.parametrize(
    ("goal", "values", "told"),
    [
        (Goal(1.25), [1.2, 1.9, 1.1], "x | 1.2 (1.1 to 1.9) | at most 1.25: met"),
        (Goal(1.25), [1.26], "x | 1.26 | at most 1.25: not met"),
        (Goal(1.25), [1.2501, 1.2502], "x | 1.25 (1.25 to 1.25) | at most 1.25: not met"),
        (Goal(20.0, at_least=True), [19.0, 21.0, 30.0], "x | 21 (19 to 30) | at least 20: met"),
        (Goal(20.0, at_least=True), [19.0, 10.0, 30.0], "x | 19 (10 to 30) | at least 20: not met"),
        (None, [3.0], "x | 3 | no goal"),
    ],
)
def test_the_median_decides_whether_a_goal_is_met(capsys, goal, values, told):
    assert tell("x", values, goal) == told
    assert capsys.readouterr().out == told + "\n"


def test_runs_take_turns():
    order: list[str] = []
    spent = alternating({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert order == [*"ababab"]
    assert spent["a"].shape == spent["b"].shape == (3,)


@pytest.mark.slow  # it proves every rebuilt image
def test_pairs_are_consecutive_ones_of_the_real_benchmark(shared_data, monkeypatch):
    monkeypatch.setenv("PERCEPNET_SHARED", str(shared_data))
    benchmark = judged(20, 20)
    assert benchmark.name == "tid2013_kodak"
    assert {pair.reference for pair in benchmark.pairs} == {"i02"}
    assert len(unique_keys(benchmark.pairs)) == 21
    assert benchmark.image("i02").shape == (384, 512, 3)


def test_noise_stands_in_where_the_real_benchmark_is_not_at_hand(monkeypatch, tmp_path):
    monkeypatch.setenv("PERCEPNET_SHARED", str(tmp_path))
    benchmark = judged(21)
    assert benchmark.name == "noise"
    assert [pair.reference for pair in benchmark.pairs] == [*["r0"] * 20, "r1"]


def test_make_bench_runs_every_script_that_tells_a_goal():
    files = (EXPERIMENTS / "speed").glob("*.py")
    telling = {file.stem for file in files if re.search(r"^ +tell\(", file.read_text("utf-8"), re.MULTILINE)}
    assert telling == {*SCRIPTS}
    assert "experiments.speed.all" in (Path(EXPERIMENTS).parent / "Makefile").read_text("utf-8")


def test_costs_are_those_of_all_functions_and_the_longest_of_them(monkeypatch, tmp_path):
    monkeypatch.setenv("PERCEPNET_SHARED", str(tmp_path))
    monkeypatch.setattr("experiments.speed.costs.judged", lambda pairs: noise(pairs, size=(64, 72)))
    found = costs("alexnet", 3)
    every = found.pop("all")
    assert len(found) == TOP
    assert [*found.values()] == sorted(found.values(), reverse=True)
    assert sum(found.values()) < every
    assert "<built-in method torch.conv2d>" in found


def test_two_seeds_are_two_networks_so_that_no_process_finds_the_cells_of_another():
    assert network_called("alexnet").weights_hash != network_called("alexnet", 1).weights_hash
