import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from percepnet.benchmarks.psychophysics.encoding import encode
from percepnet.errors import InputError

ENCODINGS = ("srgb", "gamma2.2", "linear")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_black_and_white_stay_what_they_are(encoding):
    np.testing.assert_allclose(encode(np.array([0.0, 1.0]), encoding), [0.0, 1.0], atol=1e-12)


@pytest.mark.parametrize(("linear", "encoded"), [(0.5, 0.735357), (0.002, 0.02584), (0.214041, 0.5)])
def test_srgb_has_its_standard_values(linear, encoded):
    assert float(encode(np.array([linear]), "srgb")[0]) == pytest.approx(encoded, abs=1e-5)


@given(st.lists(st.floats(0, 1), min_size=2), st.sampled_from(ENCODINGS))
def test_encoding_keeps_order_and_range(values, encoding):
    encoded = encode(np.sort(np.array(values)), encoding)
    assert (np.diff(encoded) >= 0).all()
    assert (encoded >= 0).all()
    assert (encoded <= 1).all()


@pytest.mark.parametrize("value", [-0.001, 1.001, np.nan])
def test_light_that_no_display_shows_is_refused_not_clipped(value):
    with pytest.raises(InputError, match="cannot be shown"):
        encode(np.array([0.5, value]), "srgb")


def test_an_unknown_encoding_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean srgb"):
        encode(np.array([0.5]), "sRGB")
