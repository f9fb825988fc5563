"""Every published layout: a file in its form comes back, over the web, as the module it was made from."""

import json

import pytest
import torch
from torch import nn

from percepnet.errors import InputError
from percepnet.networks.build import Place, build, replace_head
from percepnet.networks.builders import builder
from percepnet.networks.catalogue import Architecture, Checkpoint
from percepnet.networks.layout import find as find_layout
from percepnet.networks.layout import layouts
from percepnet.networks.preprocessing import IMAGENET
from percepnet.sources.fetch import UrlSource
from tests.networks.published import lightning, saved, under
from tests.networks.published_cases import TESTED, THIN
from tests.networks.python2 import PYTHON_2
from tests.sources.conftest import digest


def trained(module, seed=3):
    """Fill a module as training might: statistics and scales included, nothing at its initial value."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point() and not name.endswith("filt"):
            noise = torch.rand(tensor.shape, generator=generator)
            tensor.copy_(noise + 0.5 if "running_var" in name else (noise - 0.5) * 0.2)
    return module.eval()


def original(built):
    """The publisher's module."""
    name, options, _ = built
    return trained(builder(name)(**options))


def row_of(built, url, content, layout):
    name, options, heads = built
    architecture = Architecture("published", name, tuple(heads), ("*",), options=options)
    source = UrlSource(url, digest(content), layout)
    return Checkpoint("published", "goal", "dataset", "arch", architecture, IMAGENET, sources=(source,))


def published(site, built, write, layout, kind="pth"):
    """The publisher's module without its head, and the row of its file on a web server."""
    module = original(built)
    content = write(
        {name: tensor for name, tensor in module.state_dict().items() if not heads_of(name, built)}
    )
    for head in built[2]:
        replace_head(module, head)
    return module, row_of(built, site.put(f"/models/file.{kind}", content), content, layout)


def heads_of(name, built):
    """Heads are large; some writers add small ones of their own."""
    return name.startswith(tuple(f"{head}." for head in built[2])) and "timm" not in built[0]


def responses(module, built):
    channels = 1 if "colorization" in built[0] else 3
    size = 64 if "vit" in built[0] else 96
    image = torch.rand(2, channels, size, size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        if hasattr(module, "edges"):
            return module.edges(image)
        if isinstance(module, nn.ModuleDict):
            return torch.cat([tensor.flatten() for tensor in module.state_dict().values()])
        return module(image)


@pytest.mark.parametrize(
    ("layout", "built", "write"), TESTED, ids=[f"{row[0]}-{row[1][0].partition(':')[2]}" for row in TESTED]
)
def test_a_published_file_comes_back_bit_for_bit(site, cache, layout, built, write):
    kind = "safetensors" if write.__module__.startswith("safetensors") else "pth"
    module, row = published(site, built, write, layout, kind)
    network = build(row, Place(cache))
    assert row.sources[0].url in network.origin
    assert torch.equal(responses(network.trunk, built), responses(module, built))


def test_every_layout_has_a_faithful_file():
    assert {layout for layout, _, _ in TESTED} == set(layouts())


def test_a_file_saved_under_python_2_is_read(site, cache):
    def write(state):
        content = {"arch": "r\xe9seau", "state_dict": under("module.", state)}
        return saved(content, pickle_module=PYTHON_2, _use_new_zipfile_serialization=False)

    module, row = published(site, THIN, write, "dataparallel")
    assert torch.equal(responses(build(row, Place(cache)).trunk, THIN), responses(module, THIN))


OWN = {
    "inside": ["net"],
    "keep": ["my."],
    "strip": ["my."],
    "drop": ["aux*"],
    "rename": [["^stage(\\d)\\.", "layer\\1."]],
}


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_file_of_the_users_own_is_read_with_their_rename_map(site, cache, tmp_path, form):
    def write(state):
        mine = {name.replace("layer", "stage"): tensor for name, tensor in state.items()}
        return saved({"net": {**under("my.", {**mine, "aux.weight": torch.ones(2)}), "other": torch.ones(2)}})

    layout = json.dumps(OWN)
    if form == "yaml":
        path = tmp_path / "mine.yaml"
        path.write_text(layout)
        layout = str(path)
    module, row = published(site, THIN, write, layout)
    assert torch.equal(responses(build(row, Place(cache)).trunk, THIN), responses(module, THIN))


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ("vissl_convertd", "did you mean vissl_converted"),
        ('{"insid": []}', "unknown key 'insid'"),
        ('{"strip": "module."}', "strip is one name"),
        ('{"reader": "tensorflow"}', "unknown reader 'tensorflow'"),
        ('{"rename": [["(", ""]]}', r"'\(' is no pattern"),
        ('{"rename": ', "is no YAML and no JSON"),
        ("/nowhere/mine.yaml", "cannot be read"),
    ],
)
def test_a_layout_that_does_not_exist_or_makes_no_sense_says_so(layout, message):
    with pytest.raises(InputError, match=message):
        find_layout(layout)


def test_a_file_in_another_layout_says_what_it_holds(site, cache):
    _, row = published(site, THIN, lightning, "vissl")
    with pytest.raises(InputError, match=r"(?s)classy_state_dict / base_model.*'pytorch-lightning_version'"):
        build(row, Place(cache))


def test_a_file_without_any_wanted_tensor_says_which_were_expected(site, cache):
    _, row = published(site, THIN, lambda state: saved({"state_dict": under("net.", state)}), "moco")
    with pytest.raises(InputError, match=r"(?s)names begin with module\.encoder_q\..*found: +net\.bn1"):
        build(row, Place(cache))


def test_two_tensors_of_one_name_are_named(site, cache):
    write = lambda state: saved({**state, "module.conv1.weight": torch.ones(2)})  # noqa: E731
    _, row = published(site, THIN, write, "swav")
    with pytest.raises(
        InputError, match=r"(?s)get the name conv1.weight.*conv1.weight and module.conv1.weight"
    ):
        build(row, Place(cache))
