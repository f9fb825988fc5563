import numpy as np
import pytest
from PIL import Image

from percepnet.benchmarks.opinion import tid_recipe
from percepnet.benchmarks.opinion.tid_rebuild import read_reference

FLAT = np.full((tid_recipe.HEIGHT, tid_recipe.WIDTH, 3), 100, dtype=np.uint8)


@pytest.mark.parametrize("number", [3, 4, 6, 8, 19])
def test_references_are_the_original_files_bit_by_bit(shared_data, number):
    original = np.asarray(Image.open(shared_data / "tid2013" / "golden" / "ref" / f"I{number:02d}.bmp"))
    rebuilt = read_reference(shared_data / "kodak" / f"kodim{number:02d}.png", number)
    np.testing.assert_array_equal(rebuilt, original)


def test_the_coarsest_jpeg_is_the_original_file_bit_by_bit(shared_data):
    original = np.asarray(Image.open(shared_data / "tid2013" / "golden" / "dist" / "I19.bmp"))
    reference = read_reference(shared_data / "kodak" / "kodim19.png", 19)
    np.testing.assert_array_equal(tid_recipe.distort(reference, 10, 5), original)


@pytest.mark.parametrize("kind", tid_recipe.TYPES)
@pytest.mark.parametrize("level", tid_recipe.LEVELS)
def test_distorted_images_keep_size_and_type_and_leave_the_reference_alone(kind, level):
    reference = np.random.default_rng(1).integers(0, 256, FLAT.shape, dtype=np.uint8)
    before = reference.copy()
    distorted = tid_recipe.distort(reference, kind, level)
    assert distorted.shape == reference.shape
    assert distorted.dtype == np.uint8
    np.testing.assert_array_equal(reference, before)
    assert not np.array_equal(distorted, reference)


def test_blur_keeps_a_flat_image_inside_and_darkens_its_border():
    blurred = tid_recipe.blur(FLAT, 4)
    assert (blurred[5:-5, 5:-5] == 100).all()
    assert (blurred[0] < 100).all()


def test_mean_shift_stops_at_black_and_white():
    assert (tid_recipe.mean_shift(FLAT, 4) == 60).all()
    assert (tid_recipe.mean_shift(np.full_like(FLAT, 250), 3) == 255).all()
    assert (tid_recipe.mean_shift(np.full_like(FLAT, 5), 0) == 0).all()


def test_contrast_changes_around_the_mean_and_rounds_half_up():
    two_tone = FLAT.copy()
    two_tone[::2] = 105
    changed = tid_recipe.contrast_change(two_tone, 4)
    assert set(np.unique(changed)) == {101, 104}  # 102.5 -+ 1.25


def test_psnr_of_one_grey_level_is_48_db():
    assert tid_recipe.psnr(FLAT, FLAT + np.uint8(1)) == pytest.approx(20 * np.log10(255))
