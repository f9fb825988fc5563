import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from percepnet.benchmarks.opinion.tid import TID2013
from percepnet.errors import InputError, NothingThereError
from tests.benchmarks.opinion import miniature
from tests.benchmarks.opinion.miniature import HEIGHT, WIDTH, Miniature


@pytest.fixture
def mini(tmp_path: Path) -> Miniature:
    return miniature.build(tmp_path / "tid")


def refusal(mini: Miniature) -> str:
    with pytest.raises(InputError) as caught:
        mini.load()
    return str(caught.value)


def test_every_scored_pair_is_there_reference_by_reference(mini):
    shuffled = mini.rows()
    shuffled[1], shuffled[-1] = shuffled[-1], shuffled[1]
    mini.write_rows(shuffled)
    pairs = mini.load().pairs
    assert len(pairs) == 12
    assert [pair.distorted for pair in pairs] == sorted(pair.distorted for pair in pairs)
    assert pairs[0].reference == pairs[0].cluster == "i01"
    assert pairs[0].distorted == "i01_01_1"


def test_scores_and_spreads_follow_their_image_when_rows_are_in_another_order(mini):
    before = {pair.distorted: (pair.score, pair.spread) for pair in mini.load().pairs}
    mini.write_rows(mini.rows()[::-1])
    mini.spreads.write_text("\n".join(mini.spreads.read_text().split()[::-1]))
    assert {pair.distorted: (pair.score, pair.spread) for pair in mini.load().pairs} == before


def test_images_are_found_whatever_their_letter_case_and_read_as_written(mini):
    benchmark = mini.load()
    written = np.asarray(Image.open(mini.distorted("I02_03_2.BMP")))
    image = benchmark.image("i02_03_2")
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, written)
    assert benchmark.image("i01").shape == (HEIGHT, WIDTH, 3)


def test_folders_and_score_files_are_found_whatever_their_letter_case(mini):
    mini.reference("").rename(mini.root / "Reference_Images")
    mini.scores.rename(mini.root / "MOS_with_names.TXT")
    assert len(mini.load().pairs) == 12


def test_without_a_spread_file_spreads_are_unknown(mini):
    mini.spreads.unlink()
    assert {pair.spread for pair in mini.load().pairs} == {None}


@pytest.mark.parametrize("inside", ["..", "reference_images"])
def test_a_folder_one_level_off_is_used_and_said(mini, inside, caplog):
    with caplog.at_level(logging.WARNING):
        assert len(mini.load((mini.root / inside).resolve()).pairs) == 12
    assert str(mini.root) in caplog.text


def test_two_databases_in_one_folder_are_ambiguous(mini):
    shutil.copytree(mini.root, mini.root.parent / "copy")
    with pytest.raises(InputError, match="several subfolders: copy, tid"):
        mini.load(mini.root.parent)


def test_a_folder_without_the_layout_is_refused_with_what_it_holds(tmp_path):
    lone = tmp_path / "a" / "b"
    (lone / "holiday").mkdir(parents=True)
    with pytest.raises(InputError, match=r"layout of the database(?s:.*)found: +holiday"):
        TID2013(root=str(lone)).load(tmp_path, (), network=False)


def test_no_root_is_a_reason_to_skip():
    with pytest.raises(NothingThereError, match=r"benchmark\.root=FOLDER"):
        TID2013().load(Path(), (), network=False)


def test_a_root_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        TID2013(root=str(tmp_path / "nowhere")).load(tmp_path, (), network=False)


def test_a_root_that_is_a_file_is_an_error(mini):
    with pytest.raises(InputError, match="is a file"):
        mini.load(mini.scores)


def test_a_missing_score_file_is_named(mini):
    mini.scores.unlink()
    assert "no mos_with_names.txt" in refusal(mini)


def test_missing_scores_are_named(mini):
    mini.write_rows(mini.rows()[:-2])
    message = refusal(mini)
    assert "2 scores are missing" in message
    assert "i02_03_1, i02_03_2" in message


def test_an_image_that_is_scored_twice_is_named(mini):
    mini.write_rows([*mini.rows(), mini.rows()[3]])
    assert "i01_02_2 more than once" in refusal(mini)


def test_undefined_scores_are_named(mini):
    mini.write_rows(["nan i01_01_1.bmp", *mini.rows()[1:]])
    assert "NaN or inf for i01_01_1" in refusal(mini)


def test_scores_out_of_range_are_named(mini):
    mini.write_rows(["94.5 i01_01_1.bmp", *mini.rows()[1:]])
    assert "94.5 for i01_01_1" in refusal(mini)


def test_a_line_that_is_no_score_is_named(mini):
    mini.write_rows([*mini.rows(), "mean 5.1"])
    assert "Line 13 is no score" in refusal(mini)


def test_images_of_another_release_are_named(mini):
    mini.write_rows([*mini.rows(), "4.2 i03_01_1.bmp"])
    assert "another release" in refusal(mini)


def test_the_score_file_of_tid2008_is_recognised(mini):
    tid2008 = [f"5 I{r:02d}_{k:02d}_{n}.bmp" for r in range(1, 26) for k in range(1, 18) for n in range(1, 5)]
    mini.write_rows(tid2008)
    assert "This looks like TID2008" in refusal(mini)


def test_a_binary_score_file_is_refused(mini):
    mini.scores.write_bytes(b"\xff\xfe\x00\x80")
    assert "cannot be read" in refusal(mini)


def test_spreads_of_another_length_are_refused(mini):
    mini.spreads.write_text("0.1\n0.2\n")
    assert "do not belong to the scores" in refusal(mini)


def test_undefined_spreads_are_refused(mini):
    mini.spreads.write_text("\n".join(["nan", *mini.spreads.read_text().split()[1:]]))
    assert "Spreads are undefined" in refusal(mini)


def test_missing_images_are_counted_and_the_first_five_named(mini):
    for path in sorted(mini.distorted("").iterdir())[:7]:
        path.unlink()
    message = refusal(mini)
    assert "7 of 12 files are missing" in message
    assert message.count(".bmp,") == 4
    assert "and 2 more" in message


def test_two_images_whose_names_differ_by_case_alone_are_refused(mini):
    shutil.copy(mini.reference("I01.BMP"), mini.reference("i01.bmp"))
    assert "same name but for letter case" in refusal(mini)


def test_images_of_another_size_are_refused_when_read(mini):
    with pytest.raises(InputError, match=r"512 x 384 pixels"):
        mini.load(height=384, width=512).image("i01")


def test_fields_are_a_config_schema():
    config = OmegaConf.structured(TID2013)
    assert config.references == 25
    assert OmegaConf.to_object(OmegaConf.merge(config, {"root": "x"})) == TID2013(root="x")


def test_original_score_files_give_3000_pairs(shared_data, tmp_path):
    for folder in ("reference_images", "distorted_images"):
        (tmp_path / folder).mkdir()
    for name in ("mos_with_names.txt", "mos_std.txt"):
        shutil.copyfile(shared_data / "tid2013" / name, tmp_path / name)
    names = [line.split()[1] for line in (tmp_path / "mos_with_names.txt").read_text().splitlines()]
    for name in names:
        (tmp_path / "distorted_images" / name).touch()
    for number in range(1, 26):
        (tmp_path / "reference_images" / f"I{number:02d}.BMP").touch()
    pairs = TID2013(root=str(tmp_path)).load(tmp_path, (), network=False).pairs
    assert len(pairs) == 3000
    assert (pairs[0].score, pairs[0].spread) == (5.51429, 0.13013)
    assert len({pair.cluster for pair in pairs}) == 25
