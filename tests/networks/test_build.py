import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.models import alexnet

from percepnet.errors import InputError, UnreachableError
from percepnet.networks.build import Place, bare_module, build, tensor_hash
from percepnet.networks.catalogue import architectures, checkpoints, find, untrained
from percepnet.networks.layouts import ALEXNET_CONVOLUTIONS
from percepnet.networks.layouts import read as read_layout
from percepnet.sources.cache import sha256
from percepnet.sources.fetch import UrlSource

ALEXNET = find("classification", "imagenet1k", "alexnet", "")


def test_the_same_seed_gives_the_same_untrained_network_and_another_seed_another(tmp_path):
    hashes = [
        build(untrained("alexnet", "", seed), Place(tmp_path), seed=seed).weights_hash for seed in (0, 0, 1)
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_building_leaves_the_random_generator_of_the_process_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    bare_module(architectures()["alexnet"], seed=1)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("row", checkpoints(), ids=lambda row: row.id)
def test_every_row_builds_and_its_taps_fire_in_order(row, tmp_path):
    network = build(untrained(row.arch, row.variant, 0), Place(tmp_path))
    seen = []
    image = torch.zeros(1, 64, 96, 3, dtype=torch.uint8)
    network.observe(image, lambda tap, response: seen.append((tap, response.ndim)))
    assert seen == [(tap.name, 4) for tap in network.taps]


def full_alexnet(seed=7):
    torch.manual_seed(seed)
    return alexnet(weights=None)


def test_the_official_file_and_the_packaged_convolutions_give_the_same_network(tmp_path):
    state = full_alexnet().state_dict()
    layers = {
        f"Conv_{index}": {
            "kernel": state[f"features.{place}.weight"].permute(2, 3, 1, 0).numpy().copy(),
            "bias": state[f"features.{place}.bias"].numpy(),
        }
        for index, place in enumerate(ALEXNET_CONVOLUTIONS)
    }
    packaged = tmp_path / "alexnet.ckpt"
    packaged.write_bytes(pickle.dumps({"AlexNet_0": layers, "NetLinLayer_0": {"Conv_0": np.zeros(1)}}))
    official = tmp_path / "alexnet.pth"
    torch.save(state, official)
    module = bare_module(ALEXNET.architecture, 0)
    convolutions = {name: tensor for name, tensor in state.items() if name.startswith("features.")}
    assert tensor_hash(read_layout("flax_alexnet", packaged, module)) == tensor_hash(convolutions)
    assert set(read_layout("state_dict", official, module)) == set(state)


def fitting(state, tmp_path):
    source = ALEXNET.sources[0]
    assert isinstance(source, UrlSource)
    path = tmp_path / ALEXNET.id / source.file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path)
    return replace(ALEXNET, sources=(replace(source, sha256=sha256(path)),))


def test_an_official_file_is_loaded_bit_for_bit_without_its_classifier(tmp_path):
    model = full_alexnet().eval()
    network = build(fitting(model.state_dict(), tmp_path), Place(tmp_path, network=False))
    image = torch.rand(1, 3, 80, 96)
    with torch.inference_mode():
        assert torch.equal(network.trunk(image), model.features(image).flatten(1))
    assert "classifier" not in " ".join(network.trunk.state_dict())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda state: state.pop("features.3.bias"), "missing: features.3.bias"),
        (lambda state: state.update(extra=torch.zeros(1)), "unexpected: extra"),
        (
            lambda state: state.update({"features.0.bias": torch.zeros(3)}),
            r"wrongly shaped: features.0.bias \[3\] for \[64\]",
        ),
    ],
    ids=["missing", "unexpected", "shape"],
)
def test_every_mismatch_between_file_and_module_is_named(tmp_path, damage, message):
    state = full_alexnet().state_dict()
    damage(state)
    with pytest.raises(InputError, match=message):
        build(fitting(state, tmp_path), Place(tmp_path, network=False))


def test_a_checkpoint_out_of_reach_says_where_to_put_its_file(tmp_path):
    row = find("classification", "imagenet1k", "resnet", "50")
    with pytest.raises(UnreachableError, match=r"resnet50\.tv1/resnet50-0676ba61\.pth"):
        build(row, Place(tmp_path, network=False))


def test_the_names_of_efficientnet_lite_map_one_to_one(tmp_path):
    """A file with the package's own names, made from a module, comes back as that module."""
    module = bare_module(architectures()["efficientnet_lite0"], 3)
    theirs = tmp_path / "lite0.pth"
    torch.save(packaged_names(module), theirs)
    assert tensor_hash(read_layout("efficientnet_pytorch", theirs, module)) == tensor_hash(
        module.state_dict()
    )


def packaged_names(module):
    """Rename timm's tensors to `efficientnet_pytorch`'s, from the table in the package's documentation."""
    stem = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1"}
    first = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
    other = {"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1"}
    other |= {"conv_pwl": "_project_conv", "bn3": "_bn2"}
    order = list(
        dict.fromkeys(name.split(".")[1:3].__str__() for name in module.state_dict() if "blocks" in name)
    )
    renamed = {}
    for name, tensor in module.state_dict().items():
        parts = name.split(".")
        if parts[0] == "blocks":
            index = order.index(parts[1:3].__str__())
            parts = ["_blocks", str(index), (first if index == 0 else other)[parts[3]], *parts[4:]]
        else:
            parts[0] = stem[parts[0]]
        renamed[".".join(parts)] = tensor
    return renamed
