import numpy as np
import pytest
import torch

from percepnet.errors import InputError
from percepnet.networks.network import unit_range
from tests.fakes import tiny_network


def images(n=2, size=(16, 20)):
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (n, *size, 3), dtype=np.uint8))


def observed(network, batch):
    seen: dict[str, torch.Tensor] = {}
    network.observe(batch, lambda tap, response: seen.__setitem__(tap, response.clone()))
    return seen


def test_taps_fire_in_forward_order_after_the_input():
    assert list(observed(tiny_network(), images())) == ["input", *(f"features.{i}" for i in range(5))]


def test_a_tap_is_read_before_an_in_place_module_overwrites_it():
    network = tiny_network()
    seen = observed(network, images())
    pixels = network.preprocessing(unit_range(images()))
    assert float(seen["features.0"].min()) < 0.0
    torch.testing.assert_close(seen["features.0"], network.trunk.features[0](pixels))


def test_the_input_tap_shows_rgb_in_the_unit_range_before_normalisation():
    batch = images()
    torch.testing.assert_close(observed(tiny_network(), batch)["input"], batch.permute(0, 3, 1, 2) / 255.0)


def test_uint8_and_float_images_give_the_same_responses():
    network, batch = tiny_network(), images()
    as_float = (batch.float() / 255.0).contiguous()
    for tap, response in observed(network, batch).items():
        torch.testing.assert_close(response, observed(network, as_float)[tap])


def test_a_twin_shares_the_weights_and_no_module():
    network = tiny_network()
    twin = network.twin()
    assert all(one is other for one, other in zip(network.parameters(), twin.parameters(), strict=True))
    assert all(one is not other for one, other in zip(network.modules(), twin.modules(), strict=True))
    for tap, response in observed(network, images()).items():
        torch.testing.assert_close(response, observed(twin, images())[tap], rtol=0.0, atol=0.0)


def test_nothing_after_the_last_tap_is_computed():
    network = tiny_network(taps=("features.1",))
    network.trunk.features[3].register_forward_hook(lambda *_: pytest.fail("computed in vain"))
    assert list(observed(network, images())) == ["input", "features.1"]


@pytest.mark.parametrize(
    "bad",
    [
        torch.zeros(2, 3, 8, 8),
        torch.full((1, 8, 8, 3), 255.0),
        torch.full((1, 8, 8, 3), -0.1),
        torch.full((1, 8, 8, 3), torch.nan),
        torch.zeros(1, 8, 8, 3, dtype=torch.float64),
        torch.zeros(8, 8, 3, dtype=torch.uint8),
    ],
    ids=["channels first", "0..255 as float", "negative", "nan", "float64", "no batch"],
)
def test_images_that_break_the_input_contract_are_refused(bad):
    with pytest.raises(InputError, match="input contract"):
        tiny_network().observe(bad, lambda *_: None)


def test_a_tap_that_fires_twice_is_refused():
    network = tiny_network(taps=("features.0", "features.1"))
    inner = network.trunk.features[0]
    network.trunk.forward = lambda x: inner(x) + inner(x)
    with pytest.raises(RuntimeError, match="order or twice"):
        network.observe(images(), lambda *_: None)
