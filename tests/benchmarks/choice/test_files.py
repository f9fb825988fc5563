import logging

import numpy as np
import pytest
from PIL import Image

from percepnet.benchmarks.choice.files import ShownFiles, locate
from percepnet.errors import InputError
from tests.benchmarks.choice.miniature import picture


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(("Ref/000/000.png", "ref2/001.PNG", "Ref/000/007.png")):
        picture(tmp_path / name, number, edge=8)
    return tmp_path


def test_files_are_found_in_any_folder_whatever_their_letter_case(folder):
    paths = locate(folder, {"a": "ref/000/000.png", "b": "REF2/001.png", "c": "ref/000/007.png"})
    assert [path.name for path in paths.values()] == ["000.png", "001.PNG", "007.png"]


@pytest.mark.parametrize(
    "name", ["../secret.png", "/etc/passwd", "ref/../ref2/001.png", "//x", "nowhere/1.png"]
)
def test_nothing_outside_the_folder_is_found(folder, name):
    with pytest.raises(InputError, match="1 of 1 image files are missing"):
        locate(folder, {"a": name})


def test_missing_files_are_counted_over_all_folders_and_the_first_five_named(folder):
    names = {str(number): f"ref/{number:03d}/000.png" for number in range(8)}
    with pytest.raises(InputError, match=r"7 of 8 (?s:.*)no ref/001/000\.png, (?s:.*) and 2 more"):
        locate(folder, names)


def test_images_that_nothing_names_are_reported(folder, caplog):
    (folder / "Ref/000/Thumbs.db").touch()
    with caplog.at_level(logging.WARNING):
        locate(folder, {"a": "ref/000/000.png"}, spare=["ref2/001.png"])
    assert "1 image files that no judgement names: ref/000/007.png" in caplog.text


def shown(folder, **settings):
    return ShownFiles({"a": folder / "Ref/000/000.png"}, None, **settings)


def test_without_a_size_images_are_as_written(folder):
    np.testing.assert_array_equal(
        shown(folder).image("a"), np.asarray(Image.open(folder / "Ref/000/000.png"))
    )


@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
def test_images_are_resized_as_pillow_does_it(folder, method):
    found = shown(folder, shown=4, resampling=method).image("a")
    whole = Image.open(folder / "Ref/000/000.png")
    np.testing.assert_array_equal(found, np.asarray(whole.resize((4, 4), Image.Resampling[method.upper()])))
    assert found.dtype == np.uint8


def test_images_of_the_shown_size_are_left_as_written(folder):
    np.testing.assert_array_equal(shown(folder, shown=8).image("a"), shown(folder).image("a"))


def test_the_digest_tells_how_an_image_is_shown(folder):
    files = [
        shown(folder),
        shown(folder, shown=4),
        shown(folder, shown=5),
        shown(folder, shown=4, resampling="bilinear"),
    ]
    assert len({one.digest("a") for one in files}) == 4
    assert shown(folder, resampling="bilinear").digest("a") == shown(folder).digest("a")


def test_files_of_another_size_are_refused_with_the_sizes_that_there_are(folder):
    with pytest.raises(InputError, match=r"64 x 64 or 256 x 256 pixels(?s:.*)8 x 8"):
        shown(folder, edges=(64, 256)).image("a")


def test_an_unknown_key_is_told_with_the_nearest(folder):
    with pytest.raises(InputError, match="There is no image b"):
        shown(folder).image("b")
