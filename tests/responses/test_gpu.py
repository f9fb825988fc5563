"""An extraction on a GPU gives the numbers of the CPU. Skipped where there is none."""

import numpy as np
import pytest
import torch

from percepnet.responses import summing
from percepnet.responses.extraction import Compute, extract
from percepnet.responses.portions import MOST
from percepnet.responses.statistics import STATISTICS
from tests.fakes import memory_benchmark, tiny_network
from tests.responses.graded import SAME_RANKS, graded, layerwise, rank_correlations

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
    pytest.mark.filterwarnings("ignore:.*TensorFloat32.*:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script_method.*:DeprecationWarning"),  # torch's own use
]
CPU = Compute(device="cpu", batch=8)


@pytest.fixture(scope="module")
def benchmark():
    references = np.random.default_rng(1).integers(30, 226, (3, 64, 72, 3)).astype(np.uint8)
    return graded(references, tuple(range(2, 66)))


@pytest.fixture(scope="module")
def on_cpu(benchmark, tmp_path_factory):
    return layerwise(tiny_network(), benchmark, CPU, tmp_path_factory.mktemp("cpu"))


@pytest.mark.parametrize(
    "options", [{}, {"batch": 8}, {"batch": 300}, {"channels_last": False}, {"workers": 2}, {"compile": True}]
)
def test_fp32_on_a_gpu_gives_the_distances_of_the_cpu(benchmark, on_cpu, options, tmp_path):
    """Tolerance 1e-4 relative: convolutions sum in another order; TF32 would be off by 1e-3."""
    found = layerwise(tiny_network(), benchmark, Compute(device="gpu", **options), tmp_path)
    np.testing.assert_allclose(found, on_cpu, rtol=1e-4)


@pytest.mark.parametrize("options", [{}, {"compile": True}])
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_autocast_on_a_gpu_ranks_pairs_as_the_cpu_in_fp32_does(
    benchmark, on_cpu, precision, options, tmp_path
):
    compute = Compute(device="gpu", precision=precision, **options)
    found = layerwise(tiny_network(), benchmark, compute, tmp_path)
    assert (rank_correlations(found, on_cpu) >= SAME_RANKS).all()


def test_every_statistic_is_computed_on_a_gpu_too(tmp_path):
    """Tolerance 1e-3 relative, 1e-5 of the largest: sums in another order, and differences of such sums."""
    given = memory_benchmark(size=(40, 44))
    entries = [
        extract(tiny_network(), given, ["all"], Compute(device=device), tmp_path / device)[0]
        for device in ("cpu", "gpu")
    ]
    for tap in entries[0].taps:
        kinds = [kind for kind in STATISTICS if tap in entries[0].holding([kind])]
        cpu, gpu = (next(iter(entry.shards([tap], kinds)))[tap] for entry in entries)
        for kind in kinds:
            largest = np.abs(cpu[kind]).max()
            np.testing.assert_allclose(gpu[kind], cpu[kind], rtol=1e-3, atol=1e-5 * largest, err_msg=kind)


@torch.inference_mode()  # as the responses of a network are reduced
def test_sums_are_fused_on_a_gpu_and_are_those_made_step_by_step():
    """Tolerance 1e-10 relative, of the largest: fp64, summed in another order."""
    y = torch.rand(5, 33, 47, 20, device="cuda")
    x, shifts = y[0].clone(), torch.zeros(5, 3, 20, dtype=torch.float64, device="cuda")
    work = summing.fused(y.device)
    assert work is not None
    found, expected = work(x, y, shifts), summing.step_by_step(x, y, shifts)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10 * float(expected.abs().max()))
    assert not found[0, :7].any()


def test_images_pass_in_growing_portions(benchmark, monkeypatch, tmp_path):
    from percepnet.networks.network import Network

    several = []
    observe = Network.observe

    def observed(self, images, *rest):
        if not images.is_meta:
            several.append(len(images))
        return observe(self, images, *rest)

    monkeypatch.setattr(Network, "observe", observed)
    layerwise(tiny_network(), benchmark, Compute(device="gpu"), tmp_path)
    assert several[0] == 8
    assert 8 < max(several) <= MOST
