"""Judgements as a readout that learns is handed them, and parts of every kind of benchmark."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from percepnet.agreement.contract import ALL, Bootstrap
from percepnet.benchmarks.choice.benchmark import ForcedChoice, SameOrNot, Triplet
from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.image_cache import Decoded
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.benchmarks.people import people_of, refuse_shared_references
from percepnet.benchmarks.psychophysics.combvd_benchmark import ColourDifferences
from percepnet.benchmarks.psychophysics.thresholds import Stimulus, Thresholds
from percepnet.errors import InputError
from tests.fakes import memory_benchmark

IMAGES: Any = None  # no judgement needs an image
RANDOM = np.random.default_rng(0)
PAIRS = [
    Pair(f"r{r}", f"r{r}d{d}", f"r{r}", float(RANDOM.random()), kind="ab"[d % 2])
    for r in range(6)
    for d in range(4)
]
TRIPLETS = [
    Triplet(f"r{r}", f"r{r}a{t}", f"r{r}b{t}", float(RANDOM.random()), f"r{r}")
    for r in range(6)
    for t in range(3)
]
STIMULI = [Stimulus(f"s{s}", "grey", (0.01, 0.1, 1.0), float(-RANDOM.random())) for s in range(6)]
BENCHMARKS: dict[str, Any] = {
    "opinion": OpinionScores("x", PAIRS, IMAGES, higher_is_better=True),
    "choice": ForcedChoice("x", TRIPLETS, IMAGES),
    "same": SameOrNot("x", [replace(pair, score=round(pair.score)) for pair in PAIRS], IMAGES),
    "thresholds": Thresholds("x", STIMULI, IMAGES, RANDOM.normal(size=(3, 6))),
    "colour": ColourDifferences("x", PAIRS, IMAGES, [1.0 + place for place in range(len(PAIRS))]),
}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_part_is_judged_as_if_the_rest_had_never_been(name, tmp_path):
    benchmark = BENCHMARKS[name]
    clusters = sorted({pair.cluster for pair in benchmark.pairs})[1:5]
    part = benchmark.part(clusters)
    assert {pair.cluster for pair in part.pairs} == {*clusters}
    chosen = np.array([pair.cluster in clusters for pair in benchmark.pairs])
    distances = np.sort(RANDOM.random((2, len(benchmark.pairs))), axis=1) + 0.1
    whole = [score for score in part.agreement(distances[:, chosen], Bootstrap(0)) if score.subset == ALL]
    first = [score.value * (score.polarity or 1) for score in whole if score.metric == whole[0].metric]
    np.testing.assert_allclose(people_of(benchmark).agreement(distances, chosen), np.array(first))
    assert np.isfinite(first).all()
    # nothing that was left out has a say
    other = np.where(chosen, distances, 9.0)
    np.testing.assert_array_equal(people_of(benchmark).agreement(other, chosen), first)
    assert list(Decoded(benchmark, tmp_path).part(clusters).pairs) == list(part.pairs)


def test_forced_choices_say_which_pairs_are_the_two_sides():
    people = people_of(BENCHMARKS["choice"])
    pairs = BENCHMARKS["choice"].pairs
    sides: Any = (people.sides, TRIPLETS, people.preference)
    for (first, second), triplet, share in zip(*sides, strict=True):
        assert (pairs[first].distorted, pairs[second].distorted) == (triplet.first, triplet.second)
        assert share == triplet.preference
    assert people.scores is None


def test_two_images_that_were_judged_twice_share_a_place():
    twice = OpinionScores("x", [*PAIRS[:2], PAIRS[1], *PAIRS[2:]], IMAGES, higher_is_better=False)
    people = people_of(twice)
    assert people.places[:4].tolist() == [0, 1, 1, 2]
    assert people.polarity == 1


def test_a_reference_in_two_clusters_is_refused_because_no_split_could_be_honest():
    pairs = [replace(pair, cluster=pair.distorted) for pair in PAIRS]
    with pytest.raises(InputError, match="all pairs of a reference image in one cluster"):
        people_of(OpinionScores("x", pairs, IMAGES, higher_is_better=True))


def test_thresholds_have_no_opinion_scores():
    people = people_of(BENCHMARKS["thresholds"])
    assert (people.scores, people.preference, people.sides) == (None, None, None)
    assert list(people.groups) == [f"s{s}" for s in range(6) for _ in range(3)]


def test_what_was_learnt_from_an_image_is_not_judged_by_it_under_another_name():
    one, other = memory_benchmark(seed=1), memory_benchmark(seed=2)
    refuse_shared_references(one, other)
    other.images["r2"] = one.images["r0"].copy()
    with pytest.raises(InputError, match="1 of 3 are the same: r2"):
        refuse_shared_references(one, other)


def test_a_uniform_background_is_no_content_that_could_be_learnt():
    one, other = memory_benchmark(seed=1), memory_benchmark(seed=2)
    one.images["r0"][...] = other.images["r1"][...] = 128
    refuse_shared_references(one, other)
