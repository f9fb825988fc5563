"""What a display shows: patches measured on the pixels, ladders up to the gamut, and every limit."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from percepnet.benchmarks.psychophysics.display import Display, room, shows
from percepnet.benchmarks.psychophysics.gabors import Background, Drawings, Layer, Patch, Target
from percepnet.benchmarks.psychophysics.limits import BEYOND, DARK, TOO_FINE, TOO_WIDE, Limits
from percepnet.benchmarks.psychophysics.shown import by_reason, report
from percepnet.errors import InputError

DISPLAY = Display(256, 32.0, 100.0, "linear")
LIMITS = Limits(DISPLAY, 0.5, 6.0, 7, 2.5)
GREY = (0.4, 0.4, 0.4)


def spectrum_peak(image: np.ndarray) -> tuple[float, float]:
    """Return the frequency (vertical, horizontal) of the largest component, in cycles per degree."""
    padded = 2048
    power = np.abs(np.fft.fft2(image, (padded, padded)))[: padded // 2 + 1]
    row, column = np.unravel_index(power.argmax(), power.shape)
    frequencies = np.fft.fftfreq(padded, 1.0 / DISPLAY.pixels_per_degree)
    return abs(float(frequencies[row])), abs(float(frequencies[column]))


def drawings(encoding: str = "linear", **patch: Any) -> Drawings:
    shape = {"frequency": 2.0, "sigma": 0.5} | patch
    mask = Layer(Patch(2.0, math.inf), GREY)
    return Drawings(
        Display(256, 32.0, 100.0, encoding),
        {"uniform": Background(GREY), "masked": Background(GREY, ((0.25, mask),))},
        {
            "plain": Target("uniform", Layer(Patch(**shape), (0.1, 0.2, 0.3)), (0.01, 0.1, 0.5)),
            "upon": Target("masked", Layer(Patch(**shape), GREY), (0.01, 0.1, 0.5)),
        },
    )


@pytest.mark.parametrize(
    ("orientation", "vertical", "horizontal"), [(0.0, 0.0, 4.0), (90.0, 4.0, 0.0), (45.0, 2.828, 2.828)]
)
@pytest.mark.parametrize("phase", [0.0, 90.0])
def test_bars_have_their_frequency_and_angle(orientation, vertical, horizontal, phase):
    image = Patch(4.0, 1.0, orientation, phase).modulation(DISPLAY.grid)
    assert spectrum_peak(image) == pytest.approx((vertical, horizontal), abs=0.02)


def test_cosine_is_bright_in_the_centre_and_sine_rises_there_and_leaves_the_mean():
    even, odd = (Patch(0.5, 0.5, phase=phase).modulation(DISPLAY.grid) for phase in (0.0, 90.0))
    assert even[128, 128] == 1.0
    assert odd[128, 128] == pytest.approx(0.0, abs=1e-12)
    assert odd[128, 127] < 0.0 < odd[128, 129]
    assert abs(odd.mean()) < 1e-6 < even.mean()


@pytest.mark.parametrize("sigma", [0.125, 0.5, 1.0])
def test_windows_have_their_standard_deviation(sigma):
    grid = DISPLAY.grid
    even, odd = (Patch(4.0, sigma, phase=phase).modulation(grid) for phase in (0.0, 90.0))
    energy = even**2 + odd**2
    assert math.sqrt(float((energy * grid.x**2).sum() / energy.sum())) == pytest.approx(
        sigma / math.sqrt(2.0), rel=1e-3
    )


@given(st.floats(0.1, 8), st.floats(0.02, 3), st.floats(0, 180), st.floats(0, 360))
def test_no_patch_goes_beyond_one(frequency, sigma, orientation, phase):
    image = Patch(frequency, sigma, orientation, phase).modulation(Display(32, 16.0, 1.0, "linear").grid)
    assert np.abs(image).max() <= 1.0


def test_light_is_background_plus_contrast_times_modulation_in_every_channel():
    drawn = drawings()
    shape = Patch(2.0, 0.5).modulation(DISPLAY.grid)
    for channel, swing in enumerate((0.1, 0.2, 0.3)):
        np.testing.assert_allclose(
            drawn.image("plain@0.5")[..., channel], 0.4 + 0.5 * swing * shape, atol=1e-7
        )


def test_a_masked_target_lies_upon_its_mask_and_the_reference_is_the_mask_alone():
    drawn = drawings()
    bars = np.broadcast_to(Patch(2.0, math.inf).modulation(DISPLAY.grid), (256, 256))
    np.testing.assert_allclose(drawn.image("masked")[..., 1], 0.4 * (1 + 0.25 * bars), atol=1e-7)
    added = drawn.light("upon@0.5") - drawn.light("masked")
    np.testing.assert_allclose(added[..., 0], 0.2 * Patch(2.0, 0.5).modulation(DISPLAY.grid), atol=1e-12)


def test_images_are_float32_of_the_size_and_encoded():
    image = drawings("srgb").image("uniform")
    assert image.dtype == np.float32
    assert image.shape == (256, 256, 3)
    assert image[0, 0, 0] == pytest.approx(0.665185, abs=1e-6)


def test_digests_differ_with_contrast_shape_colour_mask_and_encoding_and_are_stable():
    digests = [drawings().digest(key) for key in ("uniform", "masked", "plain@0.1", "plain@0.5", "upon@0.1")]
    digests += [drawings("srgb").digest("plain@0.1"), drawings(phase=90.0).digest("plain@0.1")]
    digests += [drawings(sigma=0.51).digest("plain@0.1")]
    assert len(set(digests)) == 8
    assert drawings().digest("plain@0.1") == digests[2]


def test_drawings_travel_to_workers():
    drawn = drawings()
    copy = pickle.loads(pickle.dumps(drawn))
    np.testing.assert_array_equal(copy.image("upon@0.1"), drawn.image("upon@0.1"))


def test_an_unknown_stimulus_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean"):
        drawings().image("plane@0.1")


@given(
    st.tuples(*[st.floats(0.01, 0.99)] * 3),
    st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda swing: max(map(abs, swing)) > 0.01),
)
def test_the_top_of_a_ladder_is_in_gamut_and_a_hundredth_more_is_not(light, swing):
    top = LIMITS.ladder(light, swing)[-1]
    colours = [tuple(np.array(light) + sign * top * np.array(swing)) for sign in (-1, 1)]
    assert all(shows(colour) for colour in colours)
    beyond = [tuple(np.array(light) + sign * 1.0101 * top * np.array(swing)) for sign in (-1, 1)]
    assert not all(shows(colour) for colour in beyond)


def test_ladders_are_even_in_log_contrast_over_their_decades():
    ladder = LIMITS.ladder(GREY, GREY)
    assert ladder[-1] == pytest.approx(0.999)
    np.testing.assert_allclose(np.diff(np.log10(ladder)), 2.5 / 6, atol=1e-5)
    assert LIMITS.ladder(GREY, GREY, 0.5)[-1] == pytest.approx(0.499)


def test_room_is_the_least_over_channels_upwards_and_downwards():
    assert room((0.2, 0.5, 0.9), (0.1, 0.1, 0.1)) == pytest.approx(1.0)
    assert room((0.2, 0.5, 0.5), (-0.4, 0.0, 0.0)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        (Patch(8.0, 0.5), ""),
        (Patch(8.01, 0.5), TOO_FINE),
        (Patch(1.0, 8.0 / 6.0), ""),
        (Patch(1.0, 1.34), TOO_WIDE),
        (Patch(1.0, math.inf), ""),
    ],
)
def test_shapes_are_limited_by_pixels_and_width(patch, reason):
    assert LIMITS.shape_against(patch) == reason


@pytest.mark.parametrize(
    ("light", "masked", "threshold", "reason"),
    [
        (GREY, 0.0, -1.0, ""),
        ((1.1, 1.0, 0.5), 0.0, -1.0, DARK),
        (GREY, 0.4, -0.2, BEYOND),
        (GREY, 1.0, -1.0, DARK),
        (GREY, 0.0, -3.0, BEYOND),
    ],
)
def test_colours_are_limited_by_the_gamut(light, masked, threshold, reason):
    assert LIMITS.light_against(light, GREY, masked, threshold) == reason


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nyquist_share": 1.5}, "nyquist_share"),
        ({"window": 0.0}, "window"),
        ({"rungs": 2}, "rungs"),
        ({"decades": 0.0}, "decades"),
        ({"decades": math.nan}, "decades"),
    ],
)
def test_limits_out_of_range_are_refused(change, message):
    settings = {"nyquist_share": 0.5, "window": 6.0, "rungs": 7, "decades": 2.5} | change
    with pytest.raises(InputError, match=message):
        Limits(DISPLAY, **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((16, 32.0, 100.0, "srgb"), "images are too small"),
        ((256, 0.0, 100.0, "srgb"), "pixels_per_degree"),
        ((256, 32.0, math.nan, "srgb"), "peak_luminance"),
        ((256, 32.0, 100.0, "pq"), "encoding is unknown"),
    ],
)
def test_a_display_that_is_none_is_refused(settings, message):
    with pytest.raises(InputError, match=message):
        Display(*settings)


def test_what_is_left_out_is_told_by_reason_and_name(caplog):
    excluded = {"a": TOO_FINE, "b": TOO_WIDE, "c": TOO_FINE}
    report("csf", ["d"], excluded)
    assert by_reason(excluded) == {TOO_FINE: ["a", "c"], TOO_WIDE: ["b"]}
    assert [record.getMessage() for record in caplog.records] == [
        f"csf leaves out 2: {TOO_FINE} (a, c)",
        f"csf leaves out 1: {TOO_WIDE} (b)",
    ]


def test_nothing_left_is_refused_with_the_reasons():
    with pytest.raises(InputError, match=f"1: {TOO_FINE}"):
        report("csf", [], {"a": TOO_FINE})
