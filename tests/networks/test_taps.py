from dataclasses import replace

import pytest
import torch
from torch import nn

from percepnet.errors import InputError
from percepnet.networks.build import bare_module
from percepnet.networks.catalogue import architectures, find
from percepnet.networks.form import Form
from percepnet.networks.preprocessing import INPUTS
from percepnet.networks.taps import chosen, expand
from tests.fakes import IMAGENET, Trunk
from tests.networks.test_every_row import network_of


def test_the_input_comes_first_at_depth_zero_and_the_last_module_lies_at_one():
    taps = expand(Trunk(), ["features.*"])
    assert (taps[0].name, taps[0].depth) == ("input", 0.0)
    assert [tap.depth for tap in taps[1:]] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_side_outputs_do_not_lie_on_the_way_to_the_end():
    design = architectures()["hed_vgg16"]
    taps = chosen(bare_module(design, None), design.taps, design.form, INPUTS["imagenet"])
    assert taps[-1].depth == 1.0


def test_an_unknown_layer_names_the_nearest():
    with pytest.raises(InputError, match=r"no layer is called 'feature\.3'.*\n.*features\.3"):
        expand(Trunk(), ["feature.3"])


def test_a_star_stands_for_one_part_of_a_name():
    module = bare_module(architectures()["resnet18"], None)
    assert [tap.name for tap in expand(module, ["layer1.*"])] == ["input", "layer1.0", "layer1.1"]


def test_alexnet_has_13_taps_and_vgg16_has_31_beside_the_input():
    for name, count in (("alexnet", 13), ("vgg16", 31)):
        architecture = architectures()[name]
        assert len(expand(bare_module(architecture, None), architecture.taps)) == count + 1


class Crooked(nn.Module):
    """Fires in another order than it is written, one module twice, one not at all, one without a map."""

    def __init__(self):
        super().__init__()
        self.second = nn.Conv2d(4, 5, 3)
        self.first = nn.Conv2d(3, 4, 3)
        self.twice = nn.ReLU()
        self.never = nn.Conv2d(3, 3, 1)
        self.vector = nn.Linear(5, 2)

    def forward(self, images):
        response = self.twice(self.second(self.twice(self.first(images))))
        return self.vector(response.mean(dim=(2, 3)))


def test_all_means_every_leaf_that_returns_a_map_and_fires_once_in_firing_order():
    module = Crooked().eval()
    taps = chosen(module, ["all"], Form(), IMAGENET)
    assert [tap.name for tap in taps] == ["input", "first", "second"]
    assert not module.first.weight.is_meta


def test_all_of_a_transformer_are_the_leaves_that_return_tokens():
    row = find("mae", "imagenet1k", "vit", "b_16")
    module = bare_module(row.architecture, None).eval()
    names = [tap.name for tap in chosen(module, ["all"], row.architecture.form, row.preprocessing)]
    assert {"patch_embed.proj", "blocks.0.norm1", "blocks.11.mlp.fc2", "norm"} <= set(names)
    assert not any(".attn.q_norm" in name for name in names)


def tokens_of(which):
    row = find("dino", "imagenet1k", "vit", "s_16")
    form = replace(row.architecture.form, tokens=which)
    row = replace(row, architecture=replace(row.architecture, form=form))
    network = network_of(row, bare_module(row.architecture, 0))
    seen: dict[str, torch.Tensor] = {}
    images = torch.arange(64 * 96 * 3, dtype=torch.int64).mul(7919).remainder(256).to(torch.uint8)
    images = images.view(1, 64, 96, 3)
    network.observe(images, lambda tap, response: seen.__setitem__(tap, response.clone()))
    return network, seen


def test_the_tokens_of_a_transformer_are_read_as_a_map_a_position_or_a_column():
    network, patches = tokens_of("patches")
    assert patches["blocks.3"].shape == (1, 384, 4, 6)
    _, single = tokens_of("class")
    assert single["blocks.3@class"].shape == (1, 384, 1, 1)
    other, every = tokens_of("all")
    assert every["blocks.3@all"].shape == (1, 384, 25, 1)
    assert torch.equal(every["blocks.3@all"][:, :, 0, 0], single["blocks.3@class"][:, :, 0, 0])
    assert torch.equal(every["blocks.3@all"][:, :, 1 + 6, 0], patches["blocks.3"][:, :, 1, 0])
    assert (network.stages[0], other.stages[0]) == ("blocks.2", "blocks.2@all")


def test_a_network_without_a_class_token_refuses_to_read_it():
    with pytest.raises(InputError, match="no class token"):
        Form(patch=16, prefix=0, tokens="class")
    with pytest.raises(InputError, match="did you mean patches"):
        Form(tokens="patch")


def test_channels_last_is_turned_and_a_wrong_number_of_tokens_is_refused():
    form = Form(channels_last=("features.*",), patch=8, prefix=1)
    assert form.as_map("features.1", torch.zeros(2, 5, 6, 7), (40, 48)).shape == (2, 7, 5, 6)
    assert form.as_map("stem", torch.zeros(2, 5, 6, 7), (40, 48)).shape == (2, 5, 6, 7)
    with pytest.raises(InputError, match=r"1 \+ 5 x 6 tokens"):
        form.as_map("blocks.0", torch.zeros(2, 30, 7), (40, 48))
    with pytest.raises(InputError, match="cannot be read"):
        form.as_map("head", torch.zeros(2, 30), (40, 48))


def test_preprocessing_knows_scale_order_lightness_and_size():
    red = torch.zeros(1, 3, 8, 8)
    red[:, 0] = 1.0
    blue, green, last = INPUTS["caffe_bgr"](red)[0, :, 0, 0].tolist()
    assert (blue, green, last) == pytest.approx((-104.00699, -116.66877, 255 - 122.67892), abs=1e-4)
    # CIE: L of white is 100, of the sRGB red primary 53.24, of black 0
    for pixels, expected in ((torch.ones(1, 3, 2, 2), 50.0), (red, 53.24 - 50), (red * 0, -50.0)):
        assert INPUTS["lab_l"](pixels)[0, 0, 0, 0].item() == pytest.approx(expected, abs=0.02)
    assert replace(IMAGENET, size=(5, 6))(red).shape == (1, 3, 5, 6)


def test_the_caffe_pixels_of_torchvision_are_0_to_255_minus_a_mean():
    white = INPUTS["caffe_rgb"](torch.ones(1, 3, 1, 1)).flatten()
    torch.testing.assert_close(white, torch.tensor([132.0, 138.0, 151.0]), atol=1e-2, rtol=0.0)
