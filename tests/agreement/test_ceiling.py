from __future__ import annotations

import numpy as np
import pytest

from percepnet.agreement.ceiling import (
    CHANCE,
    above_ceiling,
    observer_ceiling,
    replication_ceiling,
    share_of_ceiling,
)
from percepnet.agreement.choice import credit


@pytest.fixture
def scores():
    return np.random.default_rng(0).normal(5.0, 1.2, 1500)


def test_without_spread_a_replication_is_the_same(scores):
    assert replication_ceiling(scores, np.zeros_like(scores)) == pytest.approx(
        {"srcc": 1.0, "krcc": 1.0, "plcc": 1.0}
    )


def test_pearson_is_the_root_of_the_reliability(scores):
    spreads = np.random.default_rng(1).uniform(0.2, 1.0, scores.size)
    expected = np.sqrt(scores.var() / (scores.var() + np.mean(spreads**2)))
    assert replication_ceiling(scores, spreads)["plcc"] == pytest.approx(expected, abs=0.003)


def test_rank_ceilings_follow_pearson_as_in_a_normal_distribution(scores):
    found = replication_ceiling(scores, np.full(scores.size, 0.6))
    assert found["srcc"] == pytest.approx(6 / np.pi * np.arcsin(found["plcc"] / 2), abs=0.01)
    assert found["krcc"] == pytest.approx(2 / np.pi * np.arcsin(found["plcc"]), abs=0.01)


def test_replications_are_the_same_in_every_run(scores):
    spreads = np.ones_like(scores)
    assert replication_ceiling(scores, spreads) == replication_ceiling(scores, spreads)


@pytest.mark.parametrize("constant", [np.ones(5), np.arange(2.0)])
def test_what_cannot_be_correlated_has_no_ceiling(constant):
    assert all(np.isnan(v) for v in replication_ceiling(constant, np.ones(constant.size)).values())


def test_observers_who_differ_by_a_shift_agree_fully():
    human = np.linspace(-2, 0, 9) + np.array([[0.0], [0.4], [-0.1]])
    assert observer_ceiling(human) == pytest.approx({"plcc": 1.0, "srcc": 1.0, "rmse": 0.0}, abs=1e-12)


def test_each_observer_meets_the_mean_of_the_others():
    human = np.array([[0.0, 1.0, 2.0, 4.0], [0.0, 2.0, 1.0, 3.0], [1.0, 1.0, 5.0, 2.0]])
    rest = [human[[1, 2]].mean(0), human[[0, 2]].mean(0), human[[0, 1]].mean(0)]
    pearson = np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(human, rest, strict=True)])
    rmse = np.mean([np.std(a - b) for a, b in zip(human, rest, strict=True)])
    found = observer_ceiling(human)
    assert (found["plcc"], found["rmse"]) == pytest.approx((pearson, rmse))


def test_noisy_observers_reach_the_root_of_their_reliability():
    generator = np.random.default_rng(2)
    human = generator.normal(size=4000) + 0.5 * generator.normal(size=(16, 4000))
    expected = 1 / np.sqrt((1 + 0.25) * (1 + 0.25 / 15))
    assert observer_ceiling(human)["plcc"] == pytest.approx(expected, abs=0.01)


def test_one_observer_or_two_stimuli_have_no_ceiling():
    for human in (np.ones((1, 5)), np.arange(4.0).reshape(2, 2)):
        assert all(np.isnan(v) for v in observer_ceiling(human).values())


def test_an_observer_without_differences_leaves_correlations_undefined():
    found = observer_ceiling(np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 2.0]]))
    assert np.isnan([found["plcc"], found["srcc"]]).all()
    assert found["rmse"] > 0


@pytest.mark.parametrize(
    ("value", "ceiling", "metric", "share"),
    [
        (-0.49, -0.98, "srcc", 0.5),
        (0.9, 0.9, "plcc", 1.0),
        (0.1, -0.8, "krcc", -0.125),
        (0.75, 0.8, "2afc", 5 / 6),
        (0.5, 0.8, "2afc", 0.0),
        (0.4, 0.8, "2afc", -1 / 3),
        (-1.0, -0.9, "plcc_logistic", 10 / 9),
    ],
)
def test_the_share_of_the_ceiling_counts_from_chance_to_people(value, ceiling, metric, share):
    assert share_of_ceiling(value, ceiling, metric) == pytest.approx(share)


@pytest.mark.parametrize(
    ("ceiling", "metric"),
    [(0.2, "rmse"), (30.0, "stress"), (0.9, "srcc_gain"), (np.nan, "srcc"), (0.0, "srcc"), (0.5, "2afc")],
)
def test_errors_and_ceilings_that_bound_nothing_have_no_share(ceiling, metric):
    assert np.isnan(share_of_ceiling(0.3, ceiling, metric))


def test_a_coin_earns_the_chance_level_of_forced_choices():
    preference = np.random.default_rng(0).random(50)
    tied = credit(np.ones((1, 50, 2)), preference)
    assert tied.mean() == CHANCE["2afc"]
    either = [credit(np.array([[pair] * 50]), preference).mean() for pair in ([1.0, 2.0], [2.0, 1.0])]
    assert np.mean(either) == pytest.approx(CHANCE["2afc"])


def test_only_an_interval_that_lies_wholly_beyond_the_ceiling_is_above_it():
    assert above_ceiling(0.95, 0.9)
    assert not above_ceiling(0.85, 0.9)
    assert above_ceiling(-0.1, -0.2)  # errors, turned
    assert not above_ceiling(np.nan, 0.9)
    assert not above_ceiling(0.9, np.nan)
