"""No option of compute changes how pairs are ranked: Spearman's correlation with fp32, at every tap."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from percepnet.benchmarks.contract import Pair
from percepnet.networks import compiled
from percepnet.networks.build import Place, build
from percepnet.networks.catalogue import find
from percepnet.readouts.layerwise import Layerwise
from percepnet.responses.extraction import Compute, extract
from percepnet.sources.cache import cache_root
from tests.fakes import MemoryBenchmark, memory_benchmark, tiny_network
from tests.responses.graded import SAME_RANKS, graded, layerwise, rank_correlations

CPU = Compute(device="cpu", batch=8)
NUMBERS_STAY: dict[str, dict[str, Any]] = {
    "planar": {"channels_last": False},
    "workers": {"workers": 2},
    "batch 3": {"batch": 3},
    "batch auto": {"batch": "auto"},
}
NUMBERS_CHANGE: dict[str, dict[str, Any]] = {
    "bf16": {"precision": "bf16"},
    "fp16": {"precision": "fp16"},
    "compile": {"compile": True},
    "compile in bf16": {"compile": True, "precision": "bf16"},
}


@pytest.fixture(scope="module")
def small():
    generator = np.random.default_rng(1)
    return graded(generator.integers(30, 226, (4, 16, 17, 3)).astype(np.uint8), (2, 5, 11, 23, 47))


@pytest.fixture(scope="module")
def small_fp32(small, tmp_path_factory):
    return layerwise(tiny_network(), small, CPU, tmp_path_factory.mktemp("fp32"))


@pytest.mark.parametrize("option", NUMBERS_STAY)
def test_what_is_in_no_key_changes_no_number(small, small_fp32, option, tmp_path):
    """Tolerance 1e-5 relative: convolutions may sum in another order."""
    found = layerwise(tiny_network(), small, replace(CPU, **NUMBERS_STAY[option]), tmp_path)
    np.testing.assert_allclose(found, small_fp32, rtol=1e-5)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_autocast_rounds_and_ranks_pairs_as_fp32_does(small, small_fp32, precision, tmp_path):
    found = layerwise(tiny_network(), small, replace(CPU, precision=precision), tmp_path)
    assert (found[1:] != small_fp32[1:]).any()
    assert (rank_correlations(found, small_fp32) >= SAME_RANKS).all()


def test_fp16_is_finer_than_bf16_on_a_cpu_too(small, small_fp32, tmp_path):
    off = {
        name: np.abs(layerwise(tiny_network(), small, replace(CPU, precision=name), tmp_path) - small_fp32)
        for name in ("bf16", "fp16")
    }
    assert off["fp16"][1:].max() < off["bf16"][1:].max() / 2.0


@pytest.mark.slow
def test_a_traced_network_gives_the_numbers_of_the_eager_one(small, small_fp32, tmp_path, monkeypatch):
    """What torch.compile captures, without its code generator: in-place modules spoil no earlier response."""
    monkeypatch.setattr(compiled.CompiledTrunk.__init__, "__defaults__", ("aot_eager",))
    found = layerwise(tiny_network(), small, replace(CPU, compile=True), tmp_path)
    np.testing.assert_allclose(found, small_fp32, rtol=1e-5)
    _, passed = extract(tiny_network(), small, Layerwise().statistics, CPU, tmp_path)
    assert passed == len(small.images)  # the entry of the compiled network is not that of the eager one


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compile", "compile in bf16"])
def test_a_compiled_network_ranks_pairs_as_the_eager_one_does(small, small_fp32, name, tmp_path):
    found = layerwise(tiny_network(), small, replace(CPU, **NUMBERS_CHANGE[name]), tmp_path)
    assert (rank_correlations(found, small_fp32) >= SAME_RANKS).all()


@pytest.fixture(scope="module")
def alexnet():
    return build(find("classification", "imagenet1k", "alexnet", ""), Place(cache_root() / "weights"))


@pytest.fixture(scope="module")
def photographs(shared_data):
    files = sorted((shared_data / "kodak").glob("*.png"))[:6]
    references = [np.array(Image.open(file).convert("RGB"))[100:292, 100:292] for file in files]
    return graded(references, (1, 2, 4, 8, 16, 32))


@pytest.fixture(scope="module")
def photographs_fp32(alexnet, photographs, tmp_path_factory):
    return layerwise(alexnet, photographs, CPU, tmp_path_factory.mktemp("fp32"))


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("name", [*NUMBERS_STAY, *NUMBERS_CHANGE])
def test_alexnet_ranks_photographs_as_in_fp32(alexnet, photographs, photographs_fp32, name, tmp_path):
    compute = replace(CPU, **(NUMBERS_STAY | NUMBERS_CHANGE)[name])
    found = layerwise(alexnet, photographs, compute, tmp_path)
    correlations = rank_correlations(found, photographs_fp32)
    assert (correlations >= SAME_RANKS).all(), correlations
    if name in NUMBERS_STAY:
        np.testing.assert_allclose(found, photographs_fp32, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.network
def test_bf16_is_not_for_faint_differences(alexnet, tmp_path):
    """Gratings of 0.05 to 2 % contrast on grey: what the README warns of; fp16 has three more bits."""
    images, pairs = {}, []
    for frequency in (4, 8, 16):
        grating = np.sin(2.0 * np.pi * frequency * np.arange(192) / 192.0)[None, :, None]
        images[f"r{frequency}"] = np.full((192, 192, 3), 0.5, np.float32)
        for level in range(10):
            key = f"r{frequency}d{level}"
            images[key] = (images[f"r{frequency}"] * (1.0 + 0.0005 * 1.5**level * grating)).astype(np.float32)
            pairs.append(Pair(f"r{frequency}", key, f"r{frequency}", 0.0))
    faint = MemoryBenchmark(images, pairs)
    exact, fp16, bf16 = (
        layerwise(alexnet, faint, replace(CPU, precision=name), tmp_path) for name in ("fp32", "fp16", "bf16")
    )
    assert (rank_correlations(fp16, exact) >= SAME_RANKS).all()
    assert rank_correlations(bf16, exact).min() < SAME_RANKS


def test_bytes_go_to_the_device_and_are_scaled_there(tmp_path, monkeypatch):
    """A quarter of what fp32 would take on the bus."""
    network, seen = tiny_network(), []
    real = type(network.preprocessing).__call__

    def spied(self, pixels):
        seen.append(("scaled", pixels.dtype, pixels.device.type))
        return real(self, pixels)

    observe = type(network).observe

    def observed(self, images, *rest):
        seen.append(("observed", images.dtype, images.device.type))
        return observe(self, images, *rest)

    monkeypatch.setattr(type(network.preprocessing), "__call__", spied)
    monkeypatch.setattr(type(network), "observe", observed)
    extract(network, memory_benchmark(references=1, distorted=2), ["squared_difference"], CPU, tmp_path)
    assert seen[-2:] == [("observed", torch.uint8, "cpu"), ("scaled", torch.float32, "cpu")]
    assert {kind for name, kind, _ in seen if name == "observed"} == {torch.uint8}
