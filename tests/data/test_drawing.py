import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from percepnet.data.drawing import (
    CAPTION,
    GAP,
    MARGIN,
    WIDTH,
    Cell,
    amplified,
    broken,
    cell_width,
    eight_bits,
    fitted,
    font,
    printable,
    strip,
    thumbnail,
    words_block,
    wrapped,
)


def length(text, size=CAPTION):
    return font(size).getlength(text)


@given(st.text(max_size=60), st.integers(20, 300))
def test_words_never_leave_their_room(text, width):
    assert length(fitted(text, CAPTION, width)) <= width
    assert all(length(line) <= width for line in broken(text, CAPTION, width))
    assert all(length(line) <= width for line in wrapped(text, CAPTION, width))


def test_a_long_name_keeps_its_beginning_and_its_end():
    short = fitted("val/traditional/ref/000123_p1.png", CAPTION, 120)
    assert short.startswith("val/")
    assert short.endswith("p1.png")
    assert "..." in short


def test_a_name_in_two_lines_breaks_where_names_do():
    assert broken("hdr_csf-red-green-20-4cpd", CAPTION, 120) == ("hdr_csf-red-green-", "20-4cpd")
    assert broken("short", CAPTION, 120) == ("short", "")


def test_a_letter_that_the_font_has_not_becomes_a_question_mark():
    assert printable("naïve ± 1 · log₁₀ → 3") == "na?ve ± 1 · log?? ? 3"


def test_a_large_image_is_reduced_with_its_shape_and_a_small_one_enlarged_by_whole_pixels():
    large = np.zeros((300, 600, 3), np.uint8)
    assert thumbnail(large, 120, 120).size == (120, 60)
    small = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    enlarged = np.asarray(thumbnail(small, 121, 121))
    assert enlarged.shape == (120, 120, 3)
    assert np.array_equal(enlarged[::60, ::60], small)
    assert np.array_equal(enlarged[59, 59], small[0, 0])
    assert thumbnail(np.zeros((1, 4000, 3), np.uint8), 100, 100).size == (100, 1)


def test_the_amplified_difference_keeps_signs_and_tells_its_factor():
    reference = np.full((2, 1, 3), 0.5, np.float32)
    distorted = reference.copy()
    distorted[0] += 0.001
    distorted[1] -= 0.0005
    pixels, factor = amplified(reference, distorted)
    assert factor == pytest.approx(450, rel=1e-3)
    assert pixels[0, 0, 0] == round(0.95 * 255)
    assert pixels[1, 0, 0] == pytest.approx((0.5 - 0.225) * 255, abs=1)


def test_large_differences_are_not_weakened_and_none_has_no_factor():
    black, white = np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)
    pixels, factor = amplified(black, white)
    assert (pixels[0, 0, 0], factor) == (255, 1.0)
    pixels, factor = amplified(white, white)
    assert (pixels[0, 0, 0], factor) == (128, 0.0)


def test_float_images_are_rounded_to_8_bits():
    assert eight_bits(np.array([[[0.0, 0.4999 / 255, 1.0]]], np.float32)).tolist() == [[[0, 0, 255]]]


@pytest.mark.parametrize("columns", [1, 6, 12])
def test_cells_lie_beside_each_other_within_the_margins(columns):
    width = cell_width(columns)
    red = np.zeros((50, 50, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    sheet = np.asarray(strip([Cell(red, ("a" * 90, "b" * 90))] * columns, columns))
    assert sheet.shape[1] == WIDTH
    assert (sheet[:, : MARGIN - 1] == 255).all()
    assert (sheet[:, WIDTH - MARGIN + 1 :] == 255).all()
    for column in range(1, columns):
        left = MARGIN + column * (width + GAP)
        assert (sheet[:, left - GAP + 1 : left - 1] == 255).all()


def test_words_are_drawn_in_as_many_lines_as_they_need():
    assert words_block("word " * 200, 20).height > 4 * words_block("word", 20).height - 20
    assert isinstance(words_block("", 20), Image.Image)
