from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from percepnet.agreement.choice import VOTES, rate_choices, votes_ceiling
from percepnet.agreement.contract import Bootstrap
from percepnet.errors import InputError
from tests.agreement.naive import kept, written_out

BOOTSTRAP = Bootstrap(resamples=200)
SHARES = np.arange(6) / 5


def voted(seed, triplets=60, clusters=9, taps=3):
    """Return distances [R, T, 2] with ties, preferences of five voters, and names of clusters."""
    generator = np.random.default_rng(seed)
    distances = generator.integers(0, 4, (taps, triplets, 2)) / 3
    names = [f"c{place:02}" for place in generator.integers(0, clusters, triplets)]
    return distances, generator.choice(SHARES, triplets), names


def loop(distances, preference):
    """Return the 2afc of one tap, triplet by triplet."""
    total = 0.0
    for (first, second), share in zip(distances, preference, strict=True):
        if second < first:
            total += share
        elif first < second:
            total += 1 - share
        else:
            total += 0.5
    return total / len(preference)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(list(SHARES))), min_size=1),
)
def test_a_triplet_earns_the_share_of_those_who_chose_as_the_model(rows):
    distances = np.array([[row[:2] for row in rows]], dtype=np.float64)
    preference = np.array([row[2] for row in rows])
    [score] = rate_choices(distances, preference, ["a"] * len(rows), Bootstrap(resamples=0))
    assert score.value == pytest.approx(loop(distances[0], preference), abs=1e-12)


def test_it_is_the_score_of_lpips_own_code():
    lpips = pytest.importorskip("lpips.trainer")
    torch = pytest.importorskip("torch")
    distances, preference, names = voted(0)

    class Loader:
        def load_data(self):
            yield {"ref": 0, "p0": 1, "p1": 2, "judge": torch.from_numpy(preference)}

    published, _ = lpips.score_2afc_dataset(
        Loader(), lambda _, side: torch.from_numpy(distances[1, :, side - 1])
    )
    assert rate_choices(distances, preference, names, BOOTSTRAP)[1].value == pytest.approx(
        published, abs=1e-12
    )


def test_who_always_sides_with_the_majority_earns_its_share():
    _, preference, names = voted(1)
    oracle = np.stack([preference, 1 - preference], axis=1)[None]
    [score] = rate_choices(oracle, preference, names, BOOTSTRAP, votes=5)
    assert score.value == pytest.approx(np.maximum(preference, 1 - preference).mean(), abs=1e-12)
    assert score.value > score.ceiling


def test_chance_earns_half_and_says_so_in_its_interval():
    generator = np.random.default_rng(2)
    preference = generator.choice(SHARES, 40_000)
    distances = generator.random((1, 40_000, 2))
    names = [f"{place % 200}" for place in range(40_000)]
    [score] = rate_choices(distances, preference, names, BOOTSTRAP)
    assert score.value == pytest.approx(0.5, abs=0.01)
    assert score.ci_low < 0.5 < score.ci_high


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_the_opposite_choice_earns_the_rest(seed):
    distances, preference, names = voted(seed)
    there = rate_choices(distances, preference, names, BOOTSTRAP)
    back = rate_choices(-distances, preference, names, BOOTSTRAP)
    swapped = rate_choices(distances[..., ::-1], 1 - preference, names, BOOTSTRAP)
    for one, other, same in zip(there, back, swapped, strict=True):
        assert other.value == pytest.approx(1 - one.value, abs=1e-12)
        assert other.ci_high == pytest.approx(1 - one.ci_low, abs=1e-12)
        assert same.value == pytest.approx(one.value, abs=1e-12)


def test_resamples_are_those_of_clusters_written_out():
    distances, preference, names = voted(3)
    codes = np.unique(names, return_inverse=True)[1]
    draws = [written_out(codes, draw) for draw in BOOTSTRAP.draws(codes.max() + 1)[1:]]
    for score in rate_choices(distances, preference, names, BOOTSTRAP):
        values = [loop(distances[score.tap][rows], preference[rows]) for rows in draws]
        np.testing.assert_allclose(kept(score)[1:], values, atol=1e-12)


def test_many_clusters_are_drawn_in_blocks_with_the_same_result(monkeypatch):
    distances, preference, names = voted(4)
    whole = rate_choices(distances, preference, names, BOOTSTRAP)
    monkeypatch.setattr("percepnet.agreement.choice._BUDGET", 20)
    for one, other in zip(whole, rate_choices(distances, preference, names, BOOTSTRAP), strict=True):
        assert (other.ci_low, other.ci_high) == pytest.approx((one.ci_low, one.ci_high), abs=1e-12)


def test_scores_come_tap_by_tap_with_counts_and_the_ceiling_of_the_voters():
    distances, preference, names = voted(5)
    scores = rate_choices(distances, preference, names, BOOTSTRAP, votes=5)
    assert [(score.tap, score.metric, score.polarity) for score in scores] == [
        (tap, "2afc", 1) for tap in range(3)
    ]
    assert {(score.n_pairs, score.n_clusters) for score in scores} == {(60, len(set(names)))}
    assert {(score.ceiling, score.ceiling_method) for score in scores} == {
        (votes_ceiling(preference, 5), VOTES)
    }


@pytest.mark.parametrize("votes", [None, 1])
def test_one_vote_or_unanimous_ones_tell_no_ceiling(votes):
    distances, preference, names = voted(6)
    score = rate_choices(distances, preference, names, BOOTSTRAP, votes=votes)[0]
    assert np.isnan(score.ceiling)
    assert score.ceiling_method == ""


def test_the_ceiling_is_the_agreement_of_two_voters_drawn_at_random():
    assert votes_ceiling(np.array([0.0, 1.0]), 5) == 1.0
    assert votes_ceiling(np.array([0.5]), 2) == 0.5
    assert votes_ceiling(np.array([0.2, 0.6]), 5) == pytest.approx((0.68 + 0.52) / 2)
    votes = np.random.default_rng(7).random((2, 200_000)) < 0.7
    assert votes_ceiling(np.array([0.7]), 10) == pytest.approx((votes[0] == votes[1]).mean(), abs=0.005)


def test_one_cluster_has_a_value_but_no_interval():
    distances, preference, _ = voted(8)
    score = rate_choices(distances, preference, ["only"] * preference.size, BOOTSTRAP)[0]
    assert np.isfinite(score.value)
    assert np.isnan([score.ci_low, score.ci_high]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distances": np.ones((1, 3))}, "R taps, T triplets, 2 images"),
        ({"distances": np.ones((1, 4, 2))}, r"\[1, 4, 2\]"),
        ({"distances": np.full((1, 3, 2), np.nan)}, "tap 0, triplet 0, image 0: nan"),
        ({"preference": np.ones((3, 1))}, "T triplets"),
        ({"preference": np.array([0.1, 1.1, 0.2])}, "triplet 1: 1.1"),
        ({"preference": np.array([0.1, 0.2, np.nan])}, "triplet 2: nan"),
        ({"clusters": ["a"]}, "3 names, one per triplet"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    data = {"distances": np.ones((1, 3, 2)), "preference": np.full(3, 0.5), "clusters": list("abc")}
    with pytest.raises(InputError, match=message):
        rate_choices(**(data | change), bootstrap=BOOTSTRAP)
