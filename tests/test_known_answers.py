"""Numbers that others have computed or published, reproduced through the whole way of the data."""

from pathlib import Path

import lpips
import numpy as np
import pytest
import torch
from PIL import Image

from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.opinion import rate
from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.opinion.tid2013_kodak import TID2013Kodak
from percepnet.networks.build import Place, build
from percepnet.networks.catalogue import find
from percepnet.readouts.concatenated import Concatenated
from percepnet.readouts.layerwise import Layerwise
from percepnet.responses.extraction import Compute, extract
from percepnet.sources.cache import cache_root
from tests.fakes import MemoryBenchmark

pytestmark = [pytest.mark.slow, pytest.mark.network]

STATISTICS = ["squared_difference", "unit_squared_difference"]

# torchvision AlexNet IMAGENET1K_V1, full size, RGB/255 then ImageNet mean and std, fp32, plain Euclidean
# distance per module of `features`: signed Spearman and Pearson with MOS on the 480 pairs.
ALEXNET = {
    "input": (-0.4760, -0.3865),
    "features.0": (-0.7871, -0.8513),
    "features.1": (-0.7696, -0.8358),
    "features.2": (-0.7509, -0.8009),
    "features.3": (-0.6906, -0.7175),
    "features.4": (-0.7960, -0.8551),
    "features.5": (-0.7857, -0.8476),
    "features.6": (-0.7506, -0.8092),
    "features.7": (-0.7946, -0.8712),
    "features.8": (-0.7806, -0.8631),
    "features.9": (-0.7900, -0.8653),
    "features.10": (-0.7864, -0.8650),
    "features.11": (-0.7804, -0.8502),
    "features.12": (-0.7804, -0.8506),
}

# LPIPS v0.1 with AlexNet on five TID2013 pairs: values of the official code (IQA-PyTorch, ResultsCalibra).
LPIPS_ALEX = {"I03": 0.7237, "I04": 0.2572, "I06": 0.0508, "I08": 0.0521, "I19": 0.4253}


def alexnet():
    """The real weights, kept in the user's cache between runs."""
    return build(find("classification", "imagenet1k", "alexnet", ""), Place(cache_root() / "weights"))


def test_alexnet_on_tid2013_kodak_gives_every_known_correlation_and_passes_504_images(shared_data, tmp_path):
    benchmark = TID2013Kodak(root=str(shared_data)).load(tmp_path, [], network=False)
    assert len(benchmark.pairs) == 480
    assert benchmark.worst_psnr_deviation < 0.001
    network = alexnet()
    counted: list[int] = []
    # the network's shapes are asked of a copy on the meta device, which has no images
    network.trunk.register_forward_pre_hook(
        lambda _, given: counted.extend([len(given[0])] * given[0].is_cpu)
    )
    entry, passed = extract(network, benchmark, STATISTICS, Compute(device="cpu"), tmp_path)
    assert passed == sum(counted) == 504
    distances = Layerwise().read(entry)
    scores = np.array([pair.score for pair in benchmark.pairs])
    clusters = [pair.cluster for pair in benchmark.pairs]
    found = rate(distances.values, scores, clusters, None, Bootstrap(resamples=0), higher_is_better=True)
    for score in found:
        if score.metric in {"srcc", "plcc"}:
            expected = ALEXNET[distances.layers[score.tap]][score.metric == "plcc"]
            assert score.value == pytest.approx(expected, abs=0.0005)
    for readout in (Concatenated(), Layerwise(distance="unit_normalised")):
        assert readout.read(entry).values.shape[1] == 480
    assert extract(network, benchmark, STATISTICS, Compute(device="cpu"), tmp_path) == (entry, 0)
    assert sum(counted) == 504


def test_the_packaged_weights_with_lpips_own_heads_give_the_official_lpips_values(shared_data, tmp_path):
    golden = shared_data / "tid2013" / "golden"
    images = {
        f"{kind}/{name}": np.array(Image.open(golden / kind / f"{name}.bmp"))
        for kind in ("ref", "dist")
        for name in LPIPS_ALEX
    }
    pairs = [Pair(f"ref/{name}", f"dist/{name}", name, 0.0) for name in LPIPS_ALEX]
    network = alexnet()
    benchmark = MemoryBenchmark(images, pairs)
    entry, _ = extract(network, benchmark, STATISTICS, Compute(device="cpu"), tmp_path)
    heads = lpips_heads()
    total = np.zeros(len(pairs))
    for shard in entry.shards(entry.stages, ["unit_squared_difference"]):
        for tap, head in zip(entry.stages, heads, strict=True):
            total += shard[tap]["unit_squared_difference"] @ head
    assert dict(zip(LPIPS_ALEX, total, strict=True)) == pytest.approx(LPIPS_ALEX, abs=1e-4)


def lpips_heads():
    """The channel weights that the `lpips` package publishes (v0.1, AlexNet), one vector per layer."""
    path = Path(lpips.__file__).parent / "weights/v0.1/alex.pth"
    weights = torch.load(path, map_location="cpu", weights_only=True)
    return [weights[f"lin{index}.model.1.weight"].flatten().numpy() for index in range(5)]
