"""Attributes of networks and how human-like these are."""

import numpy as np
import pytest
from scipy import stats

from percepnet.ablation.claims.measures.ranks import across_networks, correlation, permuted
from percepnet.networks.catalogue import checkpoints
from tests.ablation.claims.made import cell, claim, evidence, verdict

SIZES = {
    row.id: row.parameters or 0
    for row in checkpoints()
    if (row.goal, row.dataset, row.score_name, row.recipe) == ("classification", "imagenet1k", "top1", "tv1")
}
BY_SIZE = sorted(SIZES, key=lambda name: SIZES[name])[::5]


def test_a_correlation_is_scipys_and_its_permutations_are_exact():
    generator = np.random.default_rng(0)
    one, two = generator.normal(size=(2, 6))
    assert correlation(one[:, None], two[:, None])[0] == pytest.approx(stats.spearmanr(one, two).statistic)
    rising = np.arange(6.0)
    assert permuted(rising, rising) == pytest.approx(1 / 720)
    assert permuted(rising, -rising) == 1.0
    exact = stats.permutation_test(
        (one,),
        lambda x: stats.spearmanr(x, two).statistic,
        permutation_type="pairings",
        alternative="greater",
    )
    assert permuted(one, two) == pytest.approx(exact.pvalue)


def test_its_interval_is_bonett_and_wrights_where_images_add_nothing():
    one, two = np.arange(20.0), np.r_[np.arange(1.0, 20.0), 0.0]
    known, above, _ = across_networks(np.repeat(one[:, None], 3, axis=1), two[:, None], 2)
    r = stats.spearmanr(one, two).statistic
    reach = 1.959964 * np.sqrt((1 + r**2 / 2) / 17)
    assert (known.low, known.high) == pytest.approx(np.tanh([np.arctanh(r) - reach, np.arctanh(r) + reach]))
    assert above(known.low) == pytest.approx(0.025)
    noisy = one[:, None] + np.random.default_rng(0).normal(0.0, 8.0, (20, 400))
    noisy[:, 0] = one
    wider, _, _ = across_networks(noisy, two[:, None], 399)
    assert wider.high - wider.low > known.high - known.low


@pytest.mark.parametrize(
    ("slope", "expected"), [(-0.02, "supported"), (0.02, "contradicted"), (0.0, "inconclusive")]
)
def test_larger_networks_are_more_or_less_human_like(slope, expected):
    jitter = [0.0, 0.01, -0.01, 0.012, -0.005, 0.003, 0.011, -0.02]
    cells = [cell(name, 0.7 + slope * place + jitter[place], 0.001) for place, name in enumerate(BY_SIZE[:8])]
    asked = claim(statistic="association", attribute="parameters", direction="less")
    found = verdict(asked, evidence(*cells))
    assert found.verdict == expected
    values = [cell.best.draws[0] for cell in cells]
    sizes = [SIZES[cell.network] for cell in cells]
    assert found.effect.value == pytest.approx(stats.spearmanr(sizes, values).statistic)


def test_fewer_than_five_networks_are_no_sample():
    asked = claim(statistic="association", attribute="score", subject={"goal": "classification"})
    cells = [cell(name, 0.7) for name in BY_SIZE[:4]]
    found = verdict(asked, evidence(*cells))
    assert found.verdict == "not testable"
    assert found.missing == ["5 networks or more of goal=classification with known score (top1), there are 4"]


@pytest.mark.slow
@pytest.mark.parametrize(("networks", "truth"), [(8, 0.0), (8, 0.6), (20, 0.6), (20, -0.8)])
def test_its_interval_covers_the_correlation_of_all_networks_there_could_be(networks, truth):
    """Pairs from a normal with Pearson's r; Spearman's is 6 / pi arcsin(r / 2) (Pearson 1907)."""
    generator = np.random.default_rng(11)
    r = 2.0 * np.sin(np.pi * truth / 6.0)
    covered, trials = 0, 400
    for _ in range(trials):
        one = generator.normal(size=networks)
        two = r * one + np.sqrt(1.0 - r**2) * generator.normal(size=networks)
        images = 0.2 * generator.normal(size=(networks, 50))
        images[:, 0] = 0.0
        known, _, _ = across_networks(two[:, None] + images, one[:, None], 49)
        covered += known.low <= truth <= known.high
    assert covered >= stats.binom.ppf(0.005, trials, 0.95)
