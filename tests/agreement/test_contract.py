from __future__ import annotations

import numpy as np
import pytest

from percepnet.agreement.contract import Bootstrap
from percepnet.errors import InputError


def test_a_resample_draws_as_many_clusters_as_there_are():
    draws = Bootstrap(resamples=500, seed=3).multiplicities(25)
    assert draws.shape == (500, 25)
    assert set(draws.sum(axis=1)) == {25}
    assert draws.mean() == 1.0
    np.testing.assert_array_equal(draws, Bootstrap(resamples=500, seed=3).multiplicities(25))


def test_draws_are_the_data_then_resamples_then_the_data_without_each_cluster():
    bootstrap = Bootstrap(resamples=30, seed=1)
    draws = bootstrap.draws(5)
    assert draws.shape == (1 + 30 + 5, 5)
    np.testing.assert_array_equal(draws[0], np.ones(5))
    np.testing.assert_array_equal(draws[1:31], bootstrap.multiplicities(5))
    np.testing.assert_array_equal(draws[31:], 1 - np.eye(5))


@pytest.mark.parametrize(
    ("setting", "clusters"),
    [({}, 251), ({"method": "percentile"}, 20), ({"resamples": 0}, 20), ({}, 1)],
)
def test_no_cluster_is_left_out_where_no_interval_needs_it(setting, clusters):
    bootstrap = Bootstrap(**{"resamples": 10, **setting})
    assert bootstrap.left_out(clusters) == 0
    assert len(bootstrap.draws(clusters)) == 1 + bootstrap.resamples
    assert "left out" not in bootstrap.described(clusters)


def test_what_was_drawn_is_told_apart_by_everything_that_changes_it():
    texts = [
        bootstrap.described(clusters)
        for bootstrap in (
            Bootstrap(),
            Bootstrap(resamples=10),
            Bootstrap(seed=1),
            Bootstrap(method="percentile"),
        )
        for clusters in (24, 25)
    ]
    assert texts[0] == "1000 resamples of 24 clusters, seed 0, 24 left out in turn"
    assert len(set(texts)) == len(texts)
    assert Bootstrap(resamples=0).described(24) == ""
    # what is made of the same draws may be compared
    assert Bootstrap(level=0.9, method="bca").described(24) == texts[0]


@pytest.mark.parametrize(
    "setting", [{"resamples": -1}, {"level": 1.0}, {"level": 95.0}, {"method": "studentised"}]
)
def test_a_bootstrap_that_cannot_be_drawn_is_refused(setting):
    with pytest.raises(InputError, match="cannot be drawn"):
        Bootstrap(**setting)
