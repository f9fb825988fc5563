"""The device, its arithmetic, and the way of the images to it."""

import time

import pytest
import torch
from lightning.fabric.utilities.apply_func import move_data_to_device
from lightning.pytorch.plugins import MixedPrecision

from percepnet.errors import InputError
from percepnet.responses.device import device_called, full_fp32, precision_on
from percepnet.responses.extractor import loader
from percepnet.responses.images import Ahead, Images
from percepnet.responses.plan import batches, shards
from tests.fakes import memory_benchmark

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def images():
    benchmark = memory_benchmark()
    return Images(benchmark, list(batches(benchmark.pairs, shards(benchmark.pairs), 4)))


def test_batches_for_a_gpu_are_pinned_and_those_for_a_cpu_are_not():
    assert loader(images(), GPU, 0).pin_memory
    assert not loader(images(), CPU, 0).pin_memory


def test_batches_are_bytes_in_the_same_order_for_any_number_of_workers():
    alone, together = ([*loader(images(), CPU, workers)] for workers in (0, 2))
    assert {batch["images"].dtype for batch in alone} == {torch.uint8}
    assert [batch["keys"] for batch in together] == [batch["keys"] for batch in alone]
    assert all(torch.equal(a["images"], b["images"]) for a, b in zip(alone, together, strict=True))


def test_the_next_batch_is_decoded_while_one_is_in_use():
    begun = []

    class Noted(Images):
        def __getitem__(self, index):
            begun.append(index)
            return super().__getitem__(index)

    given = images()
    ahead = Ahead(Noted(given.benchmark, given.batches))
    first = ahead[0]
    for _ in range(100):
        if len(begun) == 2:
            break
        time.sleep(0.01)
    assert begun == [0, 1]
    assert first["keys"] == given[0]["keys"]
    assert [ahead[index]["keys"] for index in range(1, len(given))] == [
        given[index]["keys"] for index in range(1, len(given))
    ]
    assert begun == [*range(len(given))]


def test_lightning_does_not_wait_for_a_batch_to_arrive(monkeypatch):
    asked = []

    def to(self, device, **options):
        asked.append(options)
        return self

    batch = next(iter(loader(images(), CPU, 0)))
    monkeypatch.setattr(torch.Tensor, "to", to)
    move_data_to_device(batch, GPU)
    assert asked == [{"non_blocking": True}]


@pytest.mark.parametrize(
    "name",
    [
        "nonsense",
        pytest.param(
            "mps", marks=pytest.mark.skipif(torch.backends.mps.is_available(), reason="it is there")
        ),
    ],
)
def test_a_device_that_is_not_there_is_told_with_what_to_do(name):
    with pytest.raises(InputError, match=rf"(?s)compute\.device={name}.*percepnet doctor"):
        device_called(name)


def test_fp32_is_not_tf32_and_what_was_set_comes_back():
    before = torch.backends.cudnn.allow_tf32
    with full_fp32():
        assert not torch.backends.cudnn.allow_tf32
    assert torch.backends.cudnn.allow_tf32 == before


@pytest.mark.parametrize("device", [CPU, torch.device("mps")])
@pytest.mark.parametrize(("name", "dtype"), [("fp16", torch.float16), ("bf16", torch.bfloat16)])
def test_autocast_takes_the_type_that_was_asked_for(device, name, dtype):
    plugin = precision_on(device, name)
    assert isinstance(plugin, MixedPrecision)
    assert plugin.device == device.type
    if device == CPU:
        with plugin.forward_context():
            assert torch.get_autocast_dtype("cpu") == dtype
            assert torch.is_autocast_enabled("cpu")
