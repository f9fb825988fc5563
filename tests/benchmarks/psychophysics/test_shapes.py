import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from percepnet.benchmarks.psychophysics import shapes as shape
from percepnet.benchmarks.psychophysics.modelfest_catalogue import NOISE, SCENE, STIMULI, modulations
from percepnet.benchmarks.psychophysics.shapes import Grid

SIZE, RESOLUTION, CENTRE = 256, 120.0, 128
GRID = Grid.square(SIZE, RESOLUTION)
ZEROS = np.zeros((SIZE, SIZE))
DRAWN = modulations(GRID, {NOISE: ZEROS, SCENE: ZEROS})
FORMULAE = sorted(set(DRAWN) - {NOISE, SCENE})
FIXED_SIZE = (1.12, 2, 2.83, 4, 5.66, 8, 11.3, 16, 22.6, 30)


def spectrum_peak(image: np.ndarray) -> tuple[float, float]:
    """Return the frequency (vertical, horizontal) of the largest component, in cycles per degree."""
    padded = 2048
    power = np.abs(np.fft.fft2(image - image.mean(), (padded, padded)))[: padded // 2 + 1]
    row, column = np.unravel_index(power.argmax(), power.shape)
    frequencies = np.fft.fftfreq(padded, 1.0 / RESOLUTION)
    return abs(float(frequencies[row])), float(frequencies[column])


def moments(envelope: np.ndarray) -> tuple[float, float]:
    """Return the standard deviations (vertical, horizontal) of a density, in degrees."""
    density = envelope / envelope.sum()
    return float(np.sqrt((density * GRID.y**2).sum())), float(np.sqrt((density * GRID.x**2).sum()))


def test_there_are_43_stimuli_in_order():
    assert list(DRAWN) == list(range(1, STIMULI + 1))
    assert all(image.shape == (SIZE, SIZE) for image in DRAWN.values())


@pytest.mark.parametrize("number", FORMULAE)
def test_modulation_peaks_at_one_and_never_beyond(number):
    image = DRAWN[number]
    assert np.abs(image).max() <= 1.0
    assert np.abs(image).max() > 0.97


@pytest.mark.parametrize("number", [k for k in FORMULAE if k not in (30, 32, 33, 34)])
def test_brightest_point_is_the_centre(number):
    assert DRAWN[number][CENTRE, CENTRE] == pytest.approx(DRAWN[number].max(), abs=1e-4)


@pytest.mark.parametrize(("number", "frequency"), list(enumerate(FIXED_SIZE, start=1)))
def test_gabors_of_one_size_have_their_frequency_along_y(number, frequency):
    vertical, horizontal = spectrum_peak(DRAWN[number])
    assert vertical == pytest.approx(frequency, abs=0.07)
    assert horizontal == 0.0


@pytest.mark.parametrize(
    ("number", "frequency", "orientation"), [(36, 4.0, 45.0), (37, 4.0, 90.0), (12, 4.0, 0.0)]
)
def test_oriented_gabors_turn_counter_clockwise(number, frequency, orientation):
    vertical, horizontal = spectrum_peak(DRAWN[number])
    assert np.hypot(vertical, horizontal) == pytest.approx(frequency, rel=0.03)
    assert np.degrees(np.arctan2(abs(horizontal), vertical)) == pytest.approx(orientation, abs=1.0)
    above_right = DRAWN[number][CENTRE - 5, CENTRE + 5]
    below_right = DRAWN[number][CENTRE + 5, CENTRE + 5]
    assert above_right >= below_right - 1e-12


@pytest.mark.parametrize(
    ("number", "frequency", "across", "along"),
    [
        (18, 4, 0.14, 0.28),
        (20, 4, 0.28, 0.14),
        (16, 8, 0.14, 0.5),
        (12, 4, 0.14, 0.14),
        (14, 16, 0.035, 0.035),
    ],
)
def test_windows_are_as_wide_as_published_across_and_along_the_bars(number, frequency, across, along):
    carrier = shape.grating(GRID, frequency)
    envelope = np.where(np.abs(carrier) > 0.5, DRAWN[number] / np.where(carrier == 0, 1, carrier), 0.0)
    column = envelope[CENTRE, :]
    half = np.flatnonzero(column >= np.exp(-0.5))
    assert (half[-1] - half[0]) / 2 / RESOLUTION == pytest.approx(min(along, 1.0), abs=1.5 / RESOLUTION)
    peaks = np.flatnonzero(np.abs(carrier[:, 0]) > 0.9)
    rows = envelope[peaks, CENTRE]
    expected = np.exp(-(((peaks - CENTRE) / RESOLUTION / across) ** 2) / 2)
    np.testing.assert_allclose(rows, expected, atol=1e-9)


@pytest.mark.parametrize(("number", "arcmin"), [(27, 8.43), (28, 2.106), (29, 1.05)])
def test_blobs_have_their_standard_deviation(number, arcmin):
    vertical, horizontal = moments(DRAWN[number])
    assert vertical == pytest.approx(arcmin / 60, rel=0.01)
    assert horizontal == pytest.approx(arcmin / 60, rel=0.01)


def test_the_edge_is_dark_above_and_bright_below():
    assert (DRAWN[30][:CENTRE] < 0).all()
    assert (DRAWN[30][CENTRE:] > 0).all()


def test_the_line_is_one_pixel_high_and_the_dipole_three():
    assert np.flatnonzero(DRAWN[31].any(axis=1)).tolist() == [CENTRE]
    assert np.flatnonzero(DRAWN[32].any(axis=1)).tolist() == [CENTRE - 1, CENTRE + 1]
    assert DRAWN[32].sum() == pytest.approx(0.0)


def test_strings_hold_five_gabors_that_differ_in_sign_alone():
    places = CENTRE + 42 * np.arange(-2, 3)
    np.testing.assert_allclose(DRAWN[33][CENTRE, places], 1.0, atol=1e-4)
    np.testing.assert_allclose(DRAWN[34][CENTRE, places], [1, -1, 1, -1, 1], atol=1e-4)


def test_the_disk_has_its_area():
    assert DRAWN[40].sum() / RESOLUTION**2 == pytest.approx(np.pi * 0.125**2, rel=0.02)


def test_the_circular_grating_has_no_direction():
    np.testing.assert_allclose(DRAWN[41], DRAWN[41].T, atol=1e-12)
    assert DRAWN[41][CENTRE, CENTRE + 15] < 0 < DRAWN[41][CENTRE, CENTRE + 27]


def test_checks_are_oblique_with_a_fundamental_of_four_cycles_along_their_diagonals():
    vertical, horizontal = spectrum_peak(DRAWN[42])
    assert max(vertical, abs(horizontal)) == pytest.approx(4.0, abs=0.05)
    assert min(vertical, abs(horizontal)) == 0.0


@given(frequency=st.floats(0.5, 30), sigma=st.floats(0.03, 0.5), turn=st.floats(0, 180))
def test_any_gabor_stays_within_one_and_peaks_in_the_centre(frequency, sigma, turn):
    image = shape.gabor(Grid.square(32, RESOLUTION), frequency, sigma, orientation=turn)
    assert image[16, 16] == 1.0
    assert np.abs(image).max() <= 1.0
