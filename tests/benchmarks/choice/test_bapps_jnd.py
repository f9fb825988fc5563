from __future__ import annotations

import shutil

import numpy as np
import pytest
from omegaconf import OmegaConf

from percepnet.benchmarks.choice.bapps import BAPPSJND
from percepnet.errors import InputError, NothingThereError
from tests.benchmarks.choice import miniature
from tests.benchmarks.choice.damage import Harmful, messages, refusal, vote
from tests.benchmarks.choice.miniature import picture

SAME = "jnd/val/cnn/same/000001.npy"
DAMAGES = {
    "no votes": (lambda m: shutil.rmtree(m.root / "jnd/val/cnn"), "There are no judgements"),
    "a vote is missing": (lambda m: (m.root / SAME).unlink(), "Judgements are missing(?s:.*)000001"),
    "another release": (
        lambda m: [path.unlink() for path in (m.root / "jnd/val/cnn").rglob("000001.*")],
        "number of judgements is another",
    ),
    "inf": (lambda m: vote(np.inf)(m.root / SAME), "Votes are undefined"),
    "out of range": (lambda m: vote(-1 / 3)(m.root / SAME), "out of range(?s:.*)-0.333"),
    "other voters": (lambda m: vote(0.4)(m.root / SAME), "shares of 3 votes(?s:.*)0.4 for 000001"),
    "text": (lambda m: vote("same")(m.root / SAME), "no single number"),
    "a pickle": (lambda m: np.save(m.root / SAME, np.array([Harmful()])), "allow_pickle"),
    "an image is missing": (
        lambda m: (m.root / "jnd/val/cnn/p1/000000.png").unlink(),
        r"1 of 18 image files(?s:.*)no jnd/val/cnn/p1/000000\.png",
    ),
    "transparency": (
        lambda m: picture(m.root / "jnd/val/cnn/p1/000000.png", 1, mode="RGBA"),
        "RGBA",
    ),
    "another size": (lambda m: picture(m.root / "jnd/val/cnn/p1/000000.png", 1, 9), "another size"),
}


@pytest.fixture
def mini(tmp_path):
    return miniature.bapps_jnd(tmp_path / "dataset")


def test_pairs_hold_the_share_of_those_who_saw_no_difference(mini):
    pairs = mini.load().pairs
    assert [pair.score for pair in pairs[:5]] == [0.0, 1 / 3, 2 / 3, 1.0, 0.0]
    one = pairs[1]
    assert (one.reference, one.distorted, one.kind) == (
        "traditional/p0/000001",
        "traditional/p1/000001",
        one.kind,
    )
    assert one.cluster == one.reference
    assert len(pairs) == 9


def test_small_distances_for_the_same_are_human_like(mini, bootstrap):
    benchmark = mini.load()
    shares = np.array([pair.score for pair in benchmark.pairs])
    scores = benchmark.agreement(np.stack([-shares, shares]), bootstrap)
    assert [score.subset for score in scores[::2]] == ["all", "kind=traditional", "kind=cnn"]
    assert scores[0].value > scores[1].value


@pytest.mark.parametrize(("damage", "told"), DAMAGES.values(), ids=list(DAMAGES))
def test_damage_is_refused(mini, damage, told):
    damage(mini)
    with pytest.raises(InputError, match=told):
        raise InputError(refusal(mini))


def test_every_damage_has_its_own_message(tmp_path):
    assert len(messages(miniature.bapps_jnd, DAMAGES, tmp_path)) == len(DAMAGES) >= 10


def test_chosen_families_are_read(mini):
    shutil.rmtree(mini.root / "jnd/val/traditional")
    assert len(mini.load(families=["cnn"]).pairs) == 4
    with pytest.raises(InputError, match=r"no family 'color'(?s:.*)cnn, traditional"):
        mini.load(families=["color"])


def test_no_root_is_a_reason_to_skip(tmp_path):
    with pytest.raises(NothingThereError, match=r"benchmark\.root=FOLDER"):
        BAPPSJND().load(tmp_path, (), network=False)


def test_fields_are_a_config_schema():
    assert OmegaConf.to_object(OmegaConf.structured(BAPPSJND)) == BAPPSJND()
