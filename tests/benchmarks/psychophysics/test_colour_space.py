"""Every conversion against the package's own one-call functions, closed forms, or the colours' definition."""

import subprocess
import sys

import numpy as np
import pytest

from percepnet.benchmarks.psychophysics import colour_space
from percepnet.benchmarks.psychophysics.colour_space import library

_THEN_LIGHTNING = """
import importlib.util
from percepnet.benchmarks.psychophysics.colour_space import library
library()
importlib.util.find_spec("matplotlib")  # as Lightning does when it is imported
"""


def test_importing_the_package_leaves_the_search_for_other_packages_intact():
    command = [sys.executable, "-c", _THEN_LIGHTNING]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_the_package_leaves_numbers_with_all_their_digits():
    library()
    assert str(np.float64(-0.02806075319823184)) == "-0.02806075319823184"


@pytest.fixture
def linear():
    return np.random.default_rng(0).random((50, 3))


def test_white_is_d65_as_srgb_defines_it():
    # IEC 61966-2-1 gives it as XYZ 0.9505, 1.0000, 1.0890 and as xy 0.3127, 0.3290
    np.testing.assert_allclose(colour_space.white(), [0.9505, 1.0, 1.089], atol=1e-12)
    np.testing.assert_allclose(library().XYZ_to_xy(colour_space.white()), [0.3127, 0.3290], atol=5e-5)


def test_linear_light_to_xyz_and_back(linear):
    xyz = colour_space.linear_srgb_to_xyz(linear)
    expected = library().RGB_to_XYZ(linear, "sRGB")
    np.testing.assert_allclose(xyz, expected, atol=1e-12)
    np.testing.assert_allclose(colour_space.xyz_to_linear_srgb(xyz), linear, atol=1e-12)


def test_xyz_to_linear_light_is_the_packages_but_for_the_digits_of_its_published_inverse(linear):
    xyz = colour_space.linear_srgb_to_xyz(linear)
    expected = library().XYZ_to_RGB(xyz, "sRGB", apply_cctf_encoding=False)
    np.testing.assert_allclose(colour_space.xyz_to_linear_srgb(xyz), expected, atol=2e-4)
    grid = xyz.reshape(5, 10, 3)
    np.testing.assert_array_equal(
        colour_space.xyz_to_linear_srgb(grid).reshape(-1, 3), colour_space.xyz_to_linear_srgb(xyz)
    )


def test_nothing_is_clipped():
    far = np.array([0.1, 0.5, 0.05])
    assert colour_space.xyz_to_linear_srgb(far).min() < 0.0


@pytest.mark.parametrize(("x", "y", "luminance"), [(0.16, 0.057, 0.1), (0.305, 0.323, 1.0), (0.6, 0.3, 48.0)])
def test_chromaticity_and_luminance_to_xyz(x, y, luminance):
    expected = [x / y * luminance, luminance, (1.0 - x - y) / y * luminance]
    np.testing.assert_allclose(colour_space.xyy_to_xyz(np.array([x, y]), luminance), expected, rtol=1e-12)
    grid = np.tile([x, y], (4, 2, 1))
    np.testing.assert_allclose(colour_space.xyy_to_xyz(grid, luminance), np.tile(expected, (4, 2, 1)))


def test_the_reference_white_is_adapted_to_white():
    illuminant_c = np.array([0.9807, 1.0, 1.1823])
    found = colour_space.adapted(illuminant_c, illuminant_c)
    np.testing.assert_allclose(found, colour_space.white(), atol=1e-12)


def test_under_d65_nothing_is_adapted(linear):
    xyz = colour_space.linear_srgb_to_xyz(linear)
    np.testing.assert_allclose(colour_space.adapted(xyz, colour_space.white()), xyz, atol=1e-12)


def test_adaptation_is_von_kries_in_cat02(linear):
    cat02 = np.array([[0.7328, 0.4296, -0.1624], [-0.7036, 1.6975, 0.0061], [0.0030, 0.0136, 0.9834]])
    xyz, source = colour_space.linear_srgb_to_xyz(linear), np.array([0.9807, 1.0, 1.1823])
    gains = (cat02 @ colour_space.white()) / (cat02 @ source)
    expected = xyz @ (np.linalg.inv(cat02) @ np.diag(gains) @ cat02).T
    np.testing.assert_allclose(colour_space.adapted(xyz, source), expected, atol=1e-10)
    np.testing.assert_allclose(colour_space.adapted(100.0 * xyz, 100.0 * source), 100.0 * expected, atol=1e-8)


def test_adaptation_is_the_complete_one_of_ciecam02(linear):
    source = np.array([0.9807, 1.0, 1.1823])
    xyz = colour_space.linear_srgb_to_xyz(linear)
    expected = library().chromatic_adaptation(
        xyz, source, colour_space.white(), method="Von Kries", transform="CAT02"
    )
    np.testing.assert_allclose(colour_space.adapted(xyz, source), expected, atol=1e-12)


def test_cone_responses_go_there_and_back(linear):
    xyz = colour_space.linear_srgb_to_xyz(linear)
    lms = colour_space.xyz_to_lms(xyz)
    assert (lms > 0.0).all()
    np.testing.assert_allclose(colour_space.lms_to_xyz(lms), xyz, atol=1e-12)


def test_gamut_is_the_closed_cube_but_for_rounding():
    inside = [[0, 0, 0], [1, 1, 1], [1 + 1e-12, 0, 0], [0.5, -1e-12, 1]]
    colours = np.array([*inside, [1.001, 0, 0], [0, -0.001, 0]])
    np.testing.assert_array_equal(colour_space.in_gamut(colours), [True, True, True, True, False, False])
    assert colour_space.in_gamut(colours.reshape(2, 3, 3)).shape == (2, 3)


def test_the_sum_of_all_primaries_is_in_gamut():
    assert colour_space.in_gamut(colour_space.xyz_to_linear_srgb(colour_space.white()))
