from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import curve_fit
from scipy.special import expit

from percepnet.agreement import logistic
from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.correlation import correlations
from percepnet.agreement.logistic import fit_logistic, fitted
from tests.agreement.naive import written_out

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray, IntArray

CLUSTERS = 25
FALLING = ([-np.inf, 0, -np.inf, -np.inf, -np.inf], [0, np.inf, np.inf, 0, np.inf])


def five(x, b1, b2, b3, b4, b5):
    """The function as Sheikh, Sabir & Bovik (2006) print it."""
    with np.errstate(over="ignore"):
        return b1 * (0.5 - 1.0 / (1.0 + np.exp(b2 * (x - b3)))) + b4 * x + b5


def four(x, b1, b2, b3, b4):
    """The function as VQEG (2000) prints it."""
    with np.errstate(over="ignore"):
        return (b1 - b2) / (1.0 + np.exp(-(x - b3) / np.abs(b4))) + b2


def judged(seed: int = 0, noise: float = 0.8, members: int = 12) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return distances with a long tail, scores that fall with them, clusters."""
    generator = np.random.default_rng(seed)
    codes = np.repeat(np.arange(CLUSTERS), members)
    y = generator.normal(size=codes.size) + 0.5 * generator.normal(size=CLUSTERS)[codes]
    log = -0.7 * y + noise * generator.normal(size=codes.size) + 0.5 * generator.normal(size=CLUSTERS)[codes]
    return np.exp(log), y, codes


def draws(resamples: int) -> IntArray:
    """Return all data, resamples, and each cluster left out in turn."""
    ones = np.ones((1, CLUSTERS), dtype=np.int64)
    left_out = 1 - np.eye(CLUSTERS, dtype=np.int64)
    return np.concatenate([ones, Bootstrap(resamples).multiplicities(CLUSTERS), left_out])


def agreement(x, y, codes, resamples=0, **settings):
    found = fitted(np.atleast_2d(x), y, codes, draws(resamples), higher_is_better=True, **settings)
    return found[0][0], found[1][0], found[2][0]


@pytest.mark.parametrize("unit", [1e-8, 1.0, 1e6])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_exact_logistic_is_recovered_in_any_unit(unit, sign):
    x = np.linspace(0.0, 4.0, 200)
    y5 = five(x, sign * 3.0, 2.5, 1.7, sign * 0.2, 5.0)
    found = fit_logistic(unit * x, y5, 5)
    np.testing.assert_allclose(
        found.parameters * [1, unit, 1 / unit, unit, 1], [sign * 3, 2.5, 1.7, sign * 0.2, 5], rtol=2e-3
    )
    np.testing.assert_allclose(found(unit * x), five(unit * x, *found.parameters), rtol=1e-10)
    y4 = four(x, 5.0 + sign, 5.0 - sign, 1.7, 0.4)
    found = fit_logistic(unit * x, y4, 4)
    np.testing.assert_allclose(
        found.parameters / [1, 1, unit, unit], [5 + sign, 5 - sign, 1.7, 0.4], rtol=2e-3
    )
    np.testing.assert_allclose(found(unit * x), four(unit * x, *found.parameters), rtol=1e-10)
    assert found.name == "logistic, 4 parameters"


def least_error(function, x, y, start):
    """Return the least squared error that SciPy finds from 5 starts about `start`."""
    bounds = FALLING if function is five else (-np.inf, np.inf)
    generator = np.random.default_rng(0)
    errors = []
    for _ in range(5):
        begin = start * generator.uniform(0.7, 1.3, start.size)
        found, _ = curve_fit(function, x, y, begin, bounds=bounds, max_nfev=5000, method="trf")
        errors.append(np.square(function(x, *found) - y).sum())
    return min(errors)


@pytest.mark.parametrize("function", [four, five])
@pytest.mark.parametrize("noise", [0.05, 0.3])
def test_scipys_curve_fit_finds_no_smaller_error(function, noise):
    generator = np.random.default_rng(0)
    x = generator.lognormal(sigma=0.5, size=300)
    y = five(x, -1.0, 4.0, 1.1, -0.3, 5.0) + generator.normal(0, noise, 300)
    found = fit_logistic(x, y, 5 if function is five else 4)
    assert np.square(found(x) - y).sum() <= least_error(function, x, y, found.parameters) * (1.0 + 1e-7)


@pytest.mark.parametrize("function", [four, five])
@pytest.mark.parametrize("noise", [0.2, 0.8])
def test_a_centre_beyond_the_data_is_cut_off_where_it_costs_nothing(function, noise):
    """The scores are near to an exponential here, a logistic whose centre is infinitely far away."""
    x, y, _ = judged(noise=noise)
    found = fit_logistic(x, y, 5 if function is five else 4)
    assert np.square(found(x) - y).sum() <= least_error(function, x, y, found.parameters) * (1.0 + 2e-4)


@pytest.mark.parametrize("parameters", [4, 5])
def test_correlation_and_error_are_those_of_the_scores_with_the_fitted_function(parameters):
    x, y, codes = judged()
    fit = fit_logistic(x, y, parameters)
    correlation, error, name = agreement(x, y, codes, parameters=parameters)
    assert correlation[0] == pytest.approx(-stats.pearsonr(fit(x), y).statistic, abs=1e-9)
    assert error[0] == pytest.approx(np.sqrt(np.mean((fit(x) - y) ** 2)), rel=1e-9)
    assert name == fit.name == f"logistic, {parameters} parameters"


@pytest.mark.parametrize("parameters", [4, 5])
def test_the_sign_is_that_of_the_raw_correlation_whatever_would_be_human_like(parameters):
    x, y, codes = judged()
    for scores, sign in ((y, -1), (-y, 1)):
        raw = correlations(x[None], scores, codes, draws(30))["plcc"][0]
        for better in (True, False):
            found, _, _ = fitted(
                x[None], scores, codes, draws(30), higher_is_better=better, parameters=parameters
            )
            np.testing.assert_array_equal(np.sign(found[0]), sign)
            assert (np.abs(found[0]) >= np.abs(raw) - 1e-9).all() or parameters == 4


@pytest.mark.parametrize("parameters", [4, 5])
def test_every_resample_is_fitted_as_if_its_pairs_had_been_written_out(parameters):
    """Within 0.001 of SciPy's curve_fit: a fortieth of the standard error."""
    x, y, codes = judged()
    function = five if parameters == 5 else four
    limits = FALLING if parameters == 5 else (-np.inf, np.inf)
    correlation, error, _ = agreement(x, y, codes, 6, parameters=parameters)
    start = fit_logistic(x, y, parameters).parameters
    for place, draw in enumerate(draws(6)[:10]):
        rows = written_out(codes, draw)
        best, _ = curve_fit(function, x[rows], y[rows], start, bounds=limits, max_nfev=5000, method="trf")
        residual = function(x[rows], *best) - y[rows]
        expected = np.sqrt(1.0 - np.mean(residual**2) / y[rows].var())
        assert -correlation[place] == pytest.approx(expected, abs=1e-3)
        assert error[place] == pytest.approx(np.sqrt(np.mean(residual**2)), rel=1e-3)


def test_a_unit_of_distance_changes_nothing_and_one_of_the_scores_only_the_error():
    x, y, codes = judged()
    correlation, error, _ = agreement(x, y, codes, 20)
    other, larger, _ = agreement(1e-8 * x, 3.0 + 10.0 * y, codes, 20)
    np.testing.assert_allclose(other, correlation, rtol=1e-6)
    np.testing.assert_allclose(larger, 10.0 * error, rtol=1e-6)


def test_one_huge_distance_does_not_keep_the_others_from_being_fitted():
    x, y, codes = judged(noise=0.2)
    tail = np.append(x, 1e9 * x.max()), np.append(y, y.min()), np.append(codes, 0)
    assert agreement(*tail)[0][0] == pytest.approx(agreement(x, y, codes)[0][0], abs=0.01)


def test_equal_distances_have_no_value_and_no_fit():
    x, y, codes = judged()
    correlation, error, names = fitted(
        np.stack([x, np.full(x.size, 2.0)]), y, codes, draws(3), higher_is_better=True
    )
    assert np.isfinite(correlation[0]).all()
    assert np.isnan([correlation[1], error[1]]).all()
    assert names[1] == ""


def test_a_resample_whose_distances_are_equal_has_no_value():
    x, y, codes = judged()
    x[codes > 0] = 1.0
    correlation, error, _ = agreement(x, y, codes)
    np.testing.assert_array_equal(np.isnan(correlation), draws(0)[:, 0] == 0)
    np.testing.assert_array_equal(np.isnan(error), draws(0)[:, 0] == 0)


def test_too_few_different_distances_are_answered_by_isotonic_regression():
    x, y, codes = judged()
    coarse = np.digitize(x, [0.5, 1.5]).astype(float)
    correlation, error, name = agreement(coarse, y, codes, 20)
    assert name == "isotonic: fewer than 5 distances differ"
    means = np.array([y[coarse == step].mean() for step in range(3)])
    assert (np.diff(means) < 0).all()
    assert correlation[0] == pytest.approx(-stats.pearsonr(means[coarse.astype(int)], y).statistic)
    assert error[0] == pytest.approx(np.sqrt(np.mean((means[coarse.astype(int)] - y) ** 2)))
    fit = fit_logistic(coarse, y)
    assert not fit.converged
    np.testing.assert_allclose(fit(np.arange(3.0)), means)
    for draw, found, rmse in zip(draws(20), correlation, error, strict=True):
        rows = written_out(codes, draw)
        again = fit_logistic(coarse[rows], y[rows])(coarse[rows])
        assert found == pytest.approx(-stats.pearsonr(again, y[rows]).statistic)
        assert rmse == pytest.approx(np.sqrt(np.mean((again - y[rows]) ** 2)))


def test_a_search_that_does_not_end_is_answered_by_isotonic_regression(monkeypatch):
    x, y, codes = judged()
    monkeypatch.setattr(logistic, "_SEARCH", {"maxfev": 5})
    fit = fit_logistic(x, y)
    assert fit.name == "isotonic: the logistic did not converge"
    assert (np.diff(fit(np.sort(x))) <= 0.0).all()
    correlation, _, name = agreement(x, y, codes, 5)
    assert name == fit.name
    assert correlation[0] == pytest.approx(-stats.pearsonr(fit(x), y).statistic)


def any_case(seed: int) -> tuple[FloatArray, FloatArray]:
    """Return distances of any unit and tail, and scores that saturate, bend, step or not, rise or fall."""
    generator = np.random.default_rng(seed)
    normal = generator.normal(size=200)
    tail = [normal, np.exp(normal), np.exp(2.5 * normal), np.abs(generator.standard_t(1.5, 200))][seed % 4]
    place = stats.norm.ppf((stats.rankdata(tail) - 0.5) / 200)
    middle = generator.normal()
    shapes = [
        expit(2 * place),
        place,
        expit(8 * (place - middle)),
        expit(20 * (place - 2)),
        place + place**3,
        tail,
    ]
    shape = shapes[generator.integers(len(shapes))]
    noise = generator.choice([0.0, 0.01, 0.3, 1.0, 5.0]) * generator.normal(size=200)
    y = generator.choice([-1.0, 1.0]) * shape / shape.std() + noise
    return tail * 10.0 ** generator.uniform(-8, 6), y * 10.0 ** generator.uniform(-2, 3)


def check_any(seeds: range) -> None:
    for seed in seeds:
        x, y = any_case(seed)
        fit = fit_logistic(x, y, 4 + seed // 4 % 2)
        assert fit.converged, seed
        steps = np.diff(fit(np.linspace(x.min(), x.max(), 1000)))
        turn = np.sign(stats.spearmanr(x, y).statistic)
        assert (turn * steps >= -1e-12 * np.abs(y).max()).all(), seed
        assert np.square(fit(x) - y).mean() <= y.var() * (1 + 1e-9), seed


def test_any_data_have_a_monotone_logistic():
    check_any(range(8))


@pytest.mark.slow
def test_a_thousand_data_have_a_monotone_logistic():
    check_any(range(8, 1008))
