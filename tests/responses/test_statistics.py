import numpy as np
import pytest
import torch

from percepnet.errors import InputError
from percepnet.responses.statistics import STATISTICS, chosen


def pair(shape=(5, 7, 9), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for _ in range(2)]


def value(name, reference, response):
    statistic = STATISTICS[name]
    return statistic.reduce(statistic.prepare(reference), response).numpy()


def test_squared_difference_is_the_mean_over_positions():
    a, b = pair()
    expected = ((a.numpy().astype(np.float64) - b.numpy()) ** 2).mean(axis=(1, 2))
    np.testing.assert_allclose(value("squared_difference", a, b), expected, rtol=1e-5)


def test_unit_squared_difference_is_lpips_own_arithmetic():
    import lpips

    a, b = pair()
    units = [lpips.normalize_tensor(x[None]) for x in (a, b)]
    expected = ((units[0] - units[1]) ** 2).mean(dim=(2, 3))[0].numpy()
    np.testing.assert_allclose(value("unit_squared_difference", a, b), expected, rtol=1e-5)


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_identical_responses_differ_by_exactly_nothing(name):
    a, _ = pair()
    assert not value(name, a, a.clone()).any()
    dark = torch.zeros_like(a)
    assert not value(name, dark, dark).any()


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_the_reference_is_not_touched_when_its_tensor_is_overwritten_later(name):
    a, b = pair()
    statistic = STATISTICS[name]
    expected = statistic.reduce(statistic.prepare(a.clone()), b)
    prepared = statistic.prepare(a)
    a.relu_()
    assert torch.equal(statistic.reduce(prepared, b), expected)


def test_an_unknown_statistic_names_the_nearest():
    with pytest.raises(InputError, match="squared_difference"):
        chosen(["squared_diference"])
