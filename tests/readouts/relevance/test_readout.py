from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from percepnet.agreement.people import People
from percepnet.config import make
from percepnet.errors import InputError, NothingThereError
from percepnet.readouts.concatenated import Concatenated
from percepnet.readouts.contract import Learner
from percepnet.readouts.folds import held_out
from percepnet.readouts.layerwise import Layerwise
from percepnet.readouts.relevance import readout, search
from percepnet.readouts.relevance.figure import mean_terms, table
from percepnet.readouts.relevance.readout import ChannelRelevance
from percepnet.readouts.relevance.training import Penalty, train
from percepnet.readouts.relevance.weights import Relevance, apply
from tests.readouts.relevance.planted import (
    WIDTHS,
    choices,
    distances_of,
    opinions,
    planted_weights,
    scored,
    spearman,
    statistics,
    write_entry,
)

FOUND = statistics(240, seed=1)
TRUTH = planted_weights(FOUND)
PEOPLE = opinions(distances_of(FOUND, TRUTH), per_group=20, noise=0.1)
SMALL: dict[str, Any] = {"folds": 3, "inner_folds": 2, "l2": [0.0], "epochs": 60, "learning_rate": 0.1}


@pytest.fixture
def entry(tmp_path):
    return write_entry(tmp_path / "store" / "key", FOUND)


@pytest.fixture
def undrawn(monkeypatch):
    """Without the figure, which takes longer than the learning."""
    monkeypatch.setattr(readout, "_draw", lambda *_: None)


@pytest.mark.usefixtures("undrawn")
def test_out_of_fold_distances_agree_better_than_uniform_ones(entry, tmp_path):
    found = ChannelRelevance(**SMALL).learn(entry, PEOPLE, tmp_path / "cell")
    assert found.layers == ("a+b", "a+b (uniform)")
    assert (found.depths, found.against) == ((1.0, 1.0), ((0, 1),))
    learned, uniform = (-spearman(row, PEOPLE.scores) for row in found.values)
    assert learned > uniform + 0.05
    assert learned > 0.95


@pytest.mark.usefixtures("undrawn")
def test_the_uniform_row_is_the_plain_concatenation(entry, tmp_path):
    found = ChannelRelevance(**SMALL).learn(entry, PEOPLE, tmp_path / "cell")
    np.testing.assert_array_equal(found.values[1], Concatenated().read(entry).values[0])


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_each_layer_can_have_weights_of_its_own(entry, tmp_path):
    found = ChannelRelevance(**SMALL, over="each").learn(entry, PEOPLE, tmp_path / "cell")
    assert found.layers == ("a", "a (uniform)", "b", "b (uniform)")
    assert found.against == ((0, 1), (2, 3))
    np.testing.assert_array_equal(found.values[[1, 3]], Layerwise().read(entry).values)
    assert np.isfinite(found.values).all()


@pytest.mark.usefixtures("undrawn")
def test_no_pair_of_a_held_out_reference_has_a_say_in_its_own_distances(entry, tmp_path):
    """Other scores in one fold change the distances of every fold but that one."""
    held = held_out(PEOPLE.groups, 3, 0)[1]
    others = scored(np.where(held, -PEOPLE.scores, PEOPLE.scores), per_group=20)
    one, other = (
        ChannelRelevance(**SMALL).learn(entry, people, tmp_path / name).values[0]
        for name, people in (("one", PEOPLE), ("other", others))
    )
    np.testing.assert_array_equal(one[held], other[held])
    assert (one[~held] != other[~held]).mean() > 0.9


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_the_order_of_the_judgements_does_not_matter(entry, tmp_path):
    order = np.random.default_rng(3).permutation(240)
    scores = PEOPLE.scores[order]
    groups = [PEOPLE.groups[place] for place in order]
    agreement = lambda values, chosen: np.array([-spearman(row[chosen], scores[chosen]) for row in values])  # noqa: E731
    mixed = People(order, groups, scores, -1, None, None, agreement)
    one, other = (
        ChannelRelevance(**SMALL).learn(entry, people, tmp_path / name).values
        for name, people in (("one", PEOPLE), ("other", mixed))
    )
    np.testing.assert_allclose(one, other, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_a_killed_run_goes_on_at_the_next_fold(entry, tmp_path, monkeypatch):
    whole = ChannelRelevance(**SMALL).learn(entry, PEOPLE, tmp_path / "whole")
    calls = []

    def counted(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return learn(*arguments)

    learn = search.learn
    monkeypatch.setattr(search, "learn", counted)
    with pytest.raises(KeyboardInterrupt):
        ChannelRelevance(**SMALL).learn(entry, PEOPLE, tmp_path / "cell")
    written = sorted(path.name for path in (tmp_path / "cell").iterdir())
    assert written == ["relevance-fold0.safetensors", "relevance-fold1.safetensors"]
    again = ChannelRelevance(**SMALL).learn(entry, PEOPLE, tmp_path / "cell")
    assert len(calls) == 3 + 2  # the third fold, then all pairs
    np.testing.assert_array_equal(again.values, whole.values)
    ChannelRelevance(**SMALL).learn(entry, PEOPLE, tmp_path / "cell")
    assert len(calls) == 5
    ChannelRelevance(**SMALL | {"seed": 1}).learn(entry, PEOPLE, tmp_path / "cell")
    assert len(calls) == 9  # nothing stale is used
    changed = scored(PEOPLE.scores + (np.arange(240) == 0), per_group=20)
    ChannelRelevance(**SMALL | {"seed": 1}).learn(entry, changed, tmp_path / "cell")
    assert len(calls) == 13


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_a_damaged_file_is_learned_anew(entry, tmp_path):
    whole = ChannelRelevance(**SMALL).learn(entry, PEOPLE, tmp_path / "cell")
    path = tmp_path / "cell" / "relevance-fold1.safetensors"
    path.write_bytes(path.read_bytes()[:40])
    again = ChannelRelevance(**SMALL).learn(entry, PEOPLE, tmp_path / "cell")
    np.testing.assert_array_equal(again.values, whole.values)
    assert Relevance.load(path).distance == "euclidean"


def test_weights_learned_on_one_benchmark_can_judge_another(entry, tmp_path):
    relevance = ChannelRelevance(**SMALL).fit(entry, PEOPLE)
    generator = np.random.default_rng(9)
    fresh = {tap: values * generator.gamma(1.5, 1.0, values.shape) for tap, values in FOUND.items()}
    other = write_entry(tmp_path / "store" / "other", fresh)
    truth = distances_of(fresh, TRUTH)
    assert (
        spearman(apply(relevance, other), truth)
        > spearman(Concatenated().read(other).values[0], truth) + 0.03
    )
    assert list(relevance.weights) == ["a", "b"]
    assert [len(weights) for weights in relevance.weights.values()] == list(WIDTHS.values())


def test_weights_survive_the_disk(tmp_path):
    kept = Relevance("euclidean", {"b": np.array([0.1, 2.0]), "a": np.array([3.0])}, {"key": "k"})
    kept.save(tmp_path / "new" / "relevance.safetensors")
    found = Relevance.load(tmp_path / "new" / "relevance.safetensors")
    assert (found.distance, list(found.weights), found.about) == ("euclidean", ["b", "a"], {"key": "k"})
    np.testing.assert_array_equal(found.weights["b"], kept.weights["b"])
    with pytest.raises(InputError, match="holds no channel relevance"):
        Relevance.load(tmp_path / "nothing")


def test_weights_of_another_network_are_refused(entry):
    with pytest.raises(InputError, match="20 channels where there are 3 weights"):
        apply(Relevance("euclidean", {"b": np.ones(3)}), entry)
    with pytest.raises(InputError, match="c: no such layer"):
        apply(Relevance("euclidean", {"c": np.ones(3)}), entry)


@pytest.mark.usefixtures("undrawn")
def test_forced_choices_are_learned_from(tmp_path):
    found = statistics(1200, seed=4)
    people = choices(distances_of(found, planted_weights(found)), per_group=40)
    entry = write_entry(tmp_path / "store" / "key", found)
    settings = SMALL | {"loss": "2afc", "epochs": 40}
    values = ChannelRelevance(**settings).learn(entry, people, tmp_path / "cell").values
    learned, uniform = people.agreement(values, np.ones(1200, dtype=np.bool_))
    assert learned > uniform + 0.02


@pytest.mark.parametrize(
    ("loss", "people", "error", "words"),
    [
        ("2afc", PEOPLE, InputError, "readout.loss=pearson or ranking"),
        ("pearson", choices(distances_of(FOUND, TRUTH), 20), InputError, "readout.loss=2afc"),
        ("pearsson", PEOPLE, InputError, "did you mean pearson"),
        (
            "ranking",
            People(np.arange(2), ["a", "b"], None, 1, None, None, lambda v, _: v),
            NothingThereError,
            "neither",
        ),
    ],
)
def test_a_loss_for_other_judgements_is_refused(entry, tmp_path, loss, people, error, words):
    with pytest.raises(error, match=words):
        ChannelRelevance(loss=loss).learn(entry, people, tmp_path)


def test_fewer_references_than_folds_are_refused(entry, tmp_path):
    with pytest.raises(InputError, match="13 folds"):
        ChannelRelevance(folds=13).learn(entry, PEOPLE, tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [{"over": "tabs"}, {"l2": []}, {"l1": [-1.0]}, {"dropout": [1.0]}, {"epochs": 0}, {"learning_rate": 0.0}],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(InputError, match=f"readout.{next(iter(wrong))}"):
        ChannelRelevance(**wrong)


@pytest.mark.parametrize("distance", ["cosine", "channel_equalised"])
def test_a_distance_without_terms_is_refused(distance):
    with pytest.raises(InputError, match="cannot weight"):
        _ = ChannelRelevance(distance=distance).statistics


def test_the_figure_shows_every_channel_and_shares_that_sum_to_1(entry, tmp_path):
    ChannelRelevance(**SMALL).learn(entry, PEOPLE, tmp_path / "cell")
    relevance = Relevance.load(tmp_path / "cell" / "relevance.safetensors")
    rows = table(relevance, mean_terms(relevance, entry))
    assert rows.groupby("layer").size().to_dict() == WIDTHS
    assert rows[["learned", "uniform"]].sum().to_list() == pytest.approx([1.0, 1.0])
    expected = FOUND["a"].mean(axis=0) * 30.0
    np.testing.assert_allclose(mean_terms(relevance, entry)["a"], expected, rtol=1e-5)
    best = rows[rows["rank"] == 0.0].set_index("layer")["weight"].to_dict()
    assert best == {tap: weights.max() for tap, weights in relevance.weights.items()}
    assert (tmp_path / "cell" / "relevance.png").read_bytes()[:4] == b"\x89PNG"
    assert "greatest weight" in (tmp_path / "cell" / "relevance.svg").read_text()


def test_it_is_made_from_its_option(compose):
    made = make(compose("readout=channel_relevance", "readout.l1=[0.0,0.1]")["readout"])
    assert made == ChannelRelevance(l1=[0.0, 0.1])
    assert isinstance(made, Learner)


@pytest.mark.slow
def test_shuffled_scores_teach_nothing_that_holds_out_of_fold(tmp_path):
    """Over 24 seeds the mean agreement out of fold is not above chance, while in training it is."""
    out, inside = [], []
    every = np.ones(96, dtype=np.bool_)
    for seed in range(24):
        found = statistics(96, seed=seed, widths={"a": 24})
        entry = write_entry(tmp_path / str(seed) / "key", found)
        people = shuffled(opinions(distances_of(found, planted_weights(found)), per_group=8).scores, seed)
        training = ChannelRelevance(**SMALL | {"epochs": 20})._training(entry, people)
        [problem] = training.problems
        learned = [(apply(training.relevance(~held), entry)[None], held) for held in training.held]
        out.append(np.mean([people.agreement(values, held)[0] for values, held in learned]))
        weights = train(problem, every, Penalty(), replace(training.plan.schedule, epochs=100))
        inside.append(people.agreement(problem.distances(weights, every)[None], every)[0])
    assert np.mean(out) < 2.0 * np.std(out, ddof=1) / np.sqrt(24)
    assert np.mean(inside) > 5.0 * np.std(inside, ddof=1) / np.sqrt(24)


def shuffled(scores, seed):
    """Each reference's scores go to another, and there to any of its images."""
    generator = np.random.default_rng([seed, 1])
    blocks = generator.permutation(scores.reshape(-1, 8), axis=0)
    return scored(generator.permuted(blocks, axis=1).ravel(), per_group=8)
