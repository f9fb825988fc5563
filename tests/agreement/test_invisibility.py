from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.optimize import curve_fit

from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.invisibility import HUMAN, Calibration, Ladder, rate_invisibility
from percepnet.errors import InputError
from tests.agreement.naive import kept, written_out

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray, Score

FACTOR, EXPONENT = 0.9, 0.4
CRITERION = (0.445 / FACTOR) ** (1.0 / EXPONENT)
RATED, IMAGES = 6, 4
CLUSTERS = [f"i{image}" for image in range(IMAGES)]
STEPS = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.5])
BOOTSTRAP = Bootstrap(resamples=50)
KINDS = {"translation": (0.0, 0.23), "scale": (1.0, 1.026)}


def calibration() -> Calibration:
    degradation = np.random.default_rng(0).uniform(0.25, 0.95, RATED * IMAGES)
    return Calibration(np.arange(degradation.size), degradation, np.repeat(CLUSTERS, RATED).tolist())


def ladders() -> list[Ladder]:
    first, found = RATED * IMAGES, []
    for name, (unchanged, human) in KINDS.items():
        pairs = first + np.arange(IMAGES * STEPS.size).reshape(IMAGES, STEPS.size)
        found.append(Ladder(name, unchanged + STEPS, unchanged, human, pairs, CLUSTERS))
        first = int(pairs.max()) + 1
    return found


def distances(*sensitivities: float, unit: float = 1.0, noise: float = 0.0) -> FloatArray:
    """Distances `[1, P]` that obey the law exactly and are proportional to the excess of each change."""
    generator = np.random.default_rng(1)
    rated = (calibration().degradation / FACTOR) ** (1.0 / EXPONENT)
    changed = [np.tile(sensitivity * STEPS, IMAGES) for sensitivity in sensitivities]
    exact = np.concatenate([rated, *changed])
    return (unit * exact * np.exp(noise * generator.standard_normal(exact.size)))[np.newaxis]


def rate(values: FloatArray, bootstrap: Bootstrap = BOOTSTRAP) -> dict[str, Score]:
    scores = rate_invisibility(values, calibration(), ladders(), bootstrap)
    return {score.subset.removeprefix("kind="): score for score in scores if score.tap == 0}


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_distance_proportional_to_magnitude_has_its_threshold_at_criterion_over_sensitivity(unit):
    scores = rate(distances(2.0, 7.0, unit=unit))
    assert scores["translation"].value == pytest.approx(CRITERION / 2.0, rel=1e-4)
    assert scores["scale"].value == pytest.approx(1.0 + CRITERION / 7.0, rel=1e-4)
    off = np.log10([CRITERION / 2.0 / 0.23, CRITERION / 7.0 / 0.026])
    assert scores["all"].value == pytest.approx(np.sqrt(np.mean(off**2)), rel=1e-4)


def test_the_humans_themselves_are_perfect():
    scores = rate(distances(CRITERION / 0.23, CRITERION / 0.026))
    assert scores["all"].value == pytest.approx(0.0, abs=1e-4)
    assert scores["translation"].value == pytest.approx(0.23, rel=1e-4)
    assert scores["scale"].value == pytest.approx(1.026, rel=1e-4)


def test_rmse_comes_first_and_thresholds_have_no_better_direction():
    values = np.concatenate([distances(2.0, 7.0), distances(3.0, 5.0)])
    scores = rate_invisibility(values, calibration(), ladders(), BOOTSTRAP)
    assert [(s.metric, s.subset, s.tap, s.polarity) for s in scores] == [
        ("rmse", "all", 0, -1),
        ("rmse", "all", 1, -1),
        ("threshold", "kind=translation", 0, 0),
        ("threshold", "kind=translation", 1, 0),
        ("threshold", "kind=scale", 0, 0),
        ("threshold", "kind=scale", 1, 0),
    ]
    assert [score.ceiling for score in scores[2::2]] == [0.23, 1.026]
    assert {score.ceiling_method for score in scores[2:]} == {HUMAN}
    assert np.isnan(scores[0].ceiling)
    assert (scores[0].n_pairs, scores[0].n_clusters) == (72, 4)
    assert (scores[2].n_pairs, scores[2].n_clusters) == (24, 4)


@pytest.mark.parametrize("sensitivity", [1e-3, 1e3], ids=["above", "below"])
def test_outside_the_ladder_distance_goes_on_in_proportion(sensitivity):
    assert rate(distances(sensitivity, 7.0))["translation"].value == pytest.approx(
        CRITERION / sensitivity, rel=1e-3
    )


def test_a_threshold_above_the_ladder_is_reported(caplog):
    with caplog.at_level(logging.WARNING):
        rate(distances(1e-3, 7.0))
    assert "translation: tap 0 has a threshold above 0.5, extrapolated" in caplog.text
    assert "scale" not in caplog.text


def test_the_mean_distance_over_images_is_read_not_the_mean_threshold():
    values = distances(1.0, 7.0)
    rows = ladders()[0].pairs
    values[0, rows] *= np.array([[1.0], [1.0], [1.0], [5.0]])
    assert rate(values)["translation"].value == pytest.approx(CRITERION / 2.0, rel=1e-4)


def test_a_dip_along_the_ladder_does_not_undo_what_was_seen():
    values = distances(CRITERION / 0.07, 7.0)
    values[0, ladders()[0].pairs[:, 4]] = 0.0
    assert rate(values)["translation"].value == pytest.approx(0.07, rel=1e-4)


def test_distances_that_fall_with_degradation_have_no_threshold_and_that_is_said(caplog):
    values = distances(2.0, 7.0)
    values[0, : RATED * IMAGES] = 1.0 / values[0, : RATED * IMAGES]
    with caplog.at_level(logging.WARNING):
        scores = rate(values)
    assert all(np.isnan([s.value, s.ci_low, s.ci_high]).all() for s in scores.values())
    assert "tap 0 has no threshold" in caplog.text


def test_a_change_that_a_model_never_sees_has_no_threshold(caplog):
    scores = rate(distances(0.0, 7.0))
    assert np.isnan(scores["translation"].value)
    assert np.isnan(scores["all"].value)
    assert scores["scale"].value == pytest.approx(1.0 + CRITERION / 7.0, rel=1e-4)
    assert "translation: tap 0 has no threshold" in caplog.text


def test_draws_keep_rated_and_changed_pairs_of_an_image_together():
    """Against the slow and obvious: pairs written out, SciPy's fit, thresholds of proportional distances."""
    values = distances(2.0, 7.0, noise=0.2)
    rows = ladders()[0].pairs
    values[0, rows] = 2.0 * STEPS * np.array([[0.6], [0.9], [1.2], [1.8]])
    rated, codes = calibration(), np.repeat(np.arange(IMAGES), RATED)
    expected = []
    for draw in BOOTSTRAP.draws(IMAGES)[1:]:
        chosen = written_out(codes, draw)
        (factor, exponent), _ = curve_fit(
            lambda d, a, b: a * d**b, values[0, chosen], rated.degradation[chosen], [1.0, 0.5]
        )
        mean = np.average(values[0, rows[:, 0]], weights=draw) / STEPS[0]
        expected.append((0.445 / factor) ** (1.0 / exponent) / mean)
    found = rate(values)["translation"]
    np.testing.assert_allclose(kept(found)[1:], expected, rtol=1e-3)


def test_a_single_image_has_no_interval():
    one = dataclasses.replace(calibration(), clusters=["i0"] * RATED * IMAGES)
    rows = [dataclasses.replace(ladder, clusters=["i0"] * IMAGES) for ladder in ladders()]
    score = rate_invisibility(distances(2.0, 7.0), one, rows, BOOTSTRAP)[0]
    assert np.isfinite(score.value)
    assert np.isnan([score.ci_low, score.ci_high]).all()


@pytest.mark.parametrize("damage", [np.nan, -1.0, np.inf])
def test_a_distance_that_is_none_is_refused(damage):
    values = distances(2.0, 7.0)
    values[0, 3] = damage
    with pytest.raises(InputError, match="tap 0, pair 3"):
        rate(values)


def test_distances_of_other_pairs_are_refused():
    with pytest.raises(InputError, match="do not fit the pairs"):
        rate(distances(2.0, 7.0)[:, :-1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"magnitudes": STEPS[::-1]}, "do not ascend"),
        ({"human": 0.0}, "human threshold of 0"),
        ({"clusters": CLUSTERS[:3]}, "3 clusters"),
    ],
)
def test_a_ladder_that_does_not_fit_is_refused(change, message):
    wrong = dataclasses.replace(ladders()[0], **change)
    with pytest.raises(InputError, match=message):
        rate_invisibility(distances(2.0, 7.0), calibration(), [wrong], BOOTSTRAP)
