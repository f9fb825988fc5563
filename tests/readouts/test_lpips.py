"""Against the package `lpips` itself, with the same trunk in both."""

import sys
import warnings
from pathlib import Path

import lpips
import numpy as np
import pytest
import torch
from PIL import Image

from percepnet.benchmarks.contract import Pair
from percepnet.config import make
from percepnet.errors import InputError, NothingThereError
from percepnet.networks.build import Place, build
from percepnet.networks.catalogue import find, untrained
from percepnet.readouts import lpips as readout
from percepnet.readouts.contract import Reader
from percepnet.readouts.lpips import Lpips
from percepnet.responses.extraction import Compute, extract
from percepnet.sources.cache import cache_root
from tests.fakes import MemoryBenchmark, memory_benchmark, tiny_network

GOLDEN = ("I03", "I04", "I06", "I08", "I19")
OFFICIAL = (0.7237, 0.2572, 0.0508, 0.0521, 0.4253)  # AlexNet's, IQA-PyTorch's ResultsCalibra


def package(net, network):
    """The package's LPIPS v0.1 with its own heads and the trunk of `network`."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="torchvision")  # the package asks for weights the old way
        model = lpips.LPIPS(net=net, version="0.1", pnet_rand=True, verbose=False).eval()
    trunk = network.trunk.state_dict()
    own = {f"features.{key.split('.', 1)[1]}": key for key in model.net.state_dict()}
    model.net.load_state_dict({key: trunk[name] for name, key in own.items()})
    return model


def told(model, benchmark):
    """What the package says of each pair."""

    def scaled(key):  # to [-1, 1], its own contract
        return torch.from_numpy(benchmark.images[key]).permute(2, 0, 1)[None] / 127.5 - 1.0

    with torch.inference_mode():
        return [float(model(scaled(pair.reference), scaled(pair.distorted))) for pair in benchmark.pairs]


def read(network, benchmark, folder):
    return Lpips().read(extract(network, benchmark, Lpips().statistics, Compute(device="cpu"), folder)[0])


@pytest.mark.parametrize(
    ("arch", "variant", "net"),
    [("alexnet", "", "alex"), pytest.param("vgg", "16", "vgg", marks=pytest.mark.slow)],
)
def test_it_equals_the_package_on_a_random_trunk(arch, variant, net, tmp_path):
    network = build(untrained(arch, variant, 0), Place(Path()))
    benchmark = memory_benchmark(references=1, distorted=2, size=(64, 80))
    found = read(network, benchmark, tmp_path)
    assert found.values.shape == (1, 2)
    np.testing.assert_allclose(found.values[0], told(package(net, network), benchmark), rtol=0, atol=1e-6)
    assert found.values.min() > 1e-3


@pytest.fixture
def golden(shared_data):
    """Five TID2013 pairs."""
    folder = shared_data / "tid2013" / "golden"
    images = {
        f"{kind}/{name}": np.array(Image.open(folder / kind / f"{name}.bmp"))
        for kind in ("ref", "dist")
        for name in GOLDEN
    }
    return MemoryBenchmark(images, [Pair(f"ref/{name}", f"dist/{name}", name, 0.0) for name in GOLDEN])


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize(
    ("arch", "variant", "net", "official"), [("alexnet", "", "alex", OFFICIAL), ("vgg", "16", "vgg", None)]
)
def test_it_equals_the_package_and_the_official_values_on_real_images(
    golden, arch, variant, net, official, tmp_path
):
    network = build(find("classification", "imagenet1k", arch, variant), Place(cache_root() / "weights"))
    found = read(network, golden, tmp_path).values[0]
    np.testing.assert_allclose(found, told(package(net, network), golden), rtol=0, atol=1e-6)
    assert found.min() > 0.01
    if official:
        np.testing.assert_allclose(found, official, atol=1e-4)


def test_identical_images_are_at_a_distance_of_0(tmp_path):
    network = build(untrained("alexnet", "", 0), Place(Path()))
    benchmark = memory_benchmark(references=1, distorted=2, size=(64, 64))
    benchmark.images["r0d0"] = benchmark.images["r0"].copy()
    values = read(network, benchmark, tmp_path).values[0]
    assert values[0] == 0.0
    assert values[1] > 0.0


def test_a_network_without_published_heads_is_skipped_with_the_reason(tmp_path):
    with pytest.raises(NothingThereError, match="AlexNet and VGG-16 only"):
        read(tiny_network(), memory_benchmark(), tmp_path)


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch):
    network = build(untrained("alexnet", "", 0), Place(Path()))
    monkeypatch.setattr(readout, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="install lpips"):
        read(network, memory_benchmark(references=1, distorted=1, size=(64, 64)), tmp_path)


def test_reading_does_not_import_the_package(tmp_path, monkeypatch):
    network = build(untrained("alexnet", "", 0), Place(Path()))
    for name in [name for name in sys.modules if name.partition(".")[0] == "lpips"]:
        monkeypatch.delitem(sys.modules, name)
    read(network, memory_benchmark(references=1, distorted=1, size=(64, 64)), tmp_path)
    assert "lpips" not in sys.modules


def test_it_is_made_from_its_option_and_refuses_another_distance(compose):
    made = make(compose("readout=lpips")["readout"])
    assert made == Lpips()
    assert isinstance(made, Reader)
    with pytest.raises(InputError, match="unit_normalised"):
        make({"_target_": "percepnet.readouts.lpips.Lpips", "distance": "euclidean"})
