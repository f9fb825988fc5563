import numpy as np
import pytest

from percepnet.benchmarks.psychophysics.patches import Patches, written
from percepnet.errors import InputError

COLOURS = {
    "grey": np.full(3, 0.214041140482),
    "white": np.full(3, 1.0 + 2e-16),
    "green": np.array([-0.2, 0.8, 0.1]),
}


def patches(encoding="srgb", size=4):
    return Patches(COLOURS, size, encoding)


def test_a_patch_is_one_encoded_colour():
    image = patches().image("grey")
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, np.full((4, 4, 3), 0.5), atol=1e-7)
    np.testing.assert_allclose(patches("linear").image("grey"), np.full((4, 4, 3), 0.21404114), atol=1e-7)


def test_rounding_is_forgiven_but_nothing_is_clipped():
    np.testing.assert_array_equal(patches().image("white"), np.ones((4, 4, 3)))
    with pytest.raises(InputError, match="cannot be shown"):
        patches().image("green")


def test_a_digest_tells_colour_size_and_encoding_apart():
    variants = (patches(), patches(size=5), patches("linear"))
    assert len({each.digest("grey") for each in variants} | {patches().digest("white")}) == 4
    assert patches().digest("grey") == patches().digest("grey")


def test_an_unknown_colour_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean green"):
        patches().image("greem")


def test_colours_are_written_in_four_digits():
    assert written(COLOURS["green"]) == "(-0.2, 0.8, 0.1)"
