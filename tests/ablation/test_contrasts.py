"""Contrasts compare what differs in one factor alone, on known truth; what has no partner is named."""

import numpy as np
import pytest

from percepnet.ablation.contrasts import contrasts, unmatched
from percepnet.agreement.comparison import holm
from percepnet.errors import InputError
from tests.ablation.simulated import cell, evidence, grid

_FOUR = [("a", "g1", "x"), ("b", "g2", "x"), ("c", "g1", "y"), ("d", "g2", "y")]
EFFECTS = {
    "goal": {"classification": 0.1, "jigsaw": 0.0},
    "dataset": {"imagenet1k": 0.0, "places365": -0.02},
    "arch": {"alexnet": 0.0, "vgg 16": 0.05, "resnet 50": -0.1},
    "readout": {"layerwise": 0.0, "gram": 0.03},
}


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        ("goal", {("classification", "jigsaw"): (12, 0.1)}),
        ("dataset", {("imagenet1k", "places365"): (12, 0.02)}),
        (
            "arch",
            {
                ("alexnet", "vgg 16"): (8, -0.05),
                ("alexnet", "resnet 50"): (8, 0.1),
                ("vgg 16", "resnet 50"): (8, 0.15),
            },
        ),
        ("readout", {("layerwise", "gram"): (12, -0.03)}),
    ],
)
def test_every_pair_that_differs_in_one_factor_is_found_and_gives_its_true_effect(factor, expected):
    found = {
        (one.level, one.other): (len(one.pairs), one.mean.value) for one in contrasts(grid(EFFECTS), factor)
    }
    assert list(found) == list(expected)
    for two, (count, value) in expected.items():
        assert found[two] == pytest.approx((count, value))


def test_the_mean_is_of_the_draws_and_the_spread_of_the_pairs():
    study = evidence(
        [
            cell(0.9, "a", "g1", arch="x", noise=0.02, generator=np.random.default_rng(1)),
            cell(0.6, "b", "g2", arch="x", noise=0.02, generator=np.random.default_rng(2)),
            cell(0.5, "c", "g1", arch="y", noise=0.02, generator=np.random.default_rng(3)),
            cell(0.4, "d", "g2", arch="y", noise=0.02, generator=np.random.default_rng(4)),
        ]
    )
    [found] = contrasts(study, "goal")
    assert found.spread == pytest.approx((0.1, 0.3))
    draws = [one.rows[0].draws for one in study.networks]
    assert found.mean == study.of((draws[0] - draws[1] + draws[2] - draws[3]) / 2)
    assert [(pair.ours, pair.theirs) for pair in found.pairs] == [("a r0", "b r0"), ("c r0", "d r0")]


def test_seeds_of_one_setting_count_once():
    values = {"a": ("g1", "x", 1.0), "b": ("g1", "x", 0.8), "c": ("g2", "x", 0.5), "d": ("g1", "y", 0.3)}
    values["e"] = ("g2", "y", 0.3)
    study = evidence([cell(value, name, goal, arch=arch) for name, (goal, arch, value) in values.items()])
    [found] = contrasts(study, "goal")
    assert [pair.difference.value for pair in found.pairs] == [pytest.approx(0.4), 0.0]
    assert found.mean.value == pytest.approx(0.2)
    assert found.pairs[0].ours == "a r0 + b r0"


def test_readouts_are_compared_within_a_network_only():
    study = evidence([cell(0.5, "a", readout="r1"), cell(0.9, "b", readout="r2")])
    assert contrasts(study, "readout") == []
    assert unmatched(study, "readout") == [
        "readout=r1: a has no partner; the nearest, a r1 and b r2, differ also in the network",
        "readout=r2: b has no partner; the nearest, b r2 and a r1, differ also in the network",
    ]


def test_the_last_layer_and_the_best_can_be_asked_for():
    study = grid(EFFECTS)
    assert contrasts(study, "goal", "last")[0].mean.value == pytest.approx(0.1)
    assert contrasts(study, "goal", "last")[0].at == "last"
    with pytest.raises(InputError, match="best, last"):
        contrasts(study, "goal", "first")
    with pytest.raises(InputError, match="did you mean readout"):
        contrasts(study, "readuot")


def test_p_values_are_adjusted_over_the_family_of_a_factor():
    found = contrasts(grid(EFFECTS, image_sd=0.05, seed=3), "arch")
    assert [one.holm for one in found] == pytest.approx(holm(np.array([one.mean.p for one in found])))
    assert any(one.holm > one.mean.p for one in found)


def test_an_untrained_network_is_a_goal_without_images_in_every_setting_of_its_architecture():
    study = evidence(
        [
            cell(0.8, "a", "classification", "imagenet1k"),
            cell(0.7, "b", "classification", "places365"),
            cell(0.5, "c", "untrained", "none"),
            cell(0.4, "d", "untrained", "none", "other"),
        ]
    )
    [found] = contrasts(study, "goal")
    assert (found.level, found.other, len(found.pairs)) == ("classification", "untrained", 2)
    assert found.mean.value == pytest.approx(0.25)
    assert "goal and dataset change together" in found.caveat
    [dataset] = contrasts(study, "dataset")
    assert (dataset.level, dataset.other, dataset.caveat) == ("imagenet1k", "places365", "")
    assert unmatched(study, "dataset") == [
        "c has no dataset: it is untrained",
        "d has no dataset: it is untrained",
    ]
    [alone] = unmatched(study, "goal")
    assert alone.startswith("goal=untrained: d has no partner; the nearest, d r0 and a r0, differ also in ")
    assert alone.endswith("dataset (none, imagenet1k), arch (other, a0)")


def test_a_goal_that_brings_its_own_images_is_named_as_a_near_miss():
    study = evidence(
        [
            cell(0.8, "vgg16", "classification", "imagenet1k"),
            cell(0.7, "hed", "edges", "bsds500"),
            cell(0.5, "vgg16.0", "untrained", "none"),
        ]
    )
    met = {(one.level, one.other) for one in contrasts(study, "goal")}
    assert met == {("classification", "untrained"), ("edges", "untrained")}
    [miss] = unmatched(study, "goal")
    assert miss.startswith(
        "goal=classification and goal=edges are never compared; the nearest, vgg16 r0 and hed r0,"
    )
    assert miss.endswith("differ also in dataset (imagenet1k, bsds500)")


def test_baselines_are_no_part_of_a_contrast():
    study = evidence([cell(0.8, "a"), cell(0.7, "ssim", "baseline", "", "ssim")])
    assert contrasts(study, "goal") == []
    assert unmatched(study, "goal") == ["goal=g0: a has no partner; no other goal was run"]


@pytest.mark.slow
def test_intervals_over_images_cover_the_true_mean_difference():
    """The resamples of a Gaussian mean: clusters are drawn again, as a run does."""
    generator, hits, false = np.random.default_rng(5), 0, 0
    trials = 400
    for _ in range(trials):
        images = generator.normal(size=(25, 4)) * 0.2 + np.array([0.9, 0.6, 0.5, 0.5])
        weights = generator.multinomial(25, np.full(25, 1 / 25), size=200) / 25
        without = (1.0 - np.eye(25)) / 24
        draws = np.vstack([np.full(25, 1 / 25), weights, without]) @ images
        cells = [cell(0.0, name, goal, arch=arch) for name, goal, arch in _FOUR]
        for one, column in zip(cells, draws.T, strict=True):
            object.__setattr__(one.rows[0], "draws", column)
        [goal] = contrasts(evidence(cells), "goal")
        hits += goal.mean.low <= 0.15 <= goal.mean.high
        false += goal.pairs[1].difference.p < 0.05
    assert hits / trials >= 0.90  # a percentile or BCa interval of 25 clusters is a little short
    assert false / trials <= 0.085
