"""A compiled trunk shows every tap what the eager one shows it."""

import pytest
import torch
from torch import nn

from percepnet.errors import InputError
from percepnet.networks.compiled import CompiledTrunk
from tests.fakes import tiny_network

pytestmark = pytest.mark.slow  # dynamo takes seconds to come up


def responses(network, images, compiled=None):
    seen: dict[str, torch.Tensor] = {}
    network.observe(images, lambda tap, response: seen.__setitem__(tap, response.clone()), compiled)
    return seen


def images(several=3):
    return torch.randint(0, 256, (several, 19, 23, 3), dtype=torch.uint8)


def test_every_tap_fires_and_in_place_modules_spoil_no_earlier_response():
    network = tiny_network()
    compiled = CompiledTrunk(network, backend="eager")
    for several in (3, 4):
        given = images(several)
        expected, found = responses(network, given), responses(network, given, compiled)
        assert list(found) == list(expected)
        for tap, response in expected.items():
            torch.testing.assert_close(found[tap], response)


def test_the_network_itself_is_left_without_hooks():
    network = tiny_network()
    CompiledTrunk(network, backend="eager")
    assert not any(module._forward_hooks for module in network.modules())


def test_what_follows_the_last_tap_is_not_traced():
    class Refusing(nn.Module):
        def forward(self, images):
            raise ValueError("this module cannot take images of this size")

    network = tiny_network(taps=("features.0", "features.1"))
    network.trunk.features[2] = Refusing()
    assert responses(network, images(), CompiledTrunk(network, backend="eager"))


def test_a_module_that_splits_the_graph_changes_nothing():
    class Splitting(nn.MaxPool2d):
        def forward(self, images):
            torch._dynamo.graph_break()
            return super().forward(images)

    network = tiny_network()
    network.trunk.features[2] = Splitting(2)
    given = images()
    found = responses(network, given, CompiledTrunk(network, backend="eager"))
    for tap, response in responses(network, given).items():
        torch.testing.assert_close(found[tap], response)


def test_taps_out_of_order_are_refused():
    network = tiny_network(taps=("features.1", "features.0"))
    with pytest.raises(RuntimeError, match=r"still waiting|out of order"):
        responses(network, images(), CompiledTrunk(network, backend="eager"))


def test_what_cannot_be_compiled_is_told_with_what_to_do(monkeypatch):
    def broken(graph, inputs, **options):
        raise RuntimeError("no working C++ compiler")

    monkeypatch.setattr("torch._inductor.compile_fx.compile_fx", broken)
    network = tiny_network()
    with pytest.raises(InputError, match=r"(?s)could not be compiled.*no working.*compute\.compile=false"):
        responses(network, images(), CompiledTrunk(network))
