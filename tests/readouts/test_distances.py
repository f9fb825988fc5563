"""Every distance against a computation on the full responses, in float64 and straight from its definition."""

import numpy as np
import pytest
import torch
from scipy.spatial import distance as scipy_distance

from percepnet.errors import InputError
from percepnet.readouts.concatenated import Concatenated
from percepnet.readouts.distances import DISTANCES
from percepnet.readouts.last import Last
from percepnet.readouts.layerwise import Layerwise
from percepnet.responses.costly import AT_STAGES
from percepnet.responses.extraction import Compute, extract
from tests.fakes import memory_benchmark, tiny_network
from tests.responses import naive

NETWORK, BENCHMARK = tiny_network(), memory_benchmark()
CPU = Compute(device="cpu")
STAGES = ("features.1", "features.4")
COSTLY = {kind.__name__ for kind in AT_STAGES}


def responses(key):
    """The response at every tap, in float64."""
    kept = {}
    image = torch.from_numpy(BENCHMARK.images[key])[None]
    NETWORK.observe(image, lambda tap, response: kept.update({tap: response[0].double().numpy().copy()}))
    return kept


FULL = {key: responses(key) for key in BENCHMARK.images}


def both(pair, taps):
    """The responses to the two images of a pair at several taps."""
    return [[FULL[key][tap] for tap in taps] for key in (pair.reference, pair.distorted)]


def laid(parts):
    return np.concatenate([part.ravel() for part in parts])


def summed(name, power=1.0, mean=False):
    """A distance that is a sum of a naive statistic over taps (or of its mean over channels)."""

    def of(first, second):
        terms = [getattr(naive, name)(x, y) for x, y in zip(first, second, strict=True)]
        return sum(term.mean() if mean else term.sum() for term in terms) ** power

    return of


def moments(*names):
    def of(first, second):
        kept = [getattr(naive, name)(x, y) for name in names for x, y in zip(first, second, strict=True)]
        return np.linalg.norm(np.concatenate(kept))

    return of


def structure_texture(first, second):
    similar = [
        np.concatenate([naive.texture_difference(x, y), naive.structure_difference(x, y)]).mean()
        for x, y in zip(first, second, strict=True)
    ]
    return sum(similar)


MEANS = ("mean_difference", "deviation_difference", "third_moment_difference", "fourth_moment_difference")
EXPECTED = {
    "euclidean": lambda a, b: scipy_distance.euclidean(laid(a), laid(b)),
    "manhattan": lambda a, b: scipy_distance.cityblock(laid(a), laid(b)),
    "cosine": lambda a, b: scipy_distance.cosine(laid(a), laid(b)),
    "correlation": lambda a, b: scipy_distance.correlation(laid(a), laid(b)),
    "unit_normalised": summed("unit_squared_difference"),
    "spatial_mean": moments(*MEANS[:1]),
    "mean_deviation": moments(*MEANS[:2]),
    "four_moments": moments(*MEANS),
    "gram": summed("gram_squared_difference", power=0.5),
    "wasserstein": summed("wasserstein", mean=True),
    "local_wasserstein": summed("local_wasserstein", mean=True),
    "structure_texture": structure_texture,
    "distance_correlation": summed("distance_correlation"),
}


def equalised(taps):
    """The CLIP study's normalised Euclidean distance: squares over each channel's mean over all pairs."""
    squares = [
        np.array(
            [
                naive.squared_difference(FULL[p.reference][tap], FULL[p.distorted][tap])
                for p in BENCHMARK.pairs
            ]
        )
        for tap in taps
    ]
    return np.sqrt(sum((one / one.mean(axis=0)).mean(axis=1) for one in squares))


@pytest.fixture(scope="module")
def entry(tmp_path_factory):
    return extract(NETWORK, BENCHMARK, ["all"], CPU, tmp_path_factory.mktemp("store"))[0]


def test_there_is_an_independent_computation_of_every_distance():
    assert {*EXPECTED, "channel_equalised"} == set(DISTANCES)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_distance_is_what_its_definition_says_at_every_layer(entry, name):
    found = Layerwise(distance=name).read(entry)
    costly = {*DISTANCES[name].statistics} & COSTLY
    assert found.layers == (("input", *STAGES) if costly else tuple(tap.name for tap in NETWORK.taps))
    for layer, values in zip(found.layers, found.values, strict=True):
        expected = [EXPECTED[name](*both(pair, [layer])) for pair in BENCHMARK.pairs]
        np.testing.assert_allclose(values, expected, rtol=1e-5, err_msg=layer)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_distance_over_several_layers_is_what_its_definition_says(entry, name):
    found = Concatenated(layers=["input", "stages"], distance=name).read(entry)
    expected = [EXPECTED[name](*both(pair, ["input", *STAGES])) for pair in BENCHMARK.pairs]
    assert found.layers == ("input+features.1+features.4",)
    np.testing.assert_allclose(found.values[0], expected, rtol=1e-5)


def test_channels_count_the_same_when_equalised(entry):
    found = Layerwise(distance="channel_equalised").read(entry)
    for layer, values in zip(found.layers, found.values, strict=True):
        np.testing.assert_allclose(values, equalised([layer]), rtol=1e-5)
    found = Concatenated(layers=["input", "stages"], distance="channel_equalised").read(entry)
    np.testing.assert_allclose(found.values[0], equalised(["input", *STAGES]), rtol=1e-5)


def test_a_channel_that_never_differs_adds_nothing_when_equalised(tmp_path):
    benchmark = memory_benchmark()
    for image in benchmark.images.values():
        image[..., 2] = 7
    entry, _ = extract(tiny_network(), benchmark, ["all"], CPU, tmp_path)
    values = Layerwise(distance="channel_equalised").read(entry).values
    assert np.isfinite(values).all()
    assert values[0].mean() > 0.0


@pytest.mark.parametrize("name", DISTANCES)
def test_identical_images_are_at_distance_exactly_zero(tmp_path, name):
    benchmark = memory_benchmark(references=2, distorted=4, size=(17, 21))
    for reference in ("r0", "r1"):
        benchmark.images[f"{reference}d2"] = benchmark.images[reference].copy()
    benchmark.images["r1"][...] = benchmark.images["r1d2"][...] = 90  # and a constant one
    entry, _ = extract(tiny_network(), benchmark, ["all"], CPU, tmp_path)
    for readout in (Layerwise(distance=name), Concatenated(distance=name)):
        values = readout.read(entry).values
        assert np.isfinite(values).all()
        assert not values[:, [2, 6]].any()
        assert values[:, [0, 1, 3, 4, 5, 7]].all()


@pytest.mark.parametrize("distance", ["euclidean", "cosine", "wasserstein"])
def test_layers_of_unit_variance_or_length_have_it_over_the_reference_images(entry, distance):
    taps = ["input", *STAGES]
    references = [[FULL[pair.reference][tap] for pair in BENCHMARK.pairs] for tap in taps]
    scales = {
        "variance": [1 / np.sqrt(np.mean([one.var() for one in tap])) for tap in references],
        "unit_norm": [1 / np.sqrt(np.mean([(one**2).sum() for one in tap])) for tap in references],
    }
    for weighting, scale in scales.items():
        readout = Concatenated(layers=["input", "stages"], distance=distance, weighting=weighting)
        expected = []
        for pair in BENCHMARK.pairs:
            first, second = both(pair, taps)
            scaled = [[one * s for one, s in zip(side, scale, strict=True)] for side in (first, second)]
            expected.append(EXPECTED[distance](*scaled))
        np.testing.assert_allclose(readout.read(entry).values[0], expected, rtol=1e-5, err_msg=weighting)


def test_a_weighting_without_effect_is_refused_and_an_unknown_one_names_the_nearest():
    with pytest.raises(InputError, match="does nothing for the distance unit_normalised"):
        Concatenated(distance="unit_normalised", weighting="variance")
    with pytest.raises(InputError, match="did you mean variance"):
        Concatenated(weighting="varianse")


def test_the_last_layer_is_the_deepest_that_is_read(entry):
    last, every = Last().read(entry), Layerwise().read(entry)
    assert (last.layers, last.depths) == (every.layers[-1:], every.depths[-1:])
    np.testing.assert_array_equal(last.values, every.values[-1:])
    assert Last(distance="gram").read(entry).layers == ("features.4",)


def test_a_readout_of_what_was_not_kept_says_what_was(tmp_path):
    entry, _ = extract(tiny_network(), memory_benchmark(), ["squared_difference"], CPU, tmp_path)
    with pytest.raises(InputError, match="not stored"):
        Layerwise(distance="gram").read(entry)
