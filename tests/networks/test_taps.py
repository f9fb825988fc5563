import pytest

from percepnet.errors import InputError
from percepnet.networks.build import bare_module
from percepnet.networks.catalogue import architectures
from percepnet.networks.taps import expand
from tests.fakes import Trunk


def test_the_input_comes_first_at_depth_zero_and_the_last_module_lies_at_one():
    taps = expand(Trunk(), ["features.*"])
    assert (taps[0].name, taps[0].depth) == ("input", 0.0)
    assert [tap.depth for tap in taps[1:]] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_an_unknown_layer_names_the_nearest():
    with pytest.raises(InputError, match=r"no layer is called 'feature\.3'.*\n.*features\.3"):
        expand(Trunk(), ["feature.3"])


def test_a_star_stands_for_one_part_of_a_name():
    module = bare_module(architectures()["resnet18"], seed=0)
    assert [tap.name for tap in expand(module, ["layer1.*"])] == ["input", "layer1.0", "layer1.1"]


@pytest.mark.parametrize("name", sorted(architectures()))
def test_depth_grows_along_the_taps_of_every_architecture(name):
    architecture = architectures()[name]
    taps = expand(bare_module(architecture, seed=0), architecture.taps)
    depths = [tap.depth for tap in taps]
    assert depths == sorted(depths)
    assert depths[-1] == 1.0
    assert set(architecture.stages) <= {tap.name for tap in taps}


def test_alexnet_has_13_taps_and_vgg16_has_31_beside_the_input():
    for name, count in (("alexnet", 13), ("vgg16", 31)):
        architecture = architectures()[name]
        assert len(expand(bare_module(architecture, 0), architecture.taps)) == count + 1
