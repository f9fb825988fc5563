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


def test_the_interval_holds_the_level():
    assert Bootstrap(level=0.8).interval(np.arange(101.0)) == pytest.approx((10.0, 90.0))


def test_the_interval_is_undefined_where_one_percent_of_the_resamples_are():
    values = np.arange(1000.0)
    values[:9] = np.nan
    assert np.isfinite(Bootstrap().interval(values)).all()
    values[:10] = np.nan
    assert np.isnan(Bootstrap().interval(values)).all()
    assert np.isnan(Bootstrap().interval(np.empty(0))).all()


@pytest.mark.parametrize("setting", [{"resamples": -1}, {"level": 1.0}, {"level": 95.0}])
def test_a_bootstrap_that_cannot_be_drawn_is_refused(setting):
    with pytest.raises(InputError, match="cannot be drawn"):
        Bootstrap(**setting)
