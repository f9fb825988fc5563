from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.criterion import crossings, log_curves, refit
from percepnet.agreement.thresholds import Measured, model_thresholds, rate_thresholds
from percepnet.errors import InputError
from tests.agreement.naive import kept

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from percepnet.agreement.contract import FloatArray, Score

LADDER = np.logspace(-3, 0, 10)
BOOTSTRAP = Bootstrap(resamples=100)


def sensitivities(count: int = 12, seed: int = 0) -> FloatArray:
    return np.asarray(10 ** np.random.default_rng(seed).uniform(0.3, 2.2, count))


def rate(contrasts, distances, human):
    return rate_thresholds(distances, Measured.of_observers(contrasts, human), BOOTSTRAP)


def threshold(distances: ArrayLike, criterion: float, contrasts: FloatArray = LADDER) -> float:
    one = np.atleast_2d(np.asarray(distances, dtype=float))
    return float(model_thresholds(contrasts, one, np.array([criterion]))[0, 0])


def by_metric(scores: list[Score]) -> dict[str, Score]:
    return {score.metric: score for score in scores}


def noisy(seed: int = 0, stimuli: int = 20) -> tuple[FloatArray, FloatArray]:
    """Return ladders `[1, S, K]` with curvature of their own and observers `[4, S]` who disagree a little."""
    generator = np.random.default_rng(seed)
    s = sensitivities(stimuli, seed)
    steepness = generator.uniform(0.6, 2.0, (stimuli, 1))
    drive = (s[:, None] * LADDER) ** steepness
    human = -np.log10(s) + generator.normal(0, 0.3, stimuli) + generator.normal(0, 0.1, (4, stimuli))
    return (drive / (1 + drive))[None], human


@given(st.floats(-9, 6))
def test_a_linear_detector_has_its_threshold_at_criterion_over_sensitivity(exponent):
    assert threshold(37.0 * LADDER, 10.0**exponent) == pytest.approx(exponent - np.log10(37.0), abs=1e-9)


def test_between_rungs_log_distance_is_interpolated():
    assert threshold([1.0, 100.0], 10.0, np.array([0.01, 0.1])) == pytest.approx(-1.5)
    assert threshold([1.0, 100.0], 1000.0, np.array([0.01, 0.1])) == pytest.approx(0.0)
    assert threshold([1.0, 100.0], 0.1, np.array([0.01, 0.1])) == pytest.approx(-3.0)


def test_the_first_crossing_counts_on_a_ladder_that_falls_again():
    contrasts = np.array([0.001, 0.01, 0.1, 1.0])
    assert threshold([1.0, 10.0, 2.0, 100.0], 5.0, contrasts) == pytest.approx(-3 + np.log10(5))
    assert threshold([1.0, 10.0, 2.0, 100.0], 10.0, contrasts) == pytest.approx(-2)
    assert threshold([1.0, 10.0, 2.0, 100.0], np.sqrt(1000), contrasts) == pytest.approx(-0.5)


def test_below_the_first_positive_rung_distance_is_proportional_to_contrast():
    contrasts = np.array([0.001, 0.01, 0.1, 1.0])
    assert threshold([0.0, 0.0, 5.0, 50.0], 1.0, contrasts) == pytest.approx(-1 - np.log10(5))
    assert threshold([0.0, 0.0, 0.0, 2.0], 20.0, contrasts) == pytest.approx(1.0)


def test_nothing_seen_at_any_contrast_is_an_infinite_threshold():
    assert threshold(np.zeros(10), 1.0) == np.inf


def test_one_rung_is_a_ladder():
    assert threshold([0.5], 5.0, np.array([0.1])) == pytest.approx(0.0)


@given(st.lists(st.floats(0, 1e3), min_size=10, max_size=10), st.floats(-6, 4), st.floats(-6, 4))
@settings(deadline=None)
def test_a_higher_criterion_is_never_reached_earlier(distances, one, other):
    low, high = sorted((one, other))
    assert threshold(distances, 10.0**low) <= threshold(distances, 10.0**high) + 1e-12


def test_a_linear_detector_with_the_observers_sensitivities_agrees_fully():
    s = sensitivities()
    human = np.stack([0.7 - np.log10(s), 0.9 - np.log10(s)])
    scores = by_metric(rate(LADDER, (s[:, None] * LADDER)[None], human))
    assert list(scores) == ["plcc", "srcc", "rmse"]
    assert (scores["plcc"].value, scores["srcc"].value) == pytest.approx((1.0, 1.0))
    assert (scores["rmse"].value, scores["rmse"].ci_high) == pytest.approx((0.0, 0.0), abs=1e-9)
    assert [score.polarity for score in scores.values()] == [1, 1, -1]
    assert {(score.n_pairs, score.n_clusters) for score in scores.values()} == {(12, 12)}


@pytest.mark.parametrize("power", [0.5, 1.0, 2.4])
def test_a_nonlinearity_common_to_all_stimuli_changes_no_threshold(power):
    # Interpolation is exact where each stimulus's ladder meets the same points of the nonlinearity.
    steps = np.array([0, 1, 2, 3, 5, 6])
    s = (LADDER[1] / LADDER[0]) ** steps
    human = np.atleast_2d(-1.0 - np.log10(s))
    drive = (s[:, None] * np.logspace(-3, 1, 13)) ** power
    scores = rate(np.logspace(-3, 1, 13), (drive / (1 + drive))[None], human)
    assert by_metric(scores)["rmse"].value == pytest.approx(0.0, abs=1e-6)
    assert by_metric(scores)["plcc"].value == pytest.approx(1.0, abs=1e-9)


def test_the_criterion_is_the_best_one():
    distances, human = noisy()
    found = by_metric(rate(LADDER, distances, human))
    criteria = np.logspace(-8, 3, 20_001)
    thresholds = model_thresholds(LADDER, distances[0], criteria)
    errors = np.sqrt(np.mean((thresholds - human.mean(axis=0)) ** 2, axis=1))
    assert found["rmse"].value <= errors.min()
    assert found["rmse"].value == pytest.approx(errors.min(), abs=1e-5)
    best = thresholds[errors.argmin()]
    assert found["plcc"].value == pytest.approx(stats.pearsonr(best, human.mean(axis=0)).statistic, abs=1e-3)


def test_refitting_on_the_grid_is_as_good_as_refitting_each_resample_finely():
    distances, human = noisy(seed=4)
    curves, target = log_curves(LADDER, distances[0]), human.mean(axis=0)
    draws = BOOTSTRAP.multiplicities(target.size).astype(float)
    fine = crossings(curves, np.linspace(-8, 3, 200_001))
    exact = fine[np.argmin(draws @ np.square(fine - target).T, axis=1)]
    grid = refit(curves, target, draws)
    assert np.abs(grid - exact).max() < 0.005
    error = [np.sqrt((draws * (t - target) ** 2).sum(axis=1) / target.size) for t in (grid, exact)]
    np.testing.assert_allclose(error[0], error[1], atol=1e-5)
    for draw, one, other in zip(draws.astype(int), grid, exact, strict=True):
        rows = np.repeat(np.arange(target.size), draw)
        r = [stats.pearsonr(t[rows], target[rows]).statistic for t in (one, other)]
        assert r[0] == pytest.approx(r[1], abs=1e-3)


def test_each_draw_fits_its_own_criterion_to_the_stimuli_written_out():
    distances, human = noisy(seed=5)
    curves, target = log_curves(LADDER, distances[0]), human.mean(axis=0)
    draws = BOOTSTRAP.draws(target.size)[1:]
    rows = [np.repeat(np.arange(target.size), draw) for draw in draws]
    model = refit(curves, target, draws.astype(float))
    expected = {
        "plcc": [stats.pearsonr(m[r], target[r]).statistic for m, r in zip(model, rows, strict=True)],
        "srcc": [stats.spearmanr(m[r], target[r]).statistic for m, r in zip(model, rows, strict=True)],
        "rmse": [np.sqrt(np.mean((m[r] - target[r]) ** 2)) for m, r in zip(model, rows, strict=True)],
    }
    for score in rate(LADDER, distances, human):
        np.testing.assert_allclose(kept(score)[1:], expected[score.metric], atol=1e-10)
        assert score.ci_low < score.value < score.ci_high


def test_a_tap_blind_to_one_stimulus_has_no_score_and_spoils_no_other():
    distances, human = noisy()
    blind = distances[0].copy()
    blind[3] = 0.0
    scores = rate(LADDER, np.stack([blind, distances[0]]), human)
    assert all(np.isnan([s.value, s.ci_low, s.ci_high]).all() for s in scores[:3])
    assert all(np.isfinite([s.value, s.ci_low, s.ci_high]).all() for s in scores[3:])
    assert all(np.isfinite(s.ceiling) for s in scores)


def test_the_same_curve_for_all_stimuli_has_an_error_but_no_correlation():
    _, human = noisy()
    scores = by_metric(rate(LADDER, np.ones((1, 20, 1)) * LADDER, human))
    assert np.isnan([scores["plcc"].value, scores["srcc"].value]).all()
    assert scores["rmse"].value == pytest.approx(human.mean(axis=0).std(), abs=1e-6)


def test_the_unit_of_the_distance_does_not_matter():
    distances, human = noisy()
    plain, scaled = (rate(LADDER, d, human) for d in (distances, 1e5 * distances))
    for one, other in zip(plain, scaled, strict=True):
        assert (one.value, one.ci_low) == pytest.approx((other.value, other.ci_low), abs=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"contrasts": np.array([0.1, 0.1])}, "no ladder"),
        ({"contrasts": np.array([0.0, 0.1])}, "contrast 0: 0.0"),
        ({"distances": np.ones((1, 2, 2))}, r"\[1, 2, 2\]"),
        ({"distances": np.array([[[1, 2], [1, -2], [1, np.nan]]])}, "tap 0, stimulus 1, contrast 1: -2.0"),
        ({"human": np.array([[0.0, np.inf, 0.0]])}, "stimulus 1: inf"),
        ({"human": np.zeros(3)}, "O observers, S stimuli"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    data = {"contrasts": np.array([0.1, 1.0]), "distances": np.ones((1, 3, 2)), "human": np.zeros((2, 3))}
    with pytest.raises(InputError, match=message):
        rate(**(data | change))


def test_a_criterion_of_zero_is_refused():
    with pytest.raises(InputError, match="criterion 0"):
        threshold(LADDER, 0.0)


def test_each_stimulus_may_have_its_own_ladder():
    _, human = noisy(seed=6)
    own = LADDER * np.logspace(-1, 1, 20)[:, None]
    measured = Measured(own, human.mean(axis=0), [str(n) for n in range(20)])
    sensitivity = 10.0 ** -human.mean(axis=0)
    scores = by_metric(rate_thresholds((sensitivity[:, None] * own)[None], measured, BOOTSTRAP))
    assert scores["plcc"].value == pytest.approx(1.0)
    assert scores["rmse"].value == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(scores["plcc"].ceiling)
    assert scores["plcc"].ceiling_method == ""


def test_stimuli_of_one_cluster_are_resampled_together():
    distances, human = noisy(seed=7)
    codes = np.arange(20) // 4
    measured = Measured(np.tile(LADDER, (20, 1)), human.mean(axis=0), [f"c{code}" for code in codes])
    curves, target = log_curves(LADDER, distances[0]), human.mean(axis=0)
    draws = BOOTSTRAP.draws(5)[1:]
    model = refit(curves, target, draws[:, codes].astype(float))
    rows = [np.repeat(np.arange(20), draw[codes]) for draw in draws]
    expected = [np.sqrt(np.mean((m[r] - target[r]) ** 2)) for m, r in zip(model, rows, strict=True)]
    score = by_metric(rate_thresholds(distances, measured, BOOTSTRAP))["rmse"]
    np.testing.assert_allclose(kept(score)[1:], expected, atol=1e-10)
    assert (score.n_pairs, score.n_clusters) == (20, 5)
