import numpy as np
import pytest
from scipy.stats import spearmanr

from percepnet.agreement.people import People
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.benchmarks.people import people_of
from percepnet.errors import InputError
from percepnet.readouts.best import Best
from percepnet.readouts.folds import held_out
from percepnet.readouts.layerwise import Layerwise
from percepnet.responses.extraction import Compute, extract
from tests.fakes import memory_benchmark, tiny_network

NETWORK, BENCHMARK = tiny_network(), memory_benchmark(references=6)
GROUPS = [pair.cluster for pair in BENCHMARK.pairs]


@pytest.fixture(scope="module")
def entry(tmp_path_factory):
    return extract(NETWORK, BENCHMARK, ["all"], Compute(device="cpu"), tmp_path_factory.mktemp("store"))[0]


def people(agreement):
    places = np.arange(len(GROUPS))
    return People(places, GROUPS, None, 1, None, None, agreement)


def test_a_fold_never_sees_the_pairs_it_is_judged_by(entry, tmp_path):
    layers = Layerwise().read(entry)
    asked = []

    def agreement(distances, chosen):
        asked.append(chosen.copy())
        wanted = len(asked) % len(distances)  # another layer in every fold
        return np.eye(len(distances))[wanted]

    found = Best(folds=3).learn(entry, people(agreement), tmp_path)
    for fold, chosen in enumerate(asked):
        held = ~chosen
        assert not {*np.array(GROUPS)[held]} & {*np.array(GROUPS)[chosen]}
        values = layers.values[1 + (fold + 1) % 5]  # the input is left out
        np.testing.assert_allclose(found.values[0, held], values[held] / values[chosen].mean())
    assert np.sum([~chosen for chosen in asked], axis=0).tolist() == [1] * len(GROUPS)


def test_the_name_says_which_layer_won_and_how_often(entry, tmp_path):
    found = Best(folds=3).learn(entry, people(lambda d, _: -np.arange(len(d))), tmp_path)
    assert found.layers == ("features.0 (3/3)",)
    with_input = Best(folds=3, input=True).learn(entry, people(lambda d, _: -np.arange(len(d))), tmp_path)
    assert with_input.layers == ("input (3/3)",)


def test_constant_distances_leave_no_layer_to_choose(entry, tmp_path):
    with pytest.raises(InputError, match="no layer agrees"):
        Best(folds=3).learn(entry, people(lambda d, _: np.full(len(d), np.nan)), tmp_path)


def test_folds_are_whole_groups_whatever_the_order_of_the_pairs():
    groups = [f"r{place % 7}" for place in range(50)]
    folds = held_out(groups, 3, seed=1)
    assert np.sum(folds, axis=0).tolist() == [1] * 50
    for fold in folds:
        assert not {*np.array(groups)[fold]} & {*np.array(groups)[~fold]}
    order = np.random.default_rng(0).permutation(50)
    other = held_out([groups[place] for place in order], 3, seed=1)
    assert [set(np.array(groups)[fold]) for fold in folds] == [
        {groups[place] for place in order[fold]} for fold in other
    ]
    assert [f.tolist() for f in held_out(groups, 3, seed=2)] != [f.tolist() for f in folds]


def test_more_folds_than_groups_are_refused():
    with pytest.raises(InputError, match="2 or more folds"):
        held_out(["a", "a", "b"], 3, seed=0)


def test_choosing_among_noise_does_not_look_better_than_chance(entry, tmp_path):
    # what choosing on the judged pairs themselves would: the best of 5 layers is well above 0 in the mean
    nested, flattered = [], []
    values = Layerwise().read(entry).values[1:]
    for seed in range(150):
        noise = np.random.default_rng(seed).normal(size=values.shape[1])

        def agreement(distances, chosen, noise=noise):
            return np.array([np.corrcoef(row[chosen], noise[chosen])[0, 1] for row in distances])

        found = Best(folds=3, seed=seed).learn(entry, people(agreement), tmp_path).values[0]
        nested.append(np.corrcoef(found, noise)[0, 1])
        flattered.append(agreement(values, np.ones(values.shape[1], dtype=bool)).max())
    error = np.std(nested) / np.sqrt(len(nested))
    assert np.mean(nested) < 2.0 * error
    assert np.mean(flattered) > 4.0 * np.std(flattered) / np.sqrt(len(flattered))


def test_people_of_a_benchmark_are_what_it_says():
    benchmark = OpinionScores("mine", BENCHMARK.pairs, BENCHMARK, higher_is_better=True)
    found = people_of(benchmark)
    assert (found.polarity, found.sides, list(found.groups)) == (-1, None, GROUPS)
    np.testing.assert_array_equal(found.scores, [pair.score for pair in BENCHMARK.pairs])
    some = np.array([group in {"r1", "r2", "r5"} for group in GROUPS])
    distances = np.random.default_rng(0).random((2, len(GROUPS)))
    scores = np.array([pair.score for pair in BENCHMARK.pairs])
    expected = [-spearmanr(row[some], scores[some]).statistic for row in distances]
    np.testing.assert_allclose(found.agreement(distances, some), expected)


def test_a_layer_can_be_chosen_by_another_benchmark(entry, tmp_path):
    other = memory_benchmark(references=2, seed=5)
    read, _ = extract(NETWORK, other, ["all"], Compute(device="cpu"), tmp_path)
    asked = []

    def agreement(distances, chosen):
        asked.append((distances.shape, chosen.all()))
        return np.eye(len(distances))[2]

    found = Best(train_on="first").carry_over(entry, people(agreement), read)
    assert asked == [((5, 30), True)]
    assert found.layers == ("features.2 (by first)",)
    expected = Layerwise().read(read)
    np.testing.assert_array_equal(found.values[0], expected.values[expected.layers.index("features.2")])
