from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from percepnet.agreement import correlation
from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.correlation import METRICS, correlations
from tests.agreement.naive import estimate, resampled


@st.composite
def tied_data(draw):
    """Whole numbers with many ties, in clusters of unequal size, no cluster empty."""
    clusters = draw(st.integers(1, 6))
    sizes = draw(st.lists(st.integers(1, 11), min_size=clusters, max_size=clusters))
    codes = np.array(draw(st.permutations(np.repeat(np.arange(clusters), sizes).tolist())))
    distinct = draw(st.integers(1, 12))
    values = st.lists(st.integers(0, distinct), min_size=codes.size, max_size=codes.size)
    x, other, y = (np.array(draw(values), dtype=float) for _ in range(3))
    return np.stack([x, other]), y, codes


@given(tied_data(), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_every_resample_equals_scipy_on_the_pairs_written_out(data, seed):
    distances, scores, codes = data
    clusters = int(codes.max()) + 1
    draws = Bootstrap(resamples=12, seed=seed).multiplicities(clusters)
    found = correlations(distances, scores, codes, draws)
    for metric in METRICS:
        expected = [resampled(metric, row, scores, codes, draws) for row in distances]
        np.testing.assert_allclose(found[metric], expected, atol=1e-10)


@given(tied_data())
@settings(max_examples=60, deadline=None)
def test_the_resample_of_ones_equals_scipy(data):
    distances, scores, codes = data
    found = correlations(distances, scores, codes, np.ones((1, int(codes.max()) + 1), dtype=np.int64))
    for metric in METRICS:
        expected = [[estimate(metric, row, scores)] for row in distances]
        np.testing.assert_allclose(found[metric], expected, atol=1e-10)


@pytest.mark.parametrize("budget", [1, 100])
def test_blocks_of_any_size_give_the_same(monkeypatch, budget):
    generator = np.random.default_rng(1)
    codes = generator.integers(0, 5, 80)
    distances, scores = generator.normal(size=(3, 80)), generator.normal(size=80).round(1)
    draws = Bootstrap(resamples=7).multiplicities(5)
    whole = correlations(distances, scores, codes, draws)
    monkeypatch.setattr(correlation, "_BUDGET", budget)
    monkeypatch.setattr("percepnet.agreement.ordering._BUDGET", budget)
    in_blocks = correlations(distances, scores, codes, draws)
    for metric in METRICS:
        np.testing.assert_array_equal(in_blocks[metric], whole[metric])


def test_a_huge_outlier_does_not_spoil_the_resamples_without_it():
    generator = np.random.default_rng(2)
    codes = np.repeat(np.arange(10), 6)
    x, y = generator.normal(size=(2, 60))
    x[0] = 1e9
    draws = Bootstrap(resamples=40).multiplicities(10)
    found = correlations(x[None], y, codes, draws)["plcc"][0]
    np.testing.assert_allclose(found, resampled("plcc", x, y, codes, draws), atol=1e-7)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_the_unit_of_the_distance_does_not_matter(scale):
    generator = np.random.default_rng(3)
    x, y = generator.normal(size=(2, 40))
    codes, ones = np.arange(40), np.ones((1, 40), dtype=np.int64)
    plain, scaled = correlations(x[None], y, codes, ones), correlations(scale * x[None], y, codes, ones)
    for metric in METRICS:
        np.testing.assert_allclose(scaled[metric], plain[metric], atol=1e-12)
