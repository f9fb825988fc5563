from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from percepnet.agreement import opinion
from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.interval import interval
from percepnet.agreement.ordering import encode
from percepnet.agreement.stress import rate, stress
from percepnet.benchmarks.psychophysics.colour_space import library
from percepnet.errors import InputError
from tests.agreement.naive import kept, written_out

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray

BOOTSTRAP = Bootstrap(resamples=40)


def judged(seed: int, pairs: int = 60) -> tuple[FloatArray, FloatArray, list[str]]:
    """Return distances and differences `[P]` that roughly agree, and clusters of unequal size."""
    generator = np.random.default_rng(seed)
    differences = generator.uniform(0.1, 5.0, pairs)
    distances = differences * generator.lognormal(0.0, 0.5, pairs)
    return distances, differences, [f"c{number}" for number in generator.integers(0, 9, pairs)]


def index(distances: FloatArray, differences: FloatArray) -> float:
    """Return the STRESS index of an independent package, in percent."""
    return 100.0 * float(library().index_stress(distances, differences, method="Garcia 2007"))


def observed(distances: FloatArray, differences: FloatArray, weights: FloatArray | None = None) -> float:
    codes = np.zeros(differences.size, dtype=np.int64)
    once = np.ones((1, 1), dtype=np.int64)
    given_weights = np.ones(differences.size) if weights is None else weights
    return float(stress(distances[None], differences, codes, once, given_weights)[0, 0])


@settings(deadline=None)  # the first call imports the package
@given(st.integers(0, 10**6), st.integers(2, 50))
def test_it_is_the_index_of_an_independent_package(seed, pairs):
    distances, differences, _ = judged(seed, pairs)
    assert observed(distances, differences) == pytest.approx(index(distances, differences), abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_sine_of_the_angle_between_distances_and_differences(seed):
    e, v, _ = judged(seed)
    cosine = e @ v / np.sqrt((e @ e) * (v @ v))
    assert observed(e, v) == pytest.approx(100.0 * np.sin(np.arccos(cosine)), abs=1e-10)


@given(st.floats(1e-30, 1e30), st.floats(1e-30, 1e30))
def test_units_do_not_matter(scale, other):
    e, v, _ = judged(4)
    assert observed(scale * e, other * v) == pytest.approx(observed(e, v), rel=1e-10)


@pytest.mark.parametrize("scale", [1e-300, 0.37, 1e300])
def test_proportional_distances_have_none(scale):
    _, v, _ = judged(5)
    assert observed(scale * v, v) == pytest.approx(0.0, abs=1e-10)


def test_a_constant_distance_has_the_closed_form_of_the_differences_alone():
    _, v, _ = judged(6)
    expected = 100.0 * np.sqrt(1.0 - v.mean() ** 2 / np.mean(v**2))
    assert observed(np.ones_like(v), v) == pytest.approx(expected, abs=1e-10)


def test_a_whole_weight_is_that_many_copies_of_the_pair():
    e, v, _ = judged(7)
    weights = np.random.default_rng(7).integers(1, 10, v.size)
    copies = np.repeat(np.arange(v.size), weights)
    assert observed(e, v, weights.astype(float)) == pytest.approx(index(e[copies], v[copies]), abs=1e-10)


def test_resamples_are_those_of_clusters_written_out():
    e, v, names = judged(8)
    codes, clusters = encode(names)
    draws = BOOTSTRAP.multiplicities(clusters)
    weights = np.random.default_rng(8).integers(1, 4, v.size)
    found = stress(np.stack([e, v**2]), v, codes, draws, weights.astype(float))
    for draw, *values in zip(draws, *found, strict=True):
        rows = written_out(codes, draw)
        rows = np.repeat(rows, weights[rows])
        expected = [index(e[rows], v[rows]), index(v[rows] ** 2, v[rows])]
        assert values == pytest.approx(expected, abs=1e-10)


def test_one_huge_distance_leaves_the_resamples_without_it_alone():
    e, v, _ = judged(9)
    huge = np.append(e, 1e12)
    codes = np.append(np.zeros(e.size, dtype=np.int64), 1)
    found = stress(huge[None], np.append(v, 1.0), codes, np.array([[1, 0]]), np.ones(huge.size))
    assert found[0, 0] == pytest.approx(index(e, v), rel=1e-4)


def test_scores_come_tap_by_tap_with_stress_first_and_less_is_better():
    e, v, names = judged(10)
    scores = rate(np.stack([e, v]), v, names, np.ones(v.size), BOOTSTRAP)
    order = ("stress", "srcc", "krcc", "plcc")
    assert [(s.tap, s.metric) for s in scores] == [(tap, metric) for tap in (0, 1) for metric in order]
    assert [s.polarity for s in scores[:4]] == [-1, 1, 1, 1]
    assert {(s.n_pairs, s.n_clusters) for s in scores} == {(60, 9)}
    assert [s.value for s in scores[4:]] == pytest.approx([0.0, 1.0, 1.0, 1.0])
    assert scores[0].ci_low < scores[0].value < scores[0].ci_high


def test_correlations_are_those_of_opinions_of_which_higher_is_worse():
    e, v, names = judged(11)
    own = [score for score in rate(e[None], v, names, np.full(v.size, 3.0), BOOTSTRAP) if score.polarity > 0]
    others = opinion.rate(e[None], v, names, None, BOOTSTRAP, higher_is_better=False)
    assert [(s.metric, s.value, s.ci_low, s.ci_high) for s in own] == [
        (s.metric, s.value, s.ci_low, s.ci_high) for s in others
    ]


def test_the_interval_is_that_of_the_resamples():
    e, v, names = judged(12)
    codes, clusters = encode(names)
    values = stress(e[None], v, codes, BOOTSTRAP.draws(clusters), np.ones(v.size))[0]
    score = rate(e[None], v, names, np.ones(v.size), BOOTSTRAP)[0]
    np.testing.assert_array_equal(kept(score), values)
    assert (score.ci_low, score.ci_high, score.ci_method) == interval(values, clusters)


def test_equal_differences_have_an_index_but_no_correlation():
    e, _, names = judged(13)
    scores = rate(e[None], np.full(e.size, 1.02), names, np.ones(e.size), BOOTSTRAP)
    variation = np.sqrt(1.0 - e.mean() ** 2 / np.mean(e**2))
    assert scores[0].value == pytest.approx(100.0 * variation, abs=1e-10)
    assert np.isnan([score.value for score in scores[1:]]).all()


def test_no_distance_at_all_is_undefined():
    e, v, names = judged(14)
    assert np.isnan(observed(np.zeros_like(e), v))
    assert np.isnan(observed(e, np.zeros_like(v)))
    assert np.isnan(rate(np.zeros_like(e)[None], v, names, np.ones(v.size), BOOTSTRAP)[0].value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distances": np.ones((1, 4))}, "R taps, P pairs"),
        ({"distances": np.array([[1.0, -1.0, 1.0]])}, "tap 0, pair 1: -1.0"),
        ({"differences": np.array([1.0, -1.0, 1.0])}, "pair 1: -1.0"),
        ({"distances": np.array([[1.0, np.nan, 1.0]])}, "tap 0, pair 1: nan"),
        ({"clusters": ["a"]}, "3 names"),
        ({"weights": np.ones(2)}, "weights"),
        ({"weights": np.array([1.0, 0.0, 1.0])}, "pair 1: 0.0"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    data = {"distances": np.ones((1, 3)), "differences": np.ones(3), "clusters": list("abc")}
    with pytest.raises(InputError, match=message):
        rate(**({"weights": np.ones(3)} | data | change), bootstrap=BOOTSTRAP)
