from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from percepnet.agreement.comparison import difference, equivalence, false_discovery, holm, pairwise
from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.correlation import correlations
from percepnet.errors import InputError

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray

P = np.array([0.04, 0.001, 0.03, 0.9, 0.012, 0.012, 1.0])
RESAMPLES = 400


def means(sample: FloatArray, resamples: int = 4000, seed: int = 0) -> FloatArray:
    """Return the mean of one value per cluster `[C]`, in resamples, and without each cluster in turn."""
    count = sample.size
    draws = np.vstack(
        [np.ones(count), Bootstrap(resamples, seed=seed).multiplicities(count), 1.0 - np.eye(count)]
    )
    return np.asarray(draws @ sample / draws.sum(axis=1))


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.6])
def test_the_p_of_a_mean_is_that_of_the_t_test(shift):
    sample = np.random.default_rng(1).normal(shift, 1.0, 25)
    found = difference(means(sample, 40_000), 25, 25)
    expected = stats.ttest_1samp(sample, 0.0)
    assert found.value == pytest.approx(sample.mean())
    assert found.error == pytest.approx(stats.sem(sample), rel=0.015)
    assert found.value / found.error == pytest.approx(expected.statistic, rel=0.015)
    assert found.p == pytest.approx(expected.pvalue, rel=0.06)


def test_the_equivalence_of_a_mean_is_that_of_two_t_tests():
    sample = np.random.default_rng(2).normal(0.1, 1.0, 25)
    found = equivalence(means(sample, 40_000), 25, 25, margin=0.5)
    above = stats.ttest_1samp(sample, -0.5, alternative="greater").pvalue
    below = stats.ttest_1samp(sample, 0.5, alternative="less").pvalue
    assert found.p == pytest.approx(max(above, below), rel=0.06)
    known = difference(means(sample, 40_000), 25, 25, level=0.9)
    assert (found.low, found.high) == (known.low, known.high)


def test_a_difference_turned_round_has_the_same_p_and_the_interval_turned_round():
    values = means(np.random.default_rng(3).exponential(size=25))
    there, back = difference(values, 25, 25), difference(-values, 25, 25)
    assert (there.p, there.error) == (back.p, back.error)
    assert there.low == pytest.approx(-back.high)
    assert there.high == pytest.approx(-back.low)


def test_rows_that_are_one_and_the_same_do_not_differ():
    found = difference(np.zeros(1 + 100 + 25), 25, 25)
    assert (found.value, found.low, found.high, found.p, found.error) == (0.0, 0.0, 0.0, 1.0, 0.0)
    assert equivalence(np.zeros(1 + 100 + 25), 25, 25, margin=0.01).p == 0.0


def test_a_difference_that_never_varies_is_certain():
    values = np.full(1 + 100, 0.25)
    assert difference(values, 0, 25).p == 0.0
    assert [equivalence(values, 0, 25, margin).p for margin in (0.2, 0.25, 0.3)] == [1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("values", "left_out", "clusters"),
    [
        (np.array([0.3]), 0, 25),
        (np.array([0.3, 0.2]), 0, 25),
        (np.full(101, 0.3), 0, 1),
        (np.r_[np.nan, np.linspace(0.1, 0.2, 100)], 0, 25),
        (np.r_[0.3, np.full(100, np.nan)], 0, 25),
        (np.r_[0.3, np.full(5, np.nan), np.linspace(0.1, 0.2, 95)], 0, 25),
    ],
    ids=["no resamples", "one resample", "one cluster", "undefined", "undefined resamples", "5 undefined"],
)
def test_what_cannot_be_tested_has_no_p_and_no_interval(values, left_out, clusters):
    found = difference(values, left_out, clusters)
    np.testing.assert_array_equal(found.value, values[0])
    assert found.method == ""
    assert np.isnan([found.low, found.high, found.p, found.error]).all()
    assert np.isnan(equivalence(values, left_out, clusters, margin=0.1)[1:]).all()


@pytest.mark.parametrize("margin", [0.0, -0.02, np.nan, np.inf])
def test_a_margin_that_is_none_is_refused(margin):
    with pytest.raises(InputError, match="margin above 0"):
        equivalence(means(np.arange(25.0)), 25, 25, margin)


@pytest.mark.parametrize(("adjust", "method"), [(holm, "holm"), (false_discovery, "fdr_bh")])
def test_many_p_values_are_adjusted_as_statsmodels_does(adjust, method):
    for p in (P, P[:1], np.random.default_rng(0).beta(0.3, 1.0, 300)):
        np.testing.assert_allclose(adjust(p), multipletests(p, method=method)[1], rtol=1e-12)


@pytest.mark.parametrize("adjust", [holm, false_discovery])
def test_an_undefined_p_is_no_part_of_the_family(adjust):
    gaps = np.insert(P, [0, 3, 7], np.nan)
    found = adjust(gaps)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(gaps))
    np.testing.assert_array_equal(found[np.isfinite(gaps)], adjust(P))
    assert np.isnan(adjust(np.full(3, np.nan))).all()
    assert adjust(np.empty(0)).size == 0


def test_all_pairs_of_rows_are_compared_once_and_adjusted_as_one_family():
    draws = np.stack([means(np.random.default_rng(row).normal(0.3 * row, 1.0, 25)) for row in range(5)])
    found = pairwise(draws, 25, 25)
    family = []
    for row in range(5):
        for column in range(row + 1, 5):
            one = difference(draws[row] - draws[column], 25, 25)
            place = row, column
            assert one[:3] == (found.value[place], found.low[place], found.high[place])
            family.append(one.p)
    upper = np.triu_indices(5, 1)
    np.testing.assert_array_equal(found.p[upper], family)
    np.testing.assert_allclose(found.holm[upper], multipletests(family, method="holm")[1])
    np.testing.assert_allclose(found.false_discovery[upper], multipletests(family, method="fdr_bh")[1])
    np.testing.assert_array_equal(found.value, -found.value.T)
    np.testing.assert_array_equal(found.low, -found.high.T)
    for tests in (found.p, found.holm, found.false_discovery):
        np.testing.assert_array_equal(tests, tests.T)
        assert np.isnan(np.diag(tests)).all()


def test_an_undefined_row_leaves_the_comparisons_of_the_others_as_they_are():
    draws = np.stack([means(np.random.default_rng(row).normal(size=25)) for row in range(3)])
    with_gap = pairwise(np.vstack([draws, np.full(draws.shape[1], np.nan)]), 25, 25)
    np.testing.assert_array_equal(with_gap.holm[:3, :3], pairwise(draws, 25, 25).holm)
    assert np.isnan(with_gap.value[3, :3]).all()
    assert np.isnan(with_gap.holm[3]).all()


def test_a_single_row_has_nothing_to_be_compared_with():
    assert pairwise(np.zeros((1, 50)), 0, 25).value.shape == (1, 1)


def judged(seed: int, rhos: tuple[float, ...], metric: str = "srcc", clusters: int = 25) -> FloatArray:
    """Return draws `[R, 1 + B + J]` of predictors whose correlation with the scores is `rhos`.

    Scores and each predictor's error have half of their variance in common within a cluster of 8 pairs.
    """
    generator = np.random.default_rng(seed)
    common, own = (generator.normal(size=(len(rhos) + 1, clusters, size)) for size in (1, 8))
    scores, *errors = (np.sqrt(0.5) * (common + own)).reshape(len(rhos) + 1, -1)
    share = np.array(rhos)[:, None]
    predictors = share * scores + np.sqrt(1.0 - share**2) * np.stack(errors)
    ones = np.ones((1, clusters), dtype=np.int64)
    left_out = 1 - np.eye(clusters, dtype=np.int64)
    draws = np.concatenate([ones, Bootstrap(RESAMPLES, seed=seed).multiplicities(clusters), left_out])
    return correlations(predictors, scores, np.repeat(np.arange(clusters), 8), draws)[metric]


def spearman_of(rho: float) -> float:
    """Return Spearman's correlation of a bivariate normal distribution (Kendall & Gibbons 1990)."""
    return float(6.0 / np.pi * np.arcsin(rho / 2.0))


@pytest.mark.slow
def test_two_equally_good_predictors_are_told_apart_5_times_in_100():
    found = []
    for seed in range(800):
        draws = judged(seed, (0.7, 0.7))
        found.append(difference(draws[0] - draws[1], 25, 25).p < 0.05)
    assert 0.03 <= np.mean(found) <= 0.07, np.mean(found)


@pytest.mark.slow
def test_a_difference_as_large_as_the_margin_is_called_none_at_most_5_times_in_100():
    margin = spearman_of(0.8) - spearman_of(0.7)
    found = []
    for seed in range(600):
        draws = judged(seed, (0.8, 0.7))
        found.append(equivalence(draws[0] - draws[1], 25, 25, margin).p < 0.05)
    assert 0.01 <= np.mean(found) <= 0.07, np.mean(found)


@pytest.mark.slow
def test_holm_keeps_the_chance_of_any_false_finding_among_ten():
    found = [np.nanmin(pairwise(judged(seed, (0.7,) * 5, "plcc"), 25, 25).holm) < 0.05 for seed in range(400)]
    assert np.mean(found) <= 0.075, np.mean(found)
