"""Every statistic of AlexNet's own responses to photographs, against its definition in float64."""

import numpy as np
import pytest
import torch
from PIL import Image

from percepnet.benchmarks.contract import Pair
from percepnet.networks.build import Place, build
from percepnet.networks.catalogue import find
from percepnet.responses.extraction import Compute, extract
from percepnet.responses.statistics import STATISTICS
from percepnet.sources.cache import cache_root
from tests.fakes import MemoryBenchmark
from tests.responses import naive

pytestmark = [pytest.mark.slow, pytest.mark.network]


@pytest.fixture(scope="module")
def observed(shared_data, tmp_path_factory):
    """The store's entry for a pair and an identical pair, and AlexNet's responses to the images, by tap."""
    golden = shared_data / "tid2013" / "golden"
    reference, distorted = (np.array(Image.open(golden / kind / "I04.bmp")) for kind in ("ref", "dist"))
    images = {"ref": reference, "dist": distorted, "same": reference.copy()}
    benchmark = MemoryBenchmark(images, [Pair("ref", key, "ref", 0.0) for key in ("dist", "same")])
    network = build(find("classification", "imagenet1k", "alexnet", ""), Place(cache_root() / "weights"))
    entry, _ = extract(network, benchmark, ["all"], Compute(device="cpu"), tmp_path_factory.mktemp("store"))
    responses = {}
    with torch.inference_mode():
        stacked = torch.from_numpy(np.stack(list(images.values())))
        network.observe(stacked, lambda tap, given: responses.update({tap: given.double().numpy().copy()}))
    return entry, responses


def stored(observed, name):
    """Yield tap, what is stored of the two pairs, and the responses to the three images."""
    entry, responses = observed
    for tap in entry.holding([name]):
        (shard,) = entry.shards([tap], [name])
        yield tap, shard[tap][name], responses[tap]


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_a_statistic_of_real_responses_is_what_its_definition_says(observed, name):
    for tap, found, (reference, distorted, _) in stored(observed, name):
        expected = getattr(naive, name)(reference, distorted)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found[0], expected, rtol=1e-5, atol=3e-6 * scale, err_msg=tap)


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_an_identical_pair_differs_by_exactly_nothing_at_every_tap(observed, name):
    for tap, found, (reference, _, same) in stored(observed, name):
        assert (reference == same).all()
        if name.startswith("reference_"):
            np.testing.assert_array_equal(found[1], found[0], err_msg=tap)
        else:
            assert not found[1].any(), tap
