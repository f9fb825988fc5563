import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.models import alexnet

from percepnet.errors import InputError, UnreachableError
from percepnet.networks.build import Place, bare_module, build, tensor_hash
from percepnet.networks.catalogue import architectures, find, untrained
from percepnet.networks.layouts import read as read_layout
from percepnet.sources.cache import sha256
from percepnet.sources.fetch import UrlSource
from tests.networks.published import flax

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
    for seed in (1, None):
        bare_module(architectures()["alexnet"], seed)
    assert torch.equal(torch.rand(3), expected)


def full_alexnet(seed=7):
    torch.manual_seed(seed)
    return alexnet(weights=None)


def test_the_official_file_and_the_packaged_convolutions_give_the_same_network(tmp_path):
    state = full_alexnet().state_dict()
    packaged = tmp_path / "alexnet.ckpt"
    packaged.write_bytes(flax("AlexNet_0", (0, 3, 6, 8, 10))(state))
    official = tmp_path / "alexnet.pth"
    torch.save(state, official)
    module = bare_module(ALEXNET.architecture, 0)
    convolutions = {name: tensor for name, tensor in state.items() if name.startswith("features.")}
    assert tensor_hash(read_layout("flax_alexnet", packaged, module)) == tensor_hash(convolutions)
    assert set(read_layout("state_dict", official, module)) == set(state)


def test_a_pickle_of_something_else_than_arrays_is_named(tmp_path):
    path = tmp_path / "alexnet.ckpt"
    path.write_bytes(pickle.dumps({"AlexNet_0": {"Conv_0": "weights"}, "steps": np.ones(1)}))
    with pytest.raises(InputError, match="a str at AlexNet_0/Conv_0"):
        read_layout("flax_alexnet", path, bare_module(ALEXNET.architecture, None))


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
    assert not any(tensor.requires_grad for tensor in network.trunk.parameters())


def test_weights_of_half_precision_become_the_modules_own_type(tmp_path):
    state = {name: tensor.half() for name, tensor in full_alexnet().state_dict().items()}
    network = build(fitting(state, tmp_path), Place(tmp_path, network=False))
    assert {tensor.dtype for tensor in network.trunk.state_dict().values()} == {torch.float32}


def test_a_checkpoint_out_of_reach_says_where_to_put_its_file(tmp_path):
    row = find("classification", "imagenet1k", "resnet", "50")
    with pytest.raises(UnreachableError, match=r"resnet50\.tv1/resnet50-0676ba61\.pth"):
        build(row, Place(tmp_path, network=False))
