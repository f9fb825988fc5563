from __future__ import annotations

import logging

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from percepnet.benchmarks.choice.nights import NIGHTS
from percepnet.errors import InputError, NothingThereError
from tests.benchmarks.choice import miniature
from tests.benchmarks.choice.damage import cut, messages, refusal
from tests.benchmarks.choice.miniature import EDGE, picture

TABLE = "data.csv"
IMAGE = "distort/000/000_1.png"
LEFT, RIGHT, VOTES, LEFT_IMAGE, SPLIT = 1, 2, 3, 5, 8


def change(line, column, value):
    return lambda mini: mini.change(TABLE, line, column, value)


def columns_renamed(mini):
    mini.write_lines(TABLE, [mini.lines(TABLE)[0].replace("right_vote", "p"), *mini.lines(TABLE)[1:]])


DAMAGES = {
    "no table": (lambda m: (m.root / TABLE).write_bytes(b"\xff\xfe\x00\x80"), "cannot be read"),
    "a column is missing": (columns_renamed, "no column right_vote"),
    "a short row": (
        lambda m: m.write_lines(TABLE, [*m.lines(TABLE)[:-1], "8,1,0"]),
        r"Line 10 is no score(?s:.*)10 fields",
    ),
    "another release": (
        lambda m: m.write_lines(TABLE, m.lines(TABLE)[:-1]),
        "another release(?s:.*)9 triplets(?s:.*)8",
    ),
    "twice": (
        lambda m: m.write_lines(TABLE, [*m.lines(TABLE)[:-1], m.lines(TABLE)[4]]),
        r"judged twice(?s:.*)ref/001/021\.png more than once",
    ),
    "no number": (change(2, VOTES, "many"), "Line 3 has votes that are no numbers(?s:.*)'many'"),
    "NaN": (change(2, LEFT, "nan"), "Votes are undefined(?s:.*)id 1"),
    "out of range": (change(2, RIGHT, "2"), "Votes are out of range(?s:.*)0 and 2 for id 1"),
    "no sum of one": (change(3, LEFT, "0.5"), "do not sum to one(?s:.*)0.5 \\+ 0 for id 2"),
    "another split": (change(2, SPLIT, "testing"), "Line 3 belongs to no split(?s:.*)'testing'"),
    "one image twice": (change(2, LEFT_IMAGE, "distort/001/007_1.png"), "Line 3 is no triplet"),
    "images are missing": (
        lambda m: [path.unlink() for path in (m.root / "distort/000").iterdir()],
        r"4 of 15 image files are missing(?s:.*)no distort/000/000_0\.png, distort/000/000_1\.png",
    ),
    "outside the folder": (change(2, LEFT_IMAGE, "../secret.png"), r"1 of 15(?s:.*)no \.\./secret\.png"),
    "print colours": (
        lambda m: Image.open(m.root / IMAGE).convert("CMYK").save(m.root / IMAGE, "TIFF"),
        "CMYK",
    ),
    "truncated": (lambda m: cut(m.root / IMAGE), "truncated or damaged"),
    "another size": (lambda m: picture(m.root / IMAGE, 1, EDGE + 1), "another size(?s:.*)9 x 9"),
}


@pytest.fixture
def mini(tmp_path):
    return miniature.nights(tmp_path / "nights")


def test_the_triplets_of_a_split_are_there_reference_by_reference(mini):
    triplets = mini.load().triplets
    assert [triplet.reference for triplet in triplets] == [
        "ref/000/000",
        "ref/000/014",
        "ref/001/007",
        "ref/001/035",
        "ref/001/049",
    ]
    one = triplets[2]
    assert (one.first, one.second) == ("distort/001/007_0", "distort/001/007_1")
    assert [triplet.preference for triplet in triplets] == [0.0, 0.0, 1.0, 1.0, 1.0]


def test_triplets_of_fewer_votes_are_left_out_counted_and_named(mini, caplog):
    with caplog.at_level(logging.WARNING):
        assert len(mini.load().triplets) == 5
    assert "leaves out 1 of 6 triplets with fewer than 6 votes: 6" in caplog.text
    assert len(mini.load(fewest_votes=5).triplets) == 6
    with pytest.raises(InputError, match="no triplet to score"):
        mini.load(fewest_votes=50)


@pytest.mark.parametrize(
    ("split", "count"), [("test", 5), ("test_imagenet", 3), ("test_no_imagenet", 2), ("val", 2), ("train", 1)]
)
def test_splits_are_those_of_the_authors(mini, split, count):
    assert len(mini.load(split=split).triplets) == count


def test_images_are_resized_bicubically(mini):
    whole = Image.open(mini.root / IMAGE)
    small = whole.resize((EDGE // 2, EDGE // 2), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(mini.load().image("distort/000/000_1"), np.asarray(small))
    np.testing.assert_array_equal(mini.load(size=None).image("distort/000/000_1"), np.asarray(whole))
    assert mini.load().fingerprint() != mini.load(size=None).fingerprint()


def test_unanimous_votes_tell_no_ceiling(mini, bootstrap):
    benchmark = mini.load()
    oracle = np.array([[1.0 - pair.score for pair in benchmark.pairs]])
    scores = benchmark.agreement(oracle, bootstrap)
    assert [(score.subset, score.value) for score in scores] == [("all", 1.0), ("kind=imagenet", 1.0)]
    assert all(np.isnan(score.ceiling) for score in scores)


def test_images_of_other_splits_belong_there_and_others_are_reported(mini, caplog):
    with caplog.at_level(logging.WARNING):
        mini.load()
    assert "no judgement names" not in caplog.text
    picture(mini.root / "ref/001/999.png", 1)
    with caplog.at_level(logging.WARNING):
        mini.load()
    assert "1 image files that no judgement names: ref/001/999.png" in caplog.text


@pytest.mark.parametrize("inside", ["..", "ref"])
def test_a_folder_one_level_off_is_used_and_said(mini, inside, caplog):
    with caplog.at_level(logging.WARNING):
        assert len(mini.load((mini.root / inside).resolve()).triplets) == 5
    if inside == "ref":
        assert str(mini.root) in caplog.text


def test_columns_are_found_by_name_whatever_their_order(mini):
    lines = [line for line in mini.lines(TABLE) if '"' not in line]
    turned = [",".join(line.split(",")[::-1]) for line in lines]
    before = mini.load().triplets
    mini.write_lines(TABLE, turned)
    assert mini.load(triplets=8).triplets == before[1:]


def test_settings_that_do_not_exist_are_told_with_the_nearest(mini):
    with pytest.raises(InputError, match=r"no split 'test_imagnet'(?s:.*)did you mean test_imagenet"):
        mini.load(split="test_imagnet")
    with pytest.raises(NothingThereError, match=r"benchmark\.root=FOLDER"):
        NIGHTS().load(mini.root, (), network=False)


def test_fields_are_a_config_schema():
    merged = OmegaConf.merge(OmegaConf.structured(NIGHTS), {"size": None, "pixels": []})
    assert OmegaConf.to_object(merged) == NIGHTS(size=None, pixels=[])


@pytest.mark.parametrize(("damage", "told"), DAMAGES.values(), ids=list(DAMAGES))
def test_damage_is_refused(mini, damage, told):
    damage(mini)
    with pytest.raises(InputError, match=told):
        raise InputError(refusal(mini))


def test_every_damage_has_its_own_message(tmp_path):
    assert len(messages(miniature.nights, DAMAGES, tmp_path)) == len(DAMAGES) >= 10
