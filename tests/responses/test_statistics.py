from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch

from percepnet.errors import InputError
from percepnet.responses import kernels, lanes, sorting, tables, transport
from percepnet.responses import response as responses
from percepnet.responses.channelwise import EVERYWHERE, Comparison
from percepnet.responses.costly import AT_STAGES
from percepnet.responses.response import Reference, Response
from percepnet.responses.statistics import STATISTICS, chosen, reduced
from tests.responses import naive

NAMES = sorted(STATISTICS)
SHAPES = [(5, 7, 9), (3, 16, 24), (64, 1, 1), (2, 1, 13), (7, 33, 17)]
NOTHING = 1e-30
"""The square of what fp64 rounds of numbers near 1, where the exact result is 0."""
SUMMED = ("unit_squared_difference", "cosine_distance", "correlation_distance")
"""Whose channels are shares of one sum."""


def pair(shape=(5, 7, 9), seed=0, noise=0.3):
    """A response after a ReLU, with a channel that never responds, and a distorted one."""
    generator = torch.Generator().manual_seed(seed)
    first = torch.randn(shape, generator=generator).relu()
    second = (first + noise * torch.randn(shape, generator=generator)).relu()
    first[-1] = second[-1] = 0.0
    return first, second


def all_values(first, second, names=("all",), *, stage=True):
    """Return every statistic `[K]` of a pair."""
    values = reduced(Reference(first), Response(second[None]), chosen(names), stage=stage)
    return {name: value[0] for name, value in values.items()}


def value(name, first, second):
    return all_values(first, second, [name])[name]


@pytest.mark.parametrize("noise", [1.0, 0.01])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_a_statistic_is_what_its_definition_says(name, shape, noise):
    first, second = pair(shape, noise=noise)
    expected = getattr(naive, name)(first.double().numpy(), second.double().numpy())
    found = value(name, first, second).numpy()
    if name in SUMMED:
        assert found.sum() == pytest.approx(expected.sum(), rel=1e-5)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=max(3e-6 * np.abs(expected).max(), NOTHING))


def test_unit_squared_difference_is_lpips_own_arithmetic():
    import lpips

    first, second = pair()
    units = [lpips.normalize_tensor(x[None]) for x in (first, second)]
    expected = ((units[0] - units[1]) ** 2).mean(dim=(2, 3))[0].numpy()
    np.testing.assert_allclose(value("unit_squared_difference", first, second), expected, rtol=1e-5)


@pytest.mark.parametrize(("name", "scale"), [("cosine_distance", 1.1), ("correlation_distance", 0.9)])
def test_an_angle_is_exact_where_nearly_all_of_the_difference_is_a_change_of_scale(name, scale):
    first, _ = pair((8, 40, 40))
    second = first * scale + 1e-4 * torch.randn(first.shape, generator=torch.Generator().manual_seed(1))
    expected = getattr(naive, name)(first.double().numpy(), second.double().numpy()).sum()
    assert float(value(name, first, second).sum()) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("reference_")])
@pytest.mark.parametrize("kind", ["noise", "dark", "constant"])
def test_identical_responses_differ_by_exactly_nothing(name, kind):
    first = {"noise": pair()[0], "dark": torch.zeros(5, 7, 9), "constant": torch.full((5, 7, 9), 0.3)}[kind]
    assert not value(name, first, first.clone()).any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("second", ["the same", "noise", "dark"])
@pytest.mark.parametrize("first", ["noise", "dark", "constant"])
def test_gradients_are_finite_wherever_responses_are_alike_or_absent(name, first, second):
    makers = {"noise": pair()[0], "dark": torch.zeros(5, 7, 9), "constant": torch.full((5, 7, 9), 0.3)}
    x = makers[first].clone()
    y = (makers.get(second, x)).clone().requires_grad_()
    value(name, x.requires_grad_(), y).sum().backward()
    for one in (x, y):
        assert one.grad is None or bool(torch.isfinite(one.grad).all())


def test_a_response_without_length_is_half_a_unit_from_one_with_a_direction():
    first, dark = pair()[0], torch.zeros(5, 7, 9)
    for name in ("cosine_distance", "correlation_distance", "distance_correlation"):
        assert float(value(name, first, dark).sum()) == pytest.approx(0.5, rel=1e-5)


@pytest.mark.parametrize("shape", [*SHAPES, (11, 9, 20), (16, 9, 20), (130, 20, 30), (3, 96, 100)], ids=str)
def test_compiled_loops_make_the_numbers_that_torch_makes(shape):
    """On a GPU, and where gradients are wanted, torch computes; on a CPU, compiled loops."""
    first, second = pair(shape)
    found = all_values(first, second)
    expected = all_values(first, second.clone().requires_grad_())
    for name in NAMES:
        numbers = expected[name].detach().numpy()
        atol = max(1e-7 * float(np.abs(numbers).max()), NOTHING)
        np.testing.assert_allclose(found[name].numpy(), numbers, rtol=2e-6, atol=atol, err_msg=name)


@pytest.mark.parametrize(("mean", "noise"), [(0.0, 1e-6), (100.0, 1e-4)])
def test_compiled_loops_are_exact_where_responses_hardly_differ(mean, noise):
    """They subtract sums of powers, torch sums differences: fp64 leaves 1e-8 of a change of a millionth."""
    first, _ = pair((20, 90, 100))
    first = mean + first
    second = first + noise * torch.randn(first.shape, generator=torch.Generator().manual_seed(4))
    both = [
        Comparison(Reference(first), Response(second[None])),
        Comparison(Reference(first.clone().requires_grad_()), Response(second[None])),
    ]
    for reduce in EVERYWHERE:
        found, expected = (reduce(one).detach() for one in both)
        atol = 1e-7 * float(expected.abs().max())
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=atol, err_msg=reduce.__name__)


@pytest.mark.parametrize("trace", [0.0, 1e-3])
@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("_difference")])
def test_a_channel_that_nearly_falls_silent_is_as_exact_as_any_other(name, trace):
    first, _ = pair((4, 40, 50))
    second = 0.7 + trace * torch.rand(first.shape, generator=torch.Generator().manual_seed(2))
    expected = getattr(naive, name)(first.double().numpy(), second.double().numpy())
    np.testing.assert_allclose(
        value(name, first, second), expected, rtol=1e-5, atol=3e-6 * abs(expected).max()
    )


@pytest.mark.parametrize(("low", "channels"), [(0, 40), (3, 16), (5, 35), (39, 1)])
@pytest.mark.parametrize("positions", [1, 16, 50])
def test_rows_are_transposed_like_numpys(positions, low, channels):
    rows = np.random.default_rng(0).standard_normal((positions, 40)).astype(np.float32)
    found = np.full((channels, positions + 7), -1.0, np.float32)
    sorting.transpose(rows, low, channels, found.reshape(-1), positions + 7)
    np.testing.assert_array_equal(found[:, :positions], rows[:, low : low + channels].T)
    assert (found[:, positions:] == -1.0).all()


@pytest.mark.parametrize("size", [1, 2, 63, 700, 9000])
@pytest.mark.parametrize("zeros", [0.0, 0.6, 1.0])
def test_ascending_sorts_like_numpy(size, zeros):
    generator = np.random.default_rng(size)
    values = generator.standard_normal(size).astype(np.float32) * 10.0 ** generator.integers(-20, 20, size)
    values = np.where(generator.random(size) < zeros, 0.0, values).astype(np.float32)
    found = np.empty_like(values)
    sorting.ascending(values, found)
    np.testing.assert_array_equal(found, np.sort(values))


def test_values_that_all_but_one_lie_side_by_side_are_sorted_too():
    values = np.nextafter(np.full(700, 5.0, np.float32), np.float32(6.0)) + np.float32(0.0)
    values[::2] = 5.0
    values[350] = 1e9
    found = np.empty_like(values)
    sorting.ascending(values, found)
    np.testing.assert_array_equal(found, np.sort(values))


def after(step, shape):
    """Two images' responses of one kind."""
    generator = np.random.default_rng(3)
    first = generator.standard_normal(shape).astype(np.float32)
    second = (first + 0.3 * generator.standard_normal(shape) + 0.1).astype(np.float32)
    return step(first, second)


@pytest.mark.parametrize("shape", [(1, 5, 5), (3, 40, 44), (70, 9, 8), (20, 100, 130)], ids=str)
@pytest.mark.parametrize(
    "step",
    [
        lambda x, y: (x, y),
        lambda x, y: (np.maximum(x, 0), np.maximum(y, 0)),
        lambda x, y: (np.zeros_like(x), y),
        lambda x, y: (x, np.zeros_like(y)),
        lambda x, y: (-abs(x), y),
        lambda x, y: (np.full_like(x, 2.5), y),
        lambda x, _: (x, x + 1e-6 * x[::-1, ::-1, ::-1]),
        lambda x, y: (1e-3 * x, 1e3 * y),
        lambda x, y: (1e-37 * np.maximum(x, 0), 1e-37 * np.maximum(y, 0)),
        lambda x, _: (x, x),
    ],
    ids=["signed", "relu", "silent", "silenced", "negative", "alike", "faint", "far", "tiny", "same"],
)
def test_distances_of_values_in_order_are_those_of_sorted_ones(step, shape):
    first, second = (np.float32(values) for values in after(step, shape))
    ordered = [np.sort(values.reshape(shape[0], -1).astype(float)) for values in (first, second)]
    found = value("wasserstein", torch.from_numpy(first), torch.from_numpy(second))
    expected = np.abs(ordered[1] - ordered[0]).mean(axis=1)
    np.testing.assert_allclose(found, expected, rtol=2e-7, atol=0.0)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_never_hidden(broken):
    clean = np.maximum(np.random.default_rng(0).standard_normal((20, 30, 40)), 0).astype(np.float32)
    for place in (0, 1):
        both = [clean.copy(), clean.copy()]
        both[place][5, 3, 4] = broken
        found = value("wasserstein", *(torch.from_numpy(one) for one in both))
        assert [*np.flatnonzero(~found.isfinite().numpy())] == [5]


@pytest.mark.parametrize(
    ("loops", "beneath"), [(kernels, lanes), (sorting, kernels), (transport, sorting), (tables, kernels)]
)
def test_loops_are_compiled_anew_when_those_change_that_are_compiled_into_them(loops, beneath):
    """If this fails: write the new digits into the file, and nobody's cache holds loops of before."""
    assert sha256(Path(beneath.__file__).read_bytes()).hexdigest()[:8] == loops.BENEATH


def test_loops_are_compiled_where_no_folder_can_keep_the_result(monkeypatch):
    from numba.core.caching import CacheImpl

    monkeypatch.setattr(CacheImpl, "_locator_classes", [])
    lengths = np.empty(1)
    plain = kernels.inverse_lengths.py_func  # type: ignore[attr-defined]
    kernels.compiled(plain)(np.array([[3.0, 4.0]], np.float32), 0.0, lengths)
    assert lengths[0] == 0.2


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("block", [1, 70, 1 << 30])
def test_the_size_of_blocks_does_not_change_the_numbers(monkeypatch, block, compiled):
    monkeypatch.setattr(Response, "compiled", compiled)
    first, second = pair()
    expected = all_values(first, second)
    monkeypatch.setattr(responses, "BLOCK", block)
    found = all_values(first, second)
    for name in NAMES:
        np.testing.assert_allclose(found[name], expected[name], rtol=2e-6, atol=1e-9, err_msg=name)


def test_costly_statistics_are_computed_at_stages_alone():
    first, second = pair()
    costly = {kind.__name__ for kind in AT_STAGES}
    everywhere = all_values(first, second, stage=False)
    assert set(everywhere) == set(STATISTICS) - costly


def test_all_stands_for_every_statistic_and_an_unknown_one_names_the_nearest():
    assert list(chosen(["all"])) == NAMES
    with pytest.raises(InputError, match="squared_difference"):
        chosen(["squared_diference"])
