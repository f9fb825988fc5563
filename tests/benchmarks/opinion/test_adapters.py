"""What is particular to one database: what its spreads mean, its quirks, its settings."""

import dataclasses
import json

import numpy as np
import pytest
import yaml
from PIL import Image
from scipy import stats

from percepnet.benchmarks.opinion.judged import of_mean
from percepnet.benchmarks.opinion.tid_scores import TYPES, Place
from percepnet.config import conf_folder, make
from percepnet.errors import InputError
from tests.benchmarks.opinion import layouts
from tests.benchmarks.opinion.layouts import picture


def refused(layout, match, **settings):
    with pytest.raises(InputError, match=match):
        layout.load(**settings)


def test_tid_pairs_name_their_type_with_its_number_and_their_level():
    pair = Place(1, 8, 5).pair(4.0)
    assert (pair.kind, pair.level) == ("08 gaussian blur", "5")
    assert Place(1, 24, 1).kind_name == "24 sparse sampling and reconstruction"
    assert len(set(TYPES)) == 24


def test_a_spread_is_the_standard_error_of_the_ratings():
    ratings = np.array([5] * 17 + [4] * 13)
    assert of_mean(float(np.std(ratings, ddof=1)), 30) == pytest.approx(stats.sem(ratings))


@pytest.mark.parametrize("ratings", [0.0, -3.0, float("nan")])
def test_no_ratings_have_no_mean(ratings):
    with pytest.raises(InputError, match="number of ratings"):
        of_mean(1.0, ratings)


def test_kadids_spread_is_the_standard_error_of_30_ratings(tmp_path):
    layout = layouts.kadid10k(tmp_path)
    ratings = np.array([5] * 17 + [4] * 13)  # the only 30 ratings with the published mean and deviation
    layout.write([["I01_01_01.png", "I01.png", "4.57", "0.496"], *layout.rows[1:]])
    pair = layout.load().pairs[0]
    assert pair.score == pytest.approx(ratings.mean(), abs=0.005)
    assert pair.spread == pytest.approx(stats.sem(ratings), abs=0.0001)


@pytest.mark.parametrize(("mean", "published"), [(4.57, 0.496), (4.33, 0.869)])
def test_kadids_column_var_is_a_standard_deviation(mean, published):
    """The sum of 30 squared ratings is a whole number for a deviation, and none for a variance."""
    total = round(30 * mean)
    step = 30 * (2 * published * 0.0005)
    as_deviation = 30 * published**2 + total**2 / 30
    as_variance = 30 * published + total**2 / 30
    assert abs(as_deviation - round(as_deviation)) < step
    assert abs(as_variance - round(as_variance)) > 30 * 0.0005


def test_kadids_identical_pairs_stay_in(tmp_path):
    layout = layouts.kadid10k(tmp_path)
    Image.open(tmp_path / "images" / "I01.png").save(layout.victim[1])
    benchmark = layout.load()
    assert len(benchmark.pairs) == 12
    np.testing.assert_array_equal(benchmark.image("I01_01_01"), benchmark.image("I01"))


def test_a_kadid_row_with_another_images_reference_is_refused(tmp_path):
    layout = layouts.kadid10k(tmp_path)
    layout.write([["I01_01_01.png", "I02.png", "4.57", "0.496"], *layout.rows[1:]])
    refused(layout, r"Line 2 is no score(?s:.*)I01\.png as reference")


def test_a_table_without_a_column_is_refused(tmp_path):
    layout = layouts.kadid10k(tmp_path)
    (tmp_path / "dmos.csv").write_text("dist_img,ref_img,mos\nI01_01_01.png,I01.png,4.57\n")
    refused(layout, "no column dmos")


def test_csiq_without_contrast_keeps_its_name_and_says_how_many_pairs_remain(tmp_path, caplog):
    layout = layouts.csiq(tmp_path)
    whole, part = layout.load(), layout.load(contrast=False)
    assert (len(whole.pairs), len(part.pairs)) == (23, 20)
    assert part.name == "csiq"
    assert "3 pairs of type contrast are left out" in caplog.text
    assert {pair.kind for pair in part.pairs} == {"AWGN", "BLUR", "fnoise", "JPEG", "jpeg2000"}


def test_csiqs_image_that_is_called_a_number_is_found(tmp_path):
    benchmark = layouts.csiq(tmp_path).load()
    assert benchmark.pairs[0].distorted == "1600.AWGN.1"
    assert benchmark.pairs[0].spread == pytest.approx(0.05 / np.sqrt(5.77))
    assert not benchmark.higher_is_better


def test_csiqs_unknown_type_and_a_file_that_is_no_spreadsheet_are_refused(tmp_path):
    layout = layouts.csiq(tmp_path)
    layout.write([[1600, 1, "sepia", 1, 0.1, 0.2], *layout.rows[1:]])
    refused(layout, r"A row is no score(?s:.*)sepia")
    (tmp_path / "csiq.DMOS.xlsx").write_bytes(b"<html>404</html>")
    refused(layout, r"csiq\.DMOS\.xlsx cannot be read")


def test_lives_copies_of_references_are_left_out_and_their_files_are_not_reported(tmp_path, caplog):
    layout = layouts.live(tmp_path)
    with caplog.at_level("INFO"):
        benchmark = layout.load()
    assert "5 copies of references are left out" in caplog.text
    assert "no score names" not in caplog.text
    assert "jp2k/img5" not in {pair.distorted for pair in benchmark.pairs}
    assert benchmark.pairs[0].spread == pytest.approx(11.0 / np.sqrt(23.0))
    assert {pair.kind for pair in benchmark.pairs} == {"jp2k", "jpeg", "wn", "gblur", "fastfading"}


def test_lives_identical_files_are_two_pairs(tmp_path):
    layout = layouts.live(tmp_path)
    (tmp_path / "jp2k" / "img3.bmp").write_bytes(layout.victim[1].read_bytes())
    scores = {pair.distorted: pair.score for pair in layout.load().pairs}
    assert scores["jp2k/img1"] != scores["jp2k/img3"]


def test_lives_files_that_do_not_belong_together_are_refused(tmp_path):
    layout = layouts.live(tmp_path)
    before = (tmp_path / "refnames_all.mat").read_bytes()
    layout.write(layout.rows[:-1])
    (tmp_path / "refnames_all.mat").write_bytes(before)
    refused(layout, "1 scores are missing")
    (tmp_path / "refnames_all.mat").write_bytes(b"no matlab")
    layout.write(layout.rows)
    (tmp_path / "dmos_realigned.mat").write_bytes(b"no matlab")
    refused(layout, r"dmos_realigned\.mat cannot be read")


def test_pipal_without_a_references_label_file_is_another_part(tmp_path):
    layout = layouts.pipal(tmp_path)
    (tmp_path / "Train_Label" / "A0060.txt").unlink()
    refused(layout, r"another part or release(?s:.*)found: +3: A0001\.txt")


def test_an_image_that_lies_in_two_of_pipals_folders_is_refused(tmp_path):
    layout = layouts.pipal(tmp_path)
    picture(tmp_path / "Distortion_3" / layout.victim[1].name)
    refused(layout, "1 images lie in two folders")


def test_pipal_has_groups_but_no_levels_and_no_spreads(tmp_path):
    pairs = layouts.pipal(tmp_path).load().pairs
    assert {pair.kind for pair in pairs} == {f"{group:02d}" for group in range(7)}
    assert {(pair.level, pair.spread) for pair in pairs} == {("", None)}


def test_the_meaning_of_ones_own_scores_must_be_told(tmp_path):
    refused(
        layouts.pairs_csv(tmp_path), r"benchmark\.pairs_csv\.higher_is_better=true", higher_is_better=None
    )


def test_ones_own_pairs_carry_every_optional_column_and_a_label(tmp_path):
    benchmark = layouts.pairs_csv(tmp_path).load(label="mine", higher_is_better=False)
    assert benchmark.name == "mine"
    assert not benchmark.higher_is_better
    pair = benchmark.pairs[2]
    assert (pair.reference, pair.distorted) == ("clean/dog.png", "coded/dog_3.png")
    assert (pair.score, pair.spread, pair.cluster, pair.kind, pair.level) == (2.0, 0.2, "dog", "webp", "3")


def test_ones_own_pairs_need_three_columns_only(tmp_path):
    layout = layouts.pairs_csv(tmp_path)
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    (tmp_path / "pairs.csv").write_text("distorted,score,reference\nb.png,3,a.png\n../x.png,4,a.png\n")
    picture(tmp_path.parent / "x.png")
    benchmark = layout.load()
    assert [pair.cluster for pair in benchmark.pairs] == ["a.png", "a.png"]
    assert {pair.spread for pair in benchmark.pairs} == {None}
    assert benchmark.image("../x.png").shape == (12, 10, 3)


def test_one_distorted_image_may_have_two_references(tmp_path):
    layout = layouts.pairs_csv(tmp_path)
    layout.write([*layout.rows, ["clean/cat.png", "coded/dog_1.png", "2", "0.1", "x", "", ""]])
    assert len(layout.load().pairs) == 7


@pytest.mark.parametrize("label", ["../up", "a b", ".hidden"])
def test_a_label_that_cannot_name_a_file_is_refused(tmp_path, label):
    refused(layouts.pairs_csv(tmp_path), "label cannot name results", label=label)


def test_a_list_of_ones_own_must_be_a_file(tmp_path):
    layout = layouts.pairs_csv(tmp_path)
    refused(layout, "is a folder", root=tmp_path)
    refused(layout, "does not exist", root=tmp_path / "nothing.csv")


@pytest.mark.parametrize("rows", [[], [["clean/dog.png", "", "2", "0.2", "", "", ""]]])
def test_an_empty_list_and_a_row_without_an_image_are_refused(tmp_path, rows):
    layout = layouts.pairs_csv(tmp_path)
    layout.write(rows)
    refused(layout, "There are no scores|Line 2 is no score")


def test_a_spread_below_zero_is_named(tmp_path):
    layout = layouts.pairs_csv(tmp_path)
    layout.write([[*layout.rows[0][:3], "-0.5", *layout.rows[0][4:]], *layout.rows[1:]])
    refused(layout, r"Spreads are undefined(?s:.*)coded/dog_1\.png")


@pytest.mark.parametrize("name", layouts.LAYOUTS)
def test_every_setting_is_in_its_yaml_with_the_default_of_its_class(name):
    node = yaml.safe_load((conf_folder() / "benchmark" / f"{name}.yaml").read_text())
    made = make({**node, "root": None})
    assert set(node) - {"_target_"} == {field.name for field in dataclasses.fields(made)} - {"name"}
    default = type(made)()
    assert made.name == default.name == name
    assert json.dumps(dataclasses.asdict(made)) == json.dumps(dataclasses.asdict(default))
