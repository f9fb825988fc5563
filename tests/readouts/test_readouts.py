import numpy as np
import pytest
import torch

from percepnet.errors import InputError
from percepnet.networks.network import unit_range
from percepnet.readouts.concatenated import Concatenated
from percepnet.readouts.contract import described
from percepnet.readouts.layerwise import Layerwise
from percepnet.readouts.relevance.readout import ChannelRelevance
from percepnet.responses.extraction import Compute, extract
from tests.fakes import memory_benchmark, tiny_network

NETWORK, BENCHMARK = tiny_network(), memory_benchmark()


@pytest.fixture(scope="module")
def entry(tmp_path_factory):
    statistics = ["squared_difference", "unit_squared_difference"]
    return extract(NETWORK, BENCHMARK, statistics, Compute(device="cpu"), tmp_path_factory.mktemp("store"))[0]


def flat_responses(key, taps):
    """The responses at several taps, laid end to end in one vector."""
    kept = {}
    image = torch.from_numpy(BENCHMARK.images[key])[None]
    NETWORK.observe(image, lambda tap, response: kept.update({tap: response.double().flatten()}))
    return torch.cat([kept[tap] for tap in taps])


def plain_euclidean(taps):
    return [
        float((flat_responses(p.distorted, taps) - flat_responses(p.reference, taps)).norm())
        for p in BENCHMARK.pairs
    ]


def test_layerwise_is_the_plain_euclidean_distance_of_the_full_responses(entry):
    distances = Layerwise().read(entry)
    assert distances.layers == tuple(tap.name for tap in NETWORK.taps)
    for layer, values in zip(distances.layers, distances.values, strict=True):
        np.testing.assert_allclose(values, plain_euclidean([layer]), rtol=1e-5)


def test_the_input_layer_is_the_distance_between_the_images_in_unit_range(entry):
    first = BENCHMARK.pairs[0]
    images = [torch.from_numpy(BENCHMARK.images[key])[None] for key in (first.reference, first.distorted)]
    expected = (unit_range(images[0]) - unit_range(images[1])).norm()
    assert Layerwise().read(entry).values[0, 0] == pytest.approx(float(expected), rel=1e-5)


def test_concatenated_is_the_distance_of_the_responses_laid_end_to_end(entry):
    taps = ["features.0", "features.3"]
    distances = Concatenated(layers=taps).read(entry)
    assert (distances.layers, distances.values.shape) == (("features.0+features.3",), (1, 15))
    np.testing.assert_allclose(distances.values[0], plain_euclidean(taps), rtol=1e-5)


def test_stages_stand_for_the_architectures_own_list(entry):
    assert Concatenated().read(entry).layers == ("features.1+features.4",)


def test_unit_normalised_adds_up_over_layers(entry):
    one, two = (
        Concatenated(layers=[tap], distance="unit_normalised") for tap in ("features.1", "features.4")
    )
    both = Concatenated(layers=["features.1", "features.4"], distance="unit_normalised")
    np.testing.assert_allclose(both.read(entry).values, one.read(entry).values + two.read(entry).values)


def test_unknown_layers_and_distances_name_the_nearest(entry):
    with pytest.raises(InputError, match=r"features\.3"):
        Concatenated(layers=["feature.3"]).read(entry)
    with pytest.raises(InputError, match="did you mean euclidean"):
        Layerwise(distance="euclidian").read(entry)


@pytest.mark.parametrize(
    ("readout", "expected"),
    [
        (Layerwise(), "euclidean"),
        (Layerwise(distance="cosine"), "cosine"),
        (Concatenated(weighting="variance"), "euclidean, weighting=variance"),
        (Concatenated(name="mine", weighting="variance"), "euclidean"),
        (ChannelRelevance(train_on="tid2013", folds=3), "euclidean, folds=3, train_on=tid2013"),
    ],
)
def test_results_tell_two_settings_of_a_readout_apart_unless_a_name_does(readout, expected):
    assert described(readout) == expected
