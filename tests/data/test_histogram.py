import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from percepnet.data.drawing import WIDTH
from percepnet.data.histogram import bars, histogram, ticks

scores = st.lists(
    st.floats(-1e4, 1e4, allow_nan=False).map(lambda x: round(x, 6)), min_size=1, max_size=200
).map(np.array)


@given(scores)
def test_every_score_is_in_one_bar(values):
    found = bars(values)
    assert sum(bar.number for bar in found) == len(values)
    assert all(bar.low < bar.high for bar in found)
    assert all(
        one.high <= other.low + 1e-9 * max(1, abs(other.low)) for one, other in itertools.pairwise(found)
    )


def test_few_values_have_a_bar_each_in_spite_of_rounding():
    shares = np.array([0.2, 1 - 0.8, 0.4, 0.6, 1 - 0.4, 0.8, 1.0, 0.0])
    found = bars(shares)
    assert [round((bar.low + bar.high) / 2, 9) for bar in found] == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert [bar.number for bar in found] == [1, 2, 1, 2, 1, 1]


def test_many_values_have_bars_of_round_widths():
    found = bars(np.random.default_rng(0).normal(5, 1, 3000))
    assert {round(bar.high - bar.low, 9) for bar in found} == {0.2}
    assert all(abs(bar.low / 0.2 - round(bar.low / 0.2)) < 1e-9 for bar in found)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 50))
def test_ticks_are_round_and_hold_the_range(low, span, about):
    found = ticks(low, low + span, about)
    step = found[1] - found[0]
    assert found[0] <= low + 1e-6 * step + 1e-12
    assert found[-1] >= low + span - 1e-6 * max(step, abs(low))
    assert len(found) <= about + 3


@pytest.mark.parametrize(
    "values", [[1.0], [0.0, 0.0], [-3.0, 5.0], [1e-9, 2e-9], [*range(100)], [1e6, 1e6 + 1]]
)
def test_a_histogram_is_drawn_whatever_the_scores(values):
    picture = histogram(np.array(values, float), "log10 threshold of people")
    assert picture.width == WIDTH
    assert (np.asarray(picture) == (0x4C, 0x78, 0xA8)).all(axis=2).any()
