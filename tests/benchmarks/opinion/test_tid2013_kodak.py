import csv
import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import spearmanr

from percepnet.benchmarks.opinion import tid_recipe
from percepnet.benchmarks.opinion.tid2013_kodak import RebuiltTID2013, TID2013Kodak, rebuilt_places
from percepnet.benchmarks.opinion.tid_rebuild import published_psnr
from percepnet.errors import InputError, NothingThereError


@pytest.fixture
def flat_folder(shared_data: Path, tmp_path: Path) -> Path:
    """Photographs and scores side by side, without the published PSNR list."""
    for source in [*(shared_data / "kodak").iterdir(), *(shared_data / "tid2013").glob("mos*.txt")]:
        (tmp_path / source.name).symlink_to(source)
    return tmp_path


def load(root: Path) -> RebuiltTID2013:
    return TID2013Kodak(root=str(root)).load(Path(), (), network=False)


def replace_file(path: Path, pixels: np.ndarray) -> None:
    path.unlink()
    Image.fromarray(pixels).save(path)


def test_480_pairs_agree_with_the_published_psnr_within_a_thousandth_db(rebuilt):
    assert len(rebuilt.pairs) == 480
    assert 0 < rebuilt.worst_psnr_deviation < 0.001
    assert len({pair.cluster for pair in rebuilt.pairs}) == 24


def test_loading_says_how_many_pairs_were_rebuilt_and_how_well(shared_data, rebuilt, caplog):
    with caplog.at_level(logging.INFO):
        load(shared_data)
    assert "480 pairs rebuilt, PSNR within 0.000" in caplog.text


@pytest.mark.parametrize(
    ("kind", "srcc"), [("08", 0.967), ("10", 0.944), ("16", 0.763), ("17", 0.453), ("", 0.476)]
)
def test_psnr_ranks_the_pairs_as_known(rebuilt, kind, srcc):
    psnr = {place.key: value for place, value in published_psnr(None, rebuilt_places()).items()}
    chosen = [pair for pair in rebuilt.pairs if not kind or pair.distorted.split("_")[1] == kind]
    value = spearmanr([psnr[pair.distorted] for pair in chosen], [pair.score for pair in chosen]).statistic
    assert value == pytest.approx(srcc, abs=0.0005)


def test_scores_are_those_of_the_original_rows(rebuilt, shared_data):
    rows = (shared_data / "tid2013" / "mos_with_names.txt").read_text().splitlines()
    scores = {name.lower(): float(mos) for mos, name in map(str.split, rows)}
    assert all(pair.score == scores[f"{pair.distorted}.bmp"] for pair in rebuilt.pairs)
    assert all(pair.spread is not None for pair in rebuilt.pairs)


def test_images_are_the_same_in_whatever_order_they_are_asked_for(rebuilt):
    first = rebuilt.image("i19_10_5")
    rebuilt.image("i04")
    np.testing.assert_array_equal(rebuilt.image("i19_10_5"), first)
    assert rebuilt.image("i04").shape == (384, 512, 3)


def test_an_image_may_be_changed_by_who_asked_for_it(rebuilt):
    before = rebuilt.image("i05").copy()
    rebuilt.image("i05")[:] = 0
    np.testing.assert_array_equal(rebuilt.image("i05"), before)


def test_an_image_that_is_not_rebuilt_is_answered_with_the_nearest(rebuilt):
    with pytest.raises(InputError, match="did you mean"):
        rebuilt.image("i01_09_1")


def test_own_psnr_list_is_the_published_one_within_a_thousandth_db(shared_data):
    places = rebuilt_places()
    published = published_psnr(shared_data / "tid2013" / "psnr.csv", places)
    own = published_psnr(None, places)
    assert max(abs(published[place] - own[place]) for place in places) < 0.001


@pytest.mark.slow
def test_a_flat_folder_without_psnr_list_gives_the_same_benchmark(flat_folder, rebuilt):
    flat = load(flat_folder)
    assert flat.worst_psnr_deviation < 1e-5
    assert flat.fingerprint() == rebuilt.fingerprint()


@pytest.mark.slow
def test_a_wrong_photograph_of_the_right_size_is_refused(flat_folder):
    flipped = np.asarray(Image.open(flat_folder / "kodim23.png"))[:, ::-1]
    replace_file(flat_folder / "kodim23.png", np.ascontiguousarray(flipped))
    with pytest.raises(InputError, match=r"images are not the original(?s:.*)i23_08_1 off by"):
        load(flat_folder)


def test_a_turned_photograph_is_refused(flat_folder):
    turned = np.rot90(np.asarray(Image.open(flat_folder / "kodim01.png")))
    replace_file(flat_folder / "kodim01.png", np.ascontiguousarray(turned))
    with pytest.raises(InputError, match=r"kodim01\.png is not the Kodak photograph"):
        load(flat_folder)


def test_a_grey_photograph_is_refused(flat_folder):
    replace_file(flat_folder / "kodim01.png", np.zeros((512, 768), dtype=np.uint8))
    with pytest.raises(InputError, match="grey"):
        load(flat_folder)


def test_missing_photographs_are_named(flat_folder):
    (flat_folder / "kodim07.png").unlink()
    (flat_folder / "kodim08.png").unlink()
    with pytest.raises(InputError, match=r"2 of 24 files(?s:.*)kodim07\.png, kodim08\.png"):
        load(flat_folder)


def test_missing_scores_are_named(flat_folder):
    (flat_folder / "mos_with_names.txt").unlink()
    with pytest.raises(InputError, match=r"no mos_with_names\.txt"):
        load(flat_folder)


def test_a_psnr_list_without_a_rebuilt_pair_is_refused(flat_folder):
    (flat_folder / "psnr.csv").write_text("dis,ref,mos,pred\ni01_08_1.bmp,I01.BMP,1,34.0\n")
    with pytest.raises(InputError, match=r"list of PSNR values(?s:.*)i01_08_2\.bmp"):
        load(flat_folder)


@pytest.mark.slow
def test_a_pair_off_by_more_than_two_thousandths_db_is_named(flat_folder, shared_data):
    with (shared_data / "tid2013" / "psnr.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        if row["dis"].lower() == "i24_17_5.bmp":
            row["pred"] = str(float(row["pred"]) + 0.003)
    with (flat_folder / "psnr.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(InputError, match=r"1 of 480(?s:.*)i24_17_5 off by 0\.00"):
        load(flat_folder)


def test_no_root_is_a_reason_to_skip():
    with pytest.raises(NothingThereError, match="kodim01"):
        TID2013Kodak().load(Path(), (), network=False)


def test_the_benchmark_calls_itself_a_reconstruction():
    assert "reconstruction" in (TID2013Kodak.__doc__ or "")


def test_crops_lie_inside_the_photographs(shared_data):
    for number, (row, column) in tid_recipe.CROPS.items():
        with Image.open(shared_data / "kodak" / f"kodim{number:02d}.png") as photograph:
            assert row + tid_recipe.HEIGHT <= photograph.height
            assert column + tid_recipe.WIDTH <= photograph.width
