"""Where torch computes (on a GPU, or with gradients) it works on all images of a batch at once."""

import logging

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from percepnet.responses import response as responses
from percepnet.responses import summing
from percepnet.responses.response import Reference, Response
from percepnet.responses.statistics import STATISTICS, chosen, reduced

SHAPES = [(5, 7, 9), (64, 1, 1), (2, 1, 13), (7, 33, 17), (20, 9, 20)]


class Calls(TorchDispatchMode):
    """Counts what torch is asked to do."""

    def __init__(self):
        super().__init__()
        self.number = 0

    def __torch_dispatch__(self, function, _types, args=(), kwargs=None):
        self.number += 1
        return function(*args, **kwargs or {})


def images(shape=(5, 7, 9), several=4):
    """A reference's response after a ReLU and those to images more and more unlike it; the first is alike."""
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(shape, generator=generator).relu()
    levels = 0.3 * torch.arange(several)[:, None, None, None]
    return first, (first + levels * torch.randn((several, *shape), generator=generator)).relu()


def values(first, others):
    return reduced(Reference(first), Response(others), chosen(["all"]), stage=True)


def assert_same(found, expected, rtol):
    for name in STATISTICS:
        one, other = found[name].detach().numpy(), expected[name].detach().numpy()
        atol = max(1e-7 * np.abs(other).max(), 1e-30)
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol, err_msg=name)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("block", [1, 70, 700, 1 << 18])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_images_at_once_have_the_numbers_of_each_alone(monkeypatch, shape, block, compiled):
    monkeypatch.setattr(Response, "compiled", compiled)
    first, others = images(shape)
    each = [values(first, other[None]) for other in others]
    monkeypatch.setattr(responses, "BLOCK", block)
    found = values(first, others)
    assert_same(found, {name: torch.cat([one[name] for one in each]) for name in STATISTICS}, rtol=2e-6)
    for name in STATISTICS:
        assert name.startswith("reference_") or not found[name][0].any(), name


def test_gradients_of_images_at_once_are_those_of_each_alone():
    first, others = images()
    together, alone = others.clone().requires_grad_(), others.clone().requires_grad_()
    sum(value.sum() for value in values(first, together).values()).backward()
    for one in alone:
        sum(value.sum() for value in values(first, one[None]).values()).backward()
    assert together.grad is not None
    assert alone.grad is not None
    torch.testing.assert_close(together.grad, alone.grad, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_what_torch_is_asked_to_do_does_not_grow_with_the_images(monkeypatch, shape):
    monkeypatch.setattr(Response, "compiled", False)
    numbers = []
    for several in (2, 20):
        with Calls() as calls:
            values(*images(shape, several))
        numbers.append(calls.number)
    assert numbers[0] == numbers[1]


@pytest.mark.slow
@torch.inference_mode()  # as the responses of a network are reduced
def test_fused_sums_are_those_made_step_by_step_and_one_function_makes_all(monkeypatch):
    """On a CPU here, so that it can be seen everywhere; on a GPU it is what makes them."""
    monkeypatch.setattr(Response, "compiled", False)
    batches = [
        images(shape, several) for shape, several in [((3, 33, 17), 4), ((20, 9, 20), 2), ((5, 7, 9), 9)]
    ]
    expected = [values(*batch) for batch in batches]
    monkeypatch.setattr(summing, "is_fusible", lambda *_: True)
    assert summing.fused(torch.device("cpu")) is not None
    with torch.compiler.set_stance("fail_on_recompile"):
        for batch, numbers in zip(batches, expected, strict=True):
            found = values(*batch)
            assert_same(found, numbers, rtol=1e-6)
            assert not found["unit_squared_difference"][0].any()


def test_sums_are_made_step_by_step_where_nothing_can_be_compiled(monkeypatch, caplog):
    def refuse(*_args):
        raise RuntimeError("no compiler\nand more")

    monkeypatch.setattr(torch, "compile", lambda *_args, **_options: refuse)
    monkeypatch.setattr(Response, "compiled", False)
    expected = values(*images())
    monkeypatch.setattr(summing, "is_fusible", lambda *_: True)
    summing.fused.cache_clear()
    with caplog.at_level(logging.WARNING):
        found = [values(*images()) for _ in range(2)]
    summing.fused.cache_clear()
    assert all((one[name] == expected[name]).all() for one in found for name in STATISTICS)
    assert [record.getMessage().endswith("fails here: no compiler") for record in caplog.records] == [True]
