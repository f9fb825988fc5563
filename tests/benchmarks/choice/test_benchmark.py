from __future__ import annotations

import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest

from percepnet.agreement.choice import votes_ceiling
from percepnet.agreement.contract import Bootstrap
from percepnet.benchmarks.choice.benchmark import ForcedChoice, SameOrNot, Triplet
from percepnet.benchmarks.contract import Pair
from percepnet.errors import InputError


@dataclass(frozen=True)
class Grey:
    """Images that are told apart by their keys alone."""

    def image(self, key):
        return np.zeros((4, 4, 3), dtype=np.uint8)

    def digest(self, key):
        return key


def choices(count=12, votes=5):
    triplets = [
        Triplet(f"r{n}", f"r{n}a", f"r{n}b", n % 6 / 5, f"r{n}", "blur" if n % 2 else "noise")
        for n in range(count)
    ]
    return ForcedChoice("choices", tuple(triplets), Grey(), votes)


def rivals():
    """Three images of one reference, each pair of them compared."""
    triplets = [
        Triplet("r", "a", "b", 0.25, "r", "inter"),
        Triplet("r", "a", "c", 0.75, "r", "inter"),
        Triplet("r", "b", "c", 0.5, "r", "intra"),
    ]
    return ForcedChoice("rivals", tuple(triplets), Grey(), 4)


def test_each_image_is_paired_with_its_reference_beside_its_rival():
    pairs = choices().pairs
    assert pairs[2] == Pair("r1", "r1a", "r1", 0.8, None, "blur")
    assert pairs[3] == Pair("r1", "r1b", "r1", 0.2, None, "blur")
    assert len(pairs) == 24


def test_an_image_that_met_several_rivals_passes_once_with_its_mean_share():
    assert [(pair.distorted, pair.score, pair.kind) for pair in rivals().pairs] == [
        ("a", (0.75 + 0.25) / 2, "inter"),
        ("b", (0.25 + 0.5) / 2, ""),
        ("c", (0.75 + 0.5) / 2, ""),
    ]


def test_triplets_share_the_distances_of_their_pairs(bootstrap):
    [score] = rivals().agreement(np.array([[1.0, 3.0, 2.0]]), bootstrap)
    # a before b: 0.75; a before c: 0.25; c before b: 0.5
    assert (score.value, score.n_pairs) == (0.5, 3)


def test_the_score_and_its_ceiling_are_given_for_all_and_for_each_kind(bootstrap):
    benchmark = choices()
    oracle = np.array([[1.0 - pair.score for pair in benchmark.pairs]])
    scores = benchmark.agreement(oracle, bootstrap)
    assert [score.subset for score in scores] == ["all", "kind=noise", "kind=blur"]
    shares = np.array([triplet.preference for triplet in benchmark.triplets])
    for score, part in zip(scores, (shares, shares[::2], shares[1::2]), strict=True):
        assert score.value == pytest.approx(np.maximum(part, 1 - part).mean())
        assert score.ceiling == pytest.approx(votes_ceiling(part, 5))
        assert (score.metric, score.n_pairs) == ("2afc", part.size)


def test_same_or_not_is_scored_for_all_and_for_each_kind(bootstrap):
    pairs = tuple(Pair(f"p{n}", f"q{n}", f"p{n}", n % 4 / 3, None, "cnn" if n % 2 else "") for n in range(8))
    benchmark = SameOrNot("jnd", pairs, Grey())
    oracle = np.array([[1.0 - pair.score for pair in pairs]])
    [score] = benchmark.agreement(oracle, bootstrap)
    worse = benchmark.agreement(-oracle, bootstrap)[0]
    assert (score.metric, score.n_pairs, score.n_clusters) == ("map", 8, 8)
    assert worse.value < score.value
    assert benchmark.image("p0").shape == (4, 4, 3)


def test_the_fingerprint_changes_with_all_that_is_judged():
    one = choices()
    changes = (
        replace(one, votes=2),
        replace(one, triplets=one.triplets[:-1]),
        replace(one, triplets=(replace(one.triplets[0], preference=0.2), *one.triplets[1:])),
        replace(one, triplets=(replace(one.triplets[0], second="other"), *one.triplets[1:])),
    )
    prints = {benchmark.fingerprint() for benchmark in (one, *changes)}
    assert len(prints) == 5
    assert choices().fingerprint() == one.fingerprint()


def test_votes_that_go_round_in_a_circle_change_the_fingerprint_though_no_pair_changes():
    one = rivals()
    turns = (-0.125, 0.125, -0.125)
    turned = tuple(
        replace(triplet, preference=triplet.preference + turn)
        for triplet, turn in zip(one.triplets, turns, strict=True)
    )
    other = replace(one, triplets=turned)
    assert other.pairs == one.pairs
    assert other.fingerprint() != one.fingerprint()


def test_distances_that_do_not_fit_the_pairs_are_refused(bootstrap):
    with pytest.raises(InputError, match=r"\[1, 5\]"):
        rivals().agreement(np.ones((1, 5)), bootstrap)


def test_a_benchmark_can_be_handed_to_another_process():
    benchmark = choices()
    benchmark.fingerprint()
    again = pickle.loads(pickle.dumps(benchmark))
    assert again.pairs == benchmark.pairs
    assert len(again.agreement(np.ones((2, 24)), Bootstrap(resamples=10))) == 6
