import numpy as np
import pytest
import torch

from percepnet.readouts.relevance.losses import ForcedChoice, Pearson, Ranking
from percepnet.readouts.relevance.search import Plan, learn, penalties
from percepnet.readouts.relevance.training import CHECK_EVERY, Penalty, Schedule, Weights, train, watched
from tests.readouts.relevance.planted import (
    choices,
    distances_of,
    opinions,
    planted_weights,
    problem_of,
    statistics,
)

FOUND = statistics(600, seed=1)
TRUTH = planted_weights(FOUND)
EVERY = np.ones(600, dtype=np.bool_)


def schedule(loss="pearson", epochs=150, patience=1000):
    return Schedule(loss, epochs, patience, 0.1, 0)


def shares(problem, weights):
    parts = weights * problem.terms.mean(axis=0)
    return parts / parts.sum()


def gradient(module):
    assert module.relevance.grad is not None
    return module.relevance.grad.numpy()


@pytest.mark.parametrize("loss", ["pearson", "ranking"])
def test_planted_weights_come_back_from_opinion_scores(loss):
    problem = problem_of(FOUND, opinions(distances_of(FOUND, TRUTH), per_group=30))
    weights = train(problem, EVERY, Penalty(), schedule(loss, 600))
    assert shares(problem, weights)[TRUTH == 0].sum() < 0.01
    np.testing.assert_allclose(shares(problem, weights), shares(problem, TRUTH), atol=0.01)


def test_planted_weights_come_back_from_forced_choices():
    found = statistics(6000, seed=1)
    problem = problem_of(found, choices(distances_of(found, TRUTH), per_group=30))
    weights = train(problem, np.ones(6000, dtype=np.bool_), Penalty(), schedule("2afc", 200))
    assert shares(problem, weights)[TRUTH == 0].sum() < 0.1
    np.testing.assert_allclose(shares(problem, weights), shares(problem, TRUTH), atol=0.025)


@pytest.mark.parametrize("loss", ["pearson", "ranking"])
def test_scores_that_rise_with_quality_or_with_damage_teach_the_same(loss):
    falling = opinions(distances_of(FOUND, TRUTH), per_group=30)
    rising = type(falling)(falling.places, falling.groups, -falling.scores, 1, None, None, falling.agreement)
    one, other = (
        train(problem_of(FOUND, people), EVERY, Penalty(), schedule(loss, 20)) for people in (falling, rising)
    )
    np.testing.assert_array_equal(one, other)
    assert np.ptp(one) > 0.1


def test_the_training_pairs_keep_their_mean_distance():
    problem = problem_of(FOUND, opinions(distances_of(FOUND, TRUTH), per_group=30))
    chosen = np.arange(600) < 300
    weights = train(problem, chosen, Penalty(), schedule(epochs=20))
    plain = problem.distances(np.ones(32), chosen).mean()
    assert problem.distances(weights, chosen).mean() == pytest.approx(plain, rel=1e-6)


def test_without_an_epoch_the_weights_are_exactly_uniform():
    problem = problem_of(FOUND, opinions(distances_of(FOUND, TRUTH), per_group=30))
    np.testing.assert_array_equal(train(problem, EVERY, Penalty(), schedule(epochs=0)), np.ones(32))


def test_pairs_that_are_not_chosen_teach_nothing():
    people = opinions(distances_of(FOUND, TRUTH), per_group=30)
    chosen = np.arange(600) < 300
    first = train(problem_of(FOUND, people), chosen, Penalty(), schedule(epochs=10))
    damaged = {tap: np.where(chosen[:, None], values, 7.0) for tap, values in FOUND.items()}
    scores = np.where(chosen, people.scores, 99.0)
    others = type(people)(people.places, people.groups, scores, -1, None, None, people.agreement)
    problem = problem_of(damaged, others)
    second = train(problem, chosen, Penalty(), schedule(epochs=10))
    np.testing.assert_allclose(first, second, rtol=1e-4)  # only the unit of the terms differs


def test_identical_images_have_a_distance_of_exactly_0_and_a_finite_gradient():
    found = {tap: values * (np.arange(600)[:, None] > 2) for tap, values in FOUND.items()}
    problem = problem_of(found, opinions(distances_of(FOUND, TRUTH), per_group=30))
    module = Weights(problem, EVERY, Penalty(), schedule())
    distances = module(module.terms)
    assert distances[:3].tolist() == [0.0, 0.0, 0.0]
    distances[:3].sum().backward()
    assert np.isfinite(gradient(module)).all()
    for loss in ("pearson", "ranking"):
        module = Weights(problem, EVERY, Penalty(), schedule(loss))
        module.training_step(module.terms, 0).backward()
        assert np.isfinite(gradient(module)).all()
        assert np.abs(gradient(module)).max() > 0.0
    assert np.isfinite(train(problem, EVERY, Penalty(), schedule(epochs=5))).all()


def test_a_channel_that_never_differs_keeps_no_weight():
    found = {tap: values * (np.arange(values.shape[1]) != 3) for tap, values in FOUND.items()}
    problem = problem_of(found, opinions(distances_of(FOUND, TRUTH), per_group=30))
    weights = train(problem, EVERY, Penalty(), schedule(epochs=5))
    assert (weights[[3, 15]] == 0.0).all()
    assert (weights > 0.0).sum() == 30


def test_l2_draws_to_uniform_weights_and_l1_to_few_channels():
    problem = problem_of(FOUND, opinions(distances_of(FOUND, TRUTH), per_group=30, noise=0.5))

    def away(penalty):
        p, q = (shares(problem, w) for w in (train(problem, EVERY, penalty, schedule()), np.ones(32)))
        return ((p - q) ** 2 / q).sum()

    def spread(penalty):
        p = shares(problem, train(problem, EVERY, penalty, schedule()))
        return p.sum() / np.linalg.norm(p) / np.sqrt(32)

    assert away(Penalty(l2=10.0)) < 0.1 * away(Penalty())
    assert spread(Penalty(l1=1.0)) < 0.8 * spread(Penalty())


def test_the_penalties_are_what_their_formulas_say():
    problem = problem_of(FOUND, opinions(distances_of(FOUND, TRUTH), per_group=30))
    generator = np.random.default_rng(5)

    def loss(penalty, weights):
        module = Weights(problem, EVERY, penalty, schedule())
        module.relevance.data = torch.from_numpy(weights / module.scale.numpy()).float()
        module.on_train_batch_end()
        return float(module.training_step(module.terms, 0).detach()), module.plain()

    raw = generator.uniform(0.5, 2.0, 32)
    bare, weights = loss(Penalty(), raw)
    p, q = shares(problem, weights), shares(problem, np.ones(32))
    assert loss(Penalty(l2=1.0), raw)[0] - bare == pytest.approx(((p - q) ** 2 / q).sum(), rel=1e-3)
    hoyer = np.abs(p).sum() / (np.sqrt(32) * np.sqrt((p**2).sum()))
    assert loss(Penalty(l1=1.0), raw)[0] - bare == pytest.approx(hoyer, rel=1e-4)


def test_dropout_leaves_channels_out_and_keeps_the_expectation():
    problem = problem_of(FOUND, opinions(distances_of(FOUND, TRUTH), per_group=30))
    module = Weights(problem, EVERY, Penalty(dropout=0.5), schedule())
    terms = torch.eye(32)
    seen = torch.stack([module(terms) for _ in range(400)]).detach() ** 2
    assert 0.4 < float((seen < 1e-9).float().mean()) < 0.6
    np.testing.assert_allclose(seen.mean(dim=0), module.relevance.detach(), rtol=0.25)


def test_the_losses_are_what_their_formulas_say():
    generator = np.random.default_rng(2)
    distances, scores = generator.uniform(0.5, 2.0, 200), generator.normal(size=200)
    d, s = torch.tensor(distances), torch.tensor(scores)
    assert float(Pearson(s, -1)(d)) == pytest.approx(1.0 + np.corrcoef(distances, scores)[0, 1])
    gain = np.e
    order = np.sign(-(scores[:, None] - scores[None, :]))
    every = np.log1p(np.exp(-gain * order * (distances[:, None] - distances[None, :])))[order != 0].mean()
    ranking = Ranking(s, -1, seed=0)
    drawn = np.mean([float(ranking(d).detach()) for _ in range(200)])
    assert drawn == pytest.approx(every, rel=0.005)
    sides, votes = np.array([[0, 1], [2, 3], [4, 0]]), np.array([0.2, 1.0, 0.6])
    powers = distances[sides] ** gain
    second = powers[:, 0] / powers.sum(axis=1)
    entropy = -(votes * np.log(second) + (1 - votes) * np.log(1 - second)).mean()
    found = ForcedChoice(torch.from_numpy(sides), torch.tensor(votes))(d)
    assert float(found.detach()) == pytest.approx(entropy, rel=1e-4)


def test_training_stops_when_held_out_agreement_has_stopped_rising():
    problem = problem_of(FOUND, opinions(distances_of(FOUND, TRUTH), per_group=30, noise=1.5))
    held = np.arange(600) < 300
    whole = watched(problem, ~held, held, Penalty(), schedule(epochs=200, patience=1000))
    short = watched(problem, ~held, held, Penalty(), schedule(epochs=200, patience=20))
    assert len(whole) == 1 + 200 // CHECK_EVERY
    assert short == whole[: len(short)]
    assert len(short) == 1 + int(np.argmax(short)) + 20 // CHECK_EVERY < len(whole)


def test_the_first_look_is_at_the_uniform_distance():
    people = opinions(distances_of(FOUND, TRUTH), per_group=30)
    problem, held = problem_of(FOUND, people), np.arange(600) < 300
    first = watched(problem, ~held, held, Penalty(), schedule(epochs=5))[0]
    plain = distances_of(FOUND, np.ones(32))[None]
    assert first == pytest.approx(people.agreement(plain, held)[0], abs=1e-6)


def test_a_choice_is_made_by_held_out_groups_and_the_better_penalty_wins():
    people = opinions(distances_of(FOUND, TRUTH), per_group=30)
    plan = Plan(schedule(epochs=40), penalties([0.0], [100.0, 0.0], [0.0]), 3, 0)
    learned = learn(problem_of(FOUND, people), EVERY, plan)
    assert learned.penalty == Penalty(l2=0.0)
    assert learned.epochs > 0
