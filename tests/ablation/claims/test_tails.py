"""How sure it is that the best of several lies beyond a bound."""

import numpy as np
import pytest
from scipy import stats

from percepnet.ablation.claims.tails import mean_of_best_above, some_above, tails
from percepnet.agreement.comparison import difference


def draws(values, resamples=4000, correlation=0.0, seed=0):
    generator = np.random.default_rng(seed)
    shared, own = generator.normal(size=resamples), generator.normal(size=(len(values), resamples))
    noise = np.sqrt(correlation) * shared + np.sqrt(1.0 - correlation) * own
    noise = (noise - noise.mean(axis=1, keepdims=True)) / noise.std(axis=1, ddof=1, keepdims=True)
    return np.column_stack([values, np.asarray(values)[:, None] + noise])


@pytest.mark.parametrize("value", [-1.2, 0.0, 0.7, 2.1, 3.0])
def test_with_one_effect_it_is_students_t_by_the_bootstrap_error(value):
    made = draws([value], resamples=20_000)
    expected = stats.t.sf(value / np.sqrt(24 / 23), 23)
    assert some_above(made, 0, 24) == pytest.approx(expected, abs=0.004)
    above, below = tails(difference(made[0], 0, 24), 24)
    assert above(0.0) == pytest.approx(expected, rel=1e-9)
    assert below(0.0) == pytest.approx(1.0 - expected, rel=1e-9)


def test_with_several_it_is_dunnetts_multivariate_t():
    made = draws([0.0, 1.0, 2.5], resamples=20_000, correlation=0.5)
    limit = np.full(3, 2.5 / np.sqrt(24 / 23))
    shape = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    inside = stats.multivariate_t(shape=shape, df=23).cdf(limit, random_state=0)
    assert some_above(made, 0, 24) == pytest.approx(1.0 - inside, abs=0.002)


def test_the_mean_of_groups_of_one_is_students_t_and_of_one_group_the_best_of_equals():
    normal = stats.norm.ppf(
        (np.arange(20_000) + 0.5) / 20_000
    )  # every quantile once: no noise of a simulation
    made = np.stack([np.r_[value, value + normal] for value in (1.0, 2.0, 2.4)])
    groups = [one[None] for one in made]
    mean = difference(made.mean(axis=0), 0, 24)
    assert mean_of_best_above(groups, 0, 24) == pytest.approx(
        stats.t.sf(mean.value / mean.error, 23), abs=2e-4
    )
    near = draws([2.0, 2.1, 2.2], resamples=20_000)
    assert mean_of_best_above([near], 0, 24) == pytest.approx(some_above(near, 0, 24), abs=1e-6)
    assert mean_of_best_above(groups, 0, 24, bound=mean.value) == pytest.approx(0.5, abs=0.02)
    assert mean_of_best_above([np.full((2, 50), 0.1)], 0, 24) == 0.0


def test_effects_that_are_the_same_count_once():
    one = draws([2.0])
    assert some_above(np.repeat(one, 30, axis=0), 0, 24) == pytest.approx(some_above(one, 0, 24))


def test_effects_that_are_far_behind_hide_nothing():
    alone = draws([2.2], resamples=4000)
    crowd = np.concatenate([alone, draws(np.full(40, -30.0), resamples=4000, seed=1)])
    assert some_above(crowd, 0, 24) == pytest.approx(some_above(alone, 0, 24))
    assert mean_of_best_above([crowd], 0, 24) == pytest.approx(mean_of_best_above([alone], 0, 24))


def test_a_bound_moves_it_and_no_error_leaves_no_doubt():
    made = draws([1.0])
    assert some_above(made, 0, 24, bound=1.0) == pytest.approx(0.5, abs=0.02)
    still = np.full((2, 101), 0.3)
    assert some_above(still, 0, 24, bound=0.2) == 0.0
    assert some_above(still, 0, 24, bound=0.3) == 1.0


def test_too_many_undefined_resamples_leave_it_undefined():
    made = draws([1.0], resamples=100)
    made[0, 5:8] = np.nan
    assert np.isnan(some_above(made, 0, 24))


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.0, 0.95])
def test_the_best_of_twelve_layers_that_are_no_better_is_found_better_at_most_at_the_nominal_rate(
    correlation,
):
    generator = np.random.default_rng(7)
    found, clusters, layers = 0, 24, 12
    for _ in range(400):
        shared = generator.normal(size=(clusters, 1))
        own = generator.normal(size=(clusters, layers))
        effects = np.sqrt(correlation) * shared + np.sqrt(1.0 - correlation) * own
        counts = generator.multinomial(clusters, np.full(clusters, 1.0 / clusters), size=300)
        means = np.column_stack([effects.mean(axis=0), (counts @ effects / clusters).T])
        found += some_above(means, 0, clusters) < 0.025
    assert found <= stats.binom.ppf(0.995, 400, 0.025)
