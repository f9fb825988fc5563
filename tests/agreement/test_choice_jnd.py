from __future__ import annotations

import lpips
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.jnd import average_precision, rate_same
from percepnet.errors import InputError
from tests.agreement.naive import kept, written_out

BOOTSTRAP = Bootstrap(resamples=200)


def published(distances, same):
    """Return the score as LPIPS' score_jnd_dataset computes it, with its own voc_ap."""
    same = np.asarray(same)[np.argsort(distances, kind="stable")]
    hits = np.cumsum(same)
    return lpips.voc_ap(hits / hits[-1], hits / (hits + np.cumsum(1 - same)))


def one(distances, same):
    return average_precision(
        np.asarray(distances, dtype=float), np.asarray(same, dtype=float), np.ones((1, len(same)))
    )[0]


def judged(seed, pairs=50, clusters=8, taps=2):
    generator = np.random.default_rng(seed)
    names = [f"c{place:02}" for place in generator.integers(0, clusters, pairs)]
    return generator.random((taps, pairs)), generator.integers(0, 4, pairs) / 3, names


@given(st.lists(st.sampled_from([0.0, 1 / 3, 2 / 3, 1.0]), min_size=1).filter(any), st.randoms())
def test_without_ties_it_is_lpips_own_average_precision(same, random):
    distances = np.array(random.sample(range(10 * len(same)), len(same)), dtype=float)
    assert one(distances, same) == pytest.approx(published(distances, same), abs=1e-12)


def test_it_is_the_score_of_lpips_own_code():
    torch = pytest.importorskip("torch")
    trainer = pytest.importorskip("lpips.trainer")
    distances, same, names = judged(0)

    class Loader:
        def load_data(self):
            yield {"p0": 0, "p1": 1, "same": torch.from_numpy(same)}

    theirs, _ = trainer.score_jnd_dataset(Loader(), lambda *_: torch.from_numpy(distances[1]))
    assert rate_same(distances, same, names, BOOTSTRAP)[1].value == pytest.approx(theirs, abs=1e-12)


def test_known_answers():
    assert one([1, 2, 3, 4], [1, 1, 0, 0]) == 1.0
    assert one([1, 2, 3, 4], [0, 0, 1, 1]) == 0.5
    assert one([1, 2, 3, 4], [1, 0, 1, 0]) == pytest.approx((1 + 2 / 3) / 2)
    assert one([5, 5, 5, 5], [1, 0, 1, 0]) == 0.5


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.5, 1.0])), min_size=1), st.randoms())
def test_the_order_of_tied_pairs_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    first, again = (one(*zip(*each, strict=True)) for each in (rows, shuffled))
    np.testing.assert_allclose(again, first, atol=1e-12)


def test_tied_pairs_enter_as_one_block():
    # Of the first three, two thirds are the same; the fourth adds the last one.
    assert one([1, 1, 1, 2], [1, 1, 0, 1]) == pytest.approx(0.75)


def test_where_nobody_says_same_nothing_can_be_found():
    assert np.isnan(one([1, 2], [0, 0]))


def test_resamples_are_those_of_clusters_written_out(monkeypatch):
    monkeypatch.setattr("percepnet.agreement.jnd._BUDGET", 7 * 50)
    distances, same, names = judged(1)
    distances = np.round(distances, 1)  # ties within a resample are ties of copies too
    codes = np.unique(names, return_inverse=True)[1]
    draws = [written_out(codes, draw) for draw in BOOTSTRAP.draws(codes.max() + 1)[1:]]
    for score in rate_same(distances, same, names, BOOTSTRAP):
        values = [one(distances[score.tap][rows], same[rows]) for rows in draws]
        np.testing.assert_allclose(kept(score)[1:], values, atol=1e-12)


def test_scores_come_tap_by_tap_without_a_ceiling():
    distances, same, names = judged(2)
    scores = rate_same(distances, same, names, BOOTSTRAP)
    assert [(score.tap, score.metric, score.polarity) for score in scores] == [(0, "map", 1), (1, "map", 1)]
    assert {(score.n_pairs, score.n_clusters) for score in scores} == {(50, len(set(names)))}
    assert all(np.isnan(score.ceiling) and score.ceiling_method == "" for score in scores)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distances": np.ones(3)}, "R taps, P pairs"),
        ({"distances": np.full((1, 3), np.inf)}, "tap 0, pair 0: inf"),
        ({"same": np.ones((3, 1))}, "P pairs"),
        ({"same": np.array([0.1, -0.1, 0.2])}, "pair 1: -0.1"),
        ({"clusters": ["a"]}, "3 names, one per pair"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    data = {"distances": np.ones((1, 3)), "same": np.full(3, 0.5), "clusters": list("abc")}
    with pytest.raises(InputError, match=message):
        rate_same(**(data | change), bootstrap=BOOTSTRAP)
