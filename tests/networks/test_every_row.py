"""Every architecture of the catalogue is built and passed once on the meta device: shapes without numbers."""

from contextlib import contextmanager
from unittest import mock

import pytest
import torch
from torch import nn

from percepnet.networks.build import bare_module
from percepnet.networks.catalogue import Checkpoint, architectures, checkpoints
from percepnet.networks.network import Network
from percepnet.networks.taps import chosen

ROWS: dict[str, Checkpoint] = {}
for _row in checkpoints():
    ROWS.setdefault(_row.architecture.name, _row)

NEEDS_NUMBERS = {"mobilenet_v3_large_ssdlite"}
"""Their builder passes an image, so it needs weights; they are small."""

REALLY = ["alexnet", "vgg16", "resnet50_gray", "swin_t", "vit_base_patch16_224", "googlenet", "hed_vgg16"]


@contextmanager
def weightless():
    """Parameters lie on the meta device from birth, so that the largest network costs no memory."""
    register = nn.Module.register_parameter

    def on_meta(self, name, parameter):
        weight = None if parameter is None else nn.Parameter(parameter.to("meta"), requires_grad=False)
        register(self, name, weight)

    with mock.patch.object(nn.Module, "register_parameter", on_meta):
        yield


def shaped(name):
    if name in NEEDS_NUMBERS:
        return bare_module(architectures()[name], None)
    with weightless():
        return bare_module(architectures()[name], 0)


def network_of(row, module, patterns=()):
    design = row.architecture
    return Network(
        id=row.id,
        trunk=module.eval().requires_grad_(requires_grad=False),
        preprocessing=row.preprocessing,
        taps=chosen(module, patterns or design.taps, design.form, row.preprocessing),
        stages=design.stages,
        form=design.form,
        weights_hash="",
        structure="",
        origin="",
    )


def observed(network, images):
    seen: dict[str, tuple[int, ...]] = {}

    def visit(tap, response):
        assert tap not in seen
        seen[tap] = tuple(response.shape)

    network.observe(images, visit)
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(architectures()))
def test_every_architecture_builds_and_its_taps_fire_in_order_once_each_with_maps(name):
    row = ROWS[name]
    module = shaped(name).to("meta")
    network = network_of(row, module)
    images = torch.zeros(2, 384, 512, 3, dtype=torch.uint8, device="meta")
    seen = observed(network, images)
    assert list(seen) == [tap.name for tap in network.taps]
    assert all(len(shape) == 4 and shape[0] == 2 and min(shape) > 0 for shape in seen.values())
    assert set(network.stages) <= set(seen)
    assert seen["input"] == (2, 3, 384, 512)
    depths = [tap.depth for tap in network.taps]
    assert depths == sorted(depths)
    assert 0.4 < depths[-1] <= 1.0
    assert sum(parameter.numel() for parameter in module.parameters()) == row.parameters


@pytest.mark.parametrize("row", checkpoints(), ids=lambda row: row.id)
def test_every_row_belongs_to_an_architecture_that_was_built_and_takes_its_images(row):
    assert row.architecture is architectures()[row.architecture.name]
    assert row.preprocessing.channels == ROWS[row.architecture.name].preprocessing.channels
    assert row.preprocessing.size == row.architecture.size


@pytest.mark.slow
@pytest.mark.parametrize("name", REALLY)
def test_taps_give_numbers_on_the_cpu(name):
    row = ROWS[name]
    network = network_of(row, bare_module(row.architecture, 0))
    images = torch.randint(0, 256, (2, 128, 160, 3), dtype=torch.uint8)
    finite: dict[str, bool] = {}
    network.observe(images, lambda tap, response: finite.__setitem__(tap, bool(response.isfinite().all())))
    assert len(finite) == len(network.taps)
    assert all(finite.values())
