from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from percepnet.benchmarks.psychophysics.affine_warp import Warp, coefficients, resample

ORDERS = (1, 3, 5)
SIZE = (48, 64)


def picture(size=SIZE, seed=0):
    return np.random.default_rng(seed).uniform(size=(*size, 3))


def wave(size=SIZE):
    """A smooth picture: the content at any place is known, also between pixels."""
    rows, columns = np.indices(size)
    return np.stack([_wave(rows, columns, channel) for channel in range(3)], axis=2)


def _wave(rows, columns, channel):
    return 0.5 + 0.4 * np.sin(0.25 * rows + 0.31 * columns + channel)


def warped(image, order=3, **change):
    return resample(coefficients(image, order), Warp(**change), order)


@pytest.mark.parametrize("order", ORDERS)
def test_no_change_is_the_image_itself(order):
    image = picture()
    np.testing.assert_allclose(warped(image, order), image, atol=1e-7)


@pytest.mark.parametrize("order", ORDERS)
def test_whole_pixels_move_the_content_right_and_down_and_mirror_the_border(order):
    image = picture()
    right, down = warped(image, order, right=3.0), warped(image, order, down=2.0)
    np.testing.assert_allclose(right[:, 3:], image[:, :-3], atol=1e-6)
    np.testing.assert_allclose(right[:, :3], image[:, 2::-1], atol=1e-6)
    np.testing.assert_allclose(down[2:], image[:-2], atol=1e-6)
    np.testing.assert_allclose(down[:2], image[1::-1], atol=1e-6)


@pytest.mark.parametrize("order", ORDERS)
def test_a_positive_rotation_is_counter_clockwise_about_the_centre(order):
    image = picture((40, 40))
    np.testing.assert_allclose(warped(image, order, degrees=90.0), np.rot90(image), atol=1e-6)


def test_an_enlarged_image_shows_its_middle():
    """Pixel 2k + 1 of a picture twice as large lies a quarter of a pixel after pixel k of the original."""
    image = np.linspace(0.1, 0.9, 41)[np.newaxis, :, np.newaxis] * np.ones((41, 1, 3))
    row = warped(image, factor=2.0)[20, :, 0]
    np.testing.assert_allclose(np.diff(row), 0.5 * 0.8 / 40, atol=1e-5)
    assert row[20] == pytest.approx(0.5, abs=1e-6)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-5, 5), st.floats(1.0, 1.1))
def test_between_pixels_a_smooth_picture_keeps_its_true_values(down, right, degrees, factor):
    change = {"down": down, "right": right, "degrees": degrees, "factor": factor}
    found = warped(wave(), **change)
    turn, (rows, columns) = np.deg2rad(degrees), np.indices(SIZE)
    x, up = columns - 31.5 - right, 23.5 + down - rows
    # undo a counter-clockwise turn: x to the right, up against the rows
    origin_x = (np.cos(turn) * x + np.sin(turn) * up) / factor + 31.5
    origin_row = 23.5 - (np.cos(turn) * up - np.sin(turn) * x) / factor
    expected = np.stack([_wave(origin_row, origin_x, channel) for channel in range(3)], axis=2)
    inner = (slice(12, -12), slice(12, -12))
    np.testing.assert_allclose(found[inner], expected[inner], atol=2e-3)


def test_a_cubic_spline_keeps_detail_that_a_bilinear_one_blurs():
    """A wave of 4 pixels, moved by half of one: bilinear leaves cos(pi / 4) of its contrast."""
    image = 0.5 + 0.4 * np.cos(np.pi / 2 * np.arange(64))[np.newaxis, :, np.newaxis] * np.ones((48, 1, 3))
    contrast = {order: warped(image, order, right=0.5)[:, 16:-16].std() / image.std() for order in (1, 3)}
    assert contrast[1] == pytest.approx(np.cos(np.pi / 4), rel=1e-3)
    assert contrast[3] > 0.95


def test_values_stay_between_black_and_white_where_a_spline_overshoots():
    image = np.zeros((32, 32, 3))
    image[:, 16:] = 1.0
    found = warped(image, right=0.5)
    assert found.dtype == np.float32
    assert (found.min(), found.max()) == (0.0, 1.0)


def test_the_share_of_own_pixels_is_the_overlap_of_the_moved_image_with_the_picture():
    assert Warp().own_share(SIZE) == 1.0
    assert Warp(right=16.0).own_share(SIZE) == pytest.approx(0.75)
    assert Warp(down=-24.0).own_share(SIZE) == pytest.approx(0.5)
    assert Warp(factor=1.3).own_share(SIZE) == 1.0
    assert Warp(degrees=90.0).own_share(SIZE) == pytest.approx(48 / 64, abs=0.001)
    # octagon of two equal squares at 45 degrees: 2 (sqrt 2 - 1) of the area
    assert Warp(degrees=45.0).own_share((400, 400)) == pytest.approx(2 * (np.sqrt(2) - 1), abs=0.005)
