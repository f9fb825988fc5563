from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.interval import interval
from percepnet.agreement.opinion import rate
from percepnet.errors import InputError
from tests.agreement.naive import clustered, estimate, kept, resampled

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray, Score

BOOTSTRAP = Bootstrap(resamples=200)


def values(scores: list[Score]) -> FloatArray:
    return np.array([[s.value, s.ci_low, s.ci_high, s.ceiling] for s in scores])


def test_scores_come_tap_by_tap_with_sign_and_counts():
    x, y, names = clustered(0)
    scores = rate(np.stack([x, -x]), y, names, None, BOOTSTRAP, higher_is_better=True)
    assert [(s.tap, s.metric) for s in scores] == [(t, m) for t in (0, 1) for m in ("srcc", "krcc", "plcc")]
    assert all(s.value < 0 for s in scores[:3])
    assert all(s.value > 0 for s in scores[3:])
    assert {(s.polarity, s.n_pairs, s.n_clusters) for s in scores} == {(-1, 360, 30)}
    for score in scores[:3]:
        assert score.value == pytest.approx(estimate(score.metric, x, y), abs=1e-12)


def test_resamples_are_drawn_in_the_sorted_order_of_cluster_names_and_left_out_in_it():
    x, y, names = clustered(1, clusters=8)
    codes = np.unique(names, return_inverse=True)[1]
    for score in rate(x[None], y, names, None, BOOTSTRAP, higher_is_better=False):
        draws = resampled(score.metric, x, y, codes, BOOTSTRAP.draws(8))
        np.testing.assert_allclose(kept(score), draws, atol=1e-10)
        expected = interval(draws, 8)
        assert (score.ci_low, score.ci_high) == pytest.approx(expected[:2], abs=1e-10)
        assert score.ci_method == expected.method
        assert score.draws == "200 resamples of 8 clusters, seed 0, 8 left out in turn"


def test_the_order_of_pairs_does_not_matter():
    x, y, names = clustered(2)
    spreads = np.random.default_rng(0).uniform(0.1, 0.4, y.size)
    shuffled = np.random.default_rng(1).permutation(y.size)
    first = rate(x[None], y, names, spreads, BOOTSTRAP, higher_is_better=True)
    mixed = [names[i] for i in shuffled]
    again = rate(x[None, shuffled], y[shuffled], mixed, spreads[shuffled], BOOTSTRAP, higher_is_better=True)
    np.testing.assert_allclose(values(again), values(first), atol=1e-12)


def test_names_that_sort_alike_give_the_same_intervals():
    x, y, names = clustered(3)
    renamed = [f"reference {name}" for name in names]
    first = rate(x[None], y, names, None, BOOTSTRAP, higher_is_better=True)
    np.testing.assert_equal(
        values(rate(x[None], y, renamed, None, BOOTSTRAP, higher_is_better=True)), values(first)
    )


def test_clustered_noise_widens_the_interval_of_the_cluster_bootstrap():
    x, y, names = clustered(4, clusters=25, members=20)
    by_cluster = rate(x[None], y, names, None, BOOTSTRAP, higher_is_better=True)
    alone = [f"{i}" for i in range(y.size)]
    by_pair = rate(x[None], y, alone, None, BOOTSTRAP, higher_is_better=True)
    for wide, narrow in zip(by_cluster, by_pair, strict=True):
        assert wide.value == pytest.approx(narrow.value, abs=1e-12)
        assert wide.ci_high - wide.ci_low > 1.5 * (narrow.ci_high - narrow.ci_low)


def test_constant_distances_are_undefined_without_a_warning():
    _, y, names = clustered(5)
    for score in rate(
        np.full((1, y.size), 0.1), y, names, np.ones(y.size), BOOTSTRAP, higher_is_better=False
    ):
        assert np.isnan([score.value, score.ci_low, score.ci_high]).all()
        assert score.ceiling > 0


def test_one_cluster_has_a_value_but_no_interval():
    x, y, _ = clustered(6)
    for score in rate(x[None], y, ["only"] * y.size, None, BOOTSTRAP, higher_is_better=True):
        assert np.isfinite(score.value)
        assert np.isnan([score.ci_low, score.ci_high]).all()
        assert (score.ci_method, score.resampled) == ("", None)


@pytest.mark.parametrize("pairs", [1, 2, 3])
def test_tiny_samples(pairs):
    x, y = np.array([0.3, 0.1, 0.2])[:pairs], np.array([1.0, 3.0, 1.0])[:pairs]
    names = ["a", "b", "c"][:pairs]
    for score in rate(x[None], y, names, np.ones(pairs), BOOTSTRAP, higher_is_better=True):
        np.testing.assert_allclose(score.value, estimate(score.metric, x, y), atol=1e-12)


def test_without_spreads_or_resamples_there_is_neither_ceiling_nor_interval():
    x, y, names = clustered(7)
    none = dataclasses.replace(BOOTSTRAP, resamples=0)
    for score in rate(x[None], y, names, None, none, higher_is_better=True):
        assert np.isnan([score.ci_low, score.ci_high, score.ceiling]).all()
        assert (score.ci_method, score.draws, score.resampled) == ("", "", None)


def test_the_ceiling_has_the_sign_of_a_human_like_correlation():
    x, y, names = clustered(8)
    spreads = np.full(y.size, 0.2)
    quality = rate(x[None], y, names, spreads, BOOTSTRAP, higher_is_better=True)
    damage = rate(x[None], y, names, spreads, BOOTSTRAP, higher_is_better=False)
    assert all(-1 < s.ceiling < -0.8 for s in quality)
    assert [s.ceiling for s in damage] == [-s.ceiling for s in quality]


def test_values_that_are_no_numbers_are_named():
    x, y, names = clustered(9)
    distances = np.stack([x, x])
    distances[1, 7], distances[1, 9] = np.nan, np.inf
    with pytest.raises(InputError, match="tap 1, pair 7: nan; tap 1, pair 9: inf"):
        rate(distances, y, names, None, BOOTSTRAP, higher_is_better=True)
    y[:20] = np.nan
    with pytest.raises(InputError, match=r"pair 0: nan; .* and 15 more"):
        rate(x[None], y, names, None, BOOTSTRAP, higher_is_better=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distances": np.ones(3)}, "R taps, P pairs"),
        ({"distances": np.ones((2, 4))}, r"\[2, 4\]"),
        ({"scores": np.ones((3, 1))}, "human scores"),
        ({"scores": np.ones(0)}, "human scores"),
        ({"clusters": ["a"]}, "3 names"),
        ({"spreads": np.ones(4)}, "spreads"),
        ({"spreads": np.array([0.1, -1.0, 0.1])}, "pair 1: -1.0"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    data = {"distances": np.ones((1, 3)), "scores": np.ones(3), "clusters": list("abc"), "spreads": None}
    with pytest.raises(InputError, match=message):
        rate(**(data | change), bootstrap=BOOTSTRAP, higher_is_better=True)
