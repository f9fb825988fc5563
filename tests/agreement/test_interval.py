from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from percepnet.agreement import interval as module
from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.interval import METHODS, acceleration, interval, jackknife_error


def of_means(sample, resamples=2000, seed=0):
    """The mean of a sample whose every value is a cluster: observed, resampled, without each in turn."""
    return (
        Bootstrap(resamples, seed=seed).draws(sample.size)
        @ sample
        / np.r_[np.full(1 + resamples, sample.size), np.full(sample.size, sample.size - 1)]
    )


def skewed(size=30, seed=0):
    return np.random.default_rng(seed).exponential(size=size)


def test_bca_is_that_of_scipy_where_nothing_is_widened(monkeypatch):
    monkeypatch.setattr(module, "_widened", lambda _r, _w, level: stats.norm.ppf((1 - level) / 2))
    sample = skewed()
    values = of_means(sample, 3000)
    drawn = stats.bootstrap(
        (sample,), np.mean, method="BCa", n_resamples=0, bootstrap_result=_Drawn(values[1:3001])
    )
    found = interval(values, sample.size, method="bca")
    assert found[:2] == pytest.approx(
        (drawn.confidence_interval.low, drawn.confidence_interval.high), rel=1e-9
    )
    plain = np.quantile(values[1:3001], [0.025, 0.975])
    assert found.low > plain[0] + 0.01  # skewness moves both ends up


class _Drawn:
    """Resamples as SciPy's bootstrap takes them over from an earlier result."""

    def __init__(self, values):
        self.bootstrap_distribution = values


def test_the_percentile_interval_is_the_plain_one():
    values = np.r_[50.0, np.arange(101.0)]
    assert interval(values, 0, 0.8)[:2] == pytest.approx((10.0, 90.0))
    assert interval(values, 0, 0.8).method == "percentile bootstrap over clusters, 0.8"
    jackknifed = np.r_[values, 49.0, 51.0]
    assert interval(jackknifed, 2, 0.8, "percentile") == interval(values, 0, 0.8)


@pytest.mark.parametrize("size", [8, 24, 81])
def test_the_expanded_interval_of_a_mean_is_students(size):
    """Of normal resamples of a mean it is mean -/+ t s / sqrt(n): the exact interval."""
    sample = np.random.default_rng(size).normal(size=size)
    shares = (np.arange(200_000) + 0.5) / 200_000
    resampled = stats.norm.ppf(shares, sample.mean(), sample.std() / np.sqrt(size))
    without = (sample.sum() - sample) / (size - 1)
    found = interval(np.r_[sample.mean(), resampled, without], size)
    exact = stats.t.interval(0.95, size - 1, sample.mean(), stats.sem(sample))
    assert found[:2] == pytest.approx(exact, rel=2e-3)
    assert found.method == "percentile bootstrap over clusters, widened for few clusters, 0.95"


def test_a_jackknife_that_varies_more_than_the_resamples_widens_the_interval():
    values = of_means(skewed())
    mean, without = values[0], values[-30:]
    plain, wider, widest = (
        interval(np.r_[values[:-30], mean + factor * (without - mean)], 30) for factor in (1.0, 1.2, 5.0)
    )
    # it is mean -/+ k t, with k the ratio of the two errors
    error = values[1:-30].std(ddof=1)
    share = stats.norm.cdf(-1.2 * jackknife_error(without) / error * stats.t.ppf(0.975, 29))
    assert wider[:2] == pytest.approx(tuple(np.quantile(values[1:-30], [share, 1 - share])))
    assert widest.low < wider.low < plain.low < plain.high < wider.high < widest.high
    limit = stats.norm.cdf(-1.5 * stats.t.ppf(0.975, 29))
    assert widest[:2] == pytest.approx(tuple(np.quantile(values[1:-30], [limit, 1 - limit])))


def test_the_jackknifes_error_of_a_mean_is_the_standard_error():
    sample = skewed()
    assert jackknife_error((sample.sum() - sample) / 29) == pytest.approx(stats.sem(sample))


def test_the_acceleration_of_a_mean_is_a_sixth_of_the_skewness_over_root_n():
    sample = skewed()
    without = (sample.sum() - sample) / 29
    assert acceleration(without) == pytest.approx(stats.skew(sample) / 6 / np.sqrt(30))
    assert acceleration(np.full(5, 0.3)) == 0.0


@pytest.mark.parametrize("method", METHODS)
def test_what_never_varies_has_an_interval_of_no_width(method):
    found = interval(np.full(1 + 100 + 12, 0.7), 12, method=method)
    assert found[:2] == (0.7, 0.7)
    assert found.method


@pytest.mark.parametrize("method", METHODS)
def test_the_interval_is_undefined_where_one_percent_of_the_resamples_are(method):
    values = np.r_[500.0, np.arange(1000.0), np.linspace(495.0, 505.0, 20)]
    values[1:10] = np.nan
    assert np.isfinite(interval(values, 20, method=method)[:2]).all()
    values[10] = np.nan
    found = interval(values, 20, method=method)
    assert np.isnan(found[:2]).all()
    assert found.method == ""
    assert np.isnan(interval(np.ones(1), 0)[:2]).all()
    assert np.isnan(interval(np.r_[np.nan, np.ones(100)], 0)[:2]).all()


def test_an_undefined_jackknife_leaves_the_plain_percentiles_and_says_so():
    values = of_means(skewed())
    values[-3] = np.nan
    for method in METHODS:
        assert interval(values, 30, method=method) == interval(values[:-30], 0)


def test_bca_says_where_it_does_not_exist():
    values = of_means(skewed())
    outside = np.r_[values[1:-30].max() + 1.0, values[1:]]
    found = interval(outside, 30, method="bca")
    assert found == interval(outside, 30)
    assert found.method.startswith("percentile")
    assert (
        interval(values, 30, method="bca").method
        == "BCa bootstrap over clusters, widened for few clusters, 0.95"
    )


@given(st.integers(0, 1000), st.sampled_from(METHODS), st.floats(0.01, 100.0), st.floats(-5.0, 5.0))
@settings(max_examples=30, deadline=None)
def test_an_interval_moves_with_its_unit_and_its_sign(seed, method, factor, shift):
    values = of_means(skewed(12, seed), 300, seed)
    found = interval(values, 12, method=method)
    moved = interval(factor * values + shift, 12, method=method)
    assert moved[:2] == pytest.approx((factor * found.low + shift, factor * found.high + shift), abs=1e-9)
    turned = interval(-values, 12, method=method)
    assert turned[:2] == pytest.approx((-found.high, -found.low), abs=1e-9)
    assert interval(values, 12, 0.8, method).low >= found.low
