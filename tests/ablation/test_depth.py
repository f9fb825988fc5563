"""Where a network is most human-like and how it gets there, on profiles of known shape."""

from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from percepnet.ablation.depth import last_minus_best, profile
from percepnet.ablation.evidence import Cell, Row
from percepnet.errors import InputError
from tests.ablation.simulated import CLUSTERS, evidence

LEVELS = {"goal": "g", "dataset": "d", "arch": "a", "readout": "layerwise"}


def cell(draws):
    """A cell with a row per line of draws `[layers, D]`; depths are equally spaced from 0 to 1."""
    depths = np.linspace(0.0, 1.0, len(draws))
    rows = tuple(
        Row(f"l{place}", float(depth), np.asarray(line, dtype=float))
        for place, (depth, line) in enumerate(zip(depths, draws, strict=True))
    )
    return Cell("run", "net", LEVELS, rows)


def still(values):
    return cell(np.repeat(np.array(values, dtype=float)[:, None], 1 + 40 + CLUSTERS, axis=1))


def sampled(truth, generator, noise=0.2, resamples=200):
    """Draws of layers that are means over clusters, as a run makes them: `[layers, 1 + B + J]`."""
    images = np.array(truth) + noise * generator.normal(size=(CLUSTERS, len(truth)))
    weights = generator.multinomial(CLUSTERS, np.full(CLUSTERS, 1 / CLUSTERS), size=resamples) / CLUSTERS
    without = (1.0 - np.eye(CLUSTERS)) / (CLUSTERS - 1)
    return (np.vstack([np.full(CLUSTERS, 1 / CLUSTERS), weights, without]) @ images).T


def test_a_rise_and_a_fall_are_told_with_the_place_of_the_best():
    one = still([0.2, 0.5, 0.6, 0.8, 0.7])
    found = profile(one, evidence([one]))
    assert (found.best_layer, found.best_depth, found.layers_to_best) == ("l3", 0.75, 4)
    assert (found.depth_low, found.depth_high) == (0.75, 0.75)
    assert found.growth.value == pytest.approx(1.0)
    assert found.growth_by_chance == pytest.approx(3 / 5)
    assert found.excess.value == pytest.approx(2 / 5)
    assert found.last_minus_best[:3] == pytest.approx((-0.1, -0.1, -0.1))
    assert found.trend.value == pytest.approx(stats.spearmanr(range(5), [0.2, 0.5, 0.6, 0.8, 0.7]).statistic)


def test_growth_is_spearmans_correlation_up_to_the_best_layer_of_each_draw():
    draws = np.round(np.random.default_rng(0).random((7, 1 + 40 + CLUSTERS)), 1)
    one = cell(draws)
    found = profile(one, evidence([one]))
    expected = []
    for column in draws.T:
        end = int(np.argmax(column))
        flat = end == 0 or np.ptp(column[: end + 1]) == 0
        expected.append(0.0 if flat else stats.spearmanr(range(end + 1), column[: end + 1]).statistic)
    assert found.growth == pytest.approx(evidence([one]).of(np.array(expected)), nan_ok=True)


def test_nothing_grows_where_the_first_layer_is_the_best():
    one = still([0.8, 0.5, 0.6])
    found = profile(one, evidence([one]))
    assert (found.growth.value, found.growth_by_chance, found.excess.value) == (0.0, 0.0, 0.0)
    assert found.layers_to_best == 1


@pytest.mark.parametrize("layers", [3, 5, 7])
def test_what_chance_would_grow_is_the_mean_over_all_orders_that_end_in_the_best(layers):
    orders = [(*order, layers - 1) for order in permutations(range(layers - 1))]
    mean = np.mean([np.corrcoef(range(layers), order)[0, 1] for order in orders])
    one = still(np.linspace(0.1, 0.9, layers))
    assert profile(one, evidence([one])).growth_by_chance == pytest.approx(mean)


def test_the_best_depth_is_as_uncertain_as_its_layers_are_alike():
    generator = np.random.default_rng(1)
    clear = cell(sampled([0.2, 0.4, 0.9, 0.4, 0.2], generator))
    flat = cell(sampled([0.5, 0.5, 0.5, 0.5, 0.5], generator))
    found = [profile(one, evidence([one])) for one in (clear, flat)]
    assert (found[0].depth_low, found[0].depth_high) == (0.5, 0.5)
    assert found[1].depth_high - found[1].depth_low > 0.5


def test_a_profile_needs_three_layers():
    one = still([0.5, 0.6])
    with pytest.raises(InputError, match="readout=layerwise"):
        profile(one, evidence([one]))


def test_a_layer_that_is_undefined_in_a_few_resamples_costs_only_these():
    draws = sampled([0.2, 0.4, 0.9], np.random.default_rng(2))
    draws[1, 5] = np.nan
    one = cell(draws)
    found = profile(one, evidence([one]))
    assert np.isfinite([found.growth.low, found.depth_low, found.last_minus_best.low]).all()


def test_the_last_layer_as_the_best_is_no_loss():
    one = cell(sampled([0.2, 0.4, 0.9], np.random.default_rng(3)))
    found = profile(one, evidence([one])).last_minus_best
    assert (found.value, found.high, found.p) == (0.0, 0.0, 1.0)
    assert found.low < 0.0


@pytest.mark.slow
def test_the_loss_after_the_best_layer_is_not_found_where_all_layers_are_alike():
    """A plain interval of last minus best finds one in most such networks: the best of many is better."""
    generator, trials = np.random.default_rng(4), 600
    found = [last_minus_best(sampled(np.full(8, 0.5), generator), CLUSTERS) for _ in range(trials)]
    assert np.mean([one.p < 0.05 for one in found]) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)
    assert np.mean([one.high < 0.0 for one in found]) <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("truth", [(0.3, 0.5, 0.6, 0.5, 0.4), (0.2, 0.4, 0.6, 0.59, 0.58)])
def test_intervals_cover_the_true_best_depth_and_the_true_loss(truth):
    generator, trials = np.random.default_rng(5), 300
    depth = loss = 0
    for _ in range(trials):
        one = cell(sampled(truth, generator))
        found = profile(one, evidence([one]))
        depth += found.depth_low <= 0.5 <= found.depth_high
        loss += found.last_minus_best.low <= truth[-1] - 0.6 <= found.last_minus_best.high
    assert depth / trials >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / trials)
    assert loss / trials >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / trials)
