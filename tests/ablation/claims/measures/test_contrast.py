"""Levels of a factor, compared where nothing else differs."""

import pytest

from tests.ablation.claims.made import cell, claim, evidence, verdict


def goals(classification, **others):
    return [cell(f"{arch}.c", value, arch=arch) for arch, value in classification.items()] + [
        cell(f"{arch}.{goal}", value, goal=goal, arch=arch)
        for goal, values in others.items()
        for arch, value in values.items()
    ]


def test_a_contrast_is_of_pairs_that_differ_in_nothing_else():
    cells = goals(
        {"alexnet": 0.8, "resnet 50": 0.9, "vgg 16": 0.1},
        jigsaw={"alexnet": 0.7, "resnet 50": 0.7},
        moco={"resnet 50": 0.85},
    )
    asked = claim(statistic="contrast", factor="goal", level="classification", other=["jigsaw", "moco"])
    found = verdict(asked, evidence(*cells))
    assert found.verdict == "supported"
    assert {step.theirs: round(step.effect.value, 3) for step in found.arithmetic} == {
        "jigsaw": 0.15,
        "moco": 0.05,
    }
    assert found.arithmetic[0].note == "mean of 2 matched pairs, from +0.100 to +0.200"


def test_a_pooled_contrast_is_of_the_means_in_each_setting():
    cells = goals({"resnet 50": 0.9}, jigsaw={"resnet 50": 0.7}, moco={"resnet 50": 0.8})
    asked = claim(
        statistic="contrast",
        factor="goal",
        level="classification",
        other=["jigsaw", "moco"],
        quantifier="mean",
    )
    found = verdict(asked, evidence(*cells))
    assert found.effect.value == pytest.approx(0.15)
    assert [step.theirs for step in found.arithmetic] == ["jigsaw, moco"]


def test_which_level_comes_first_does_not_change_the_sign():
    cells = goals({"alexnet": 0.9}, jigsaw={"alexnet": 0.7})
    for order in (cells, cells[::-1]):
        asked = claim(statistic="contrast", factor="goal", level="classification", other="jigsaw")
        [step] = verdict(asked, evidence(*order)).arithmetic
        assert step.effect.value == pytest.approx(0.2)
        assert step.effect.low < 0.2 < step.effect.high
        assert (step.ours, step.theirs) == ("classification", "jigsaw")


def test_levels_that_never_meet_are_named():
    asked = claim(statistic="contrast", factor="goal", level="classification", other="jigsaw")
    apart = goals({"alexnet": 0.9}, jigsaw={"resnet 50": 0.7})
    assert verdict(asked, evidence(*apart)).missing == [
        "no two networks of goal=classification and jigsaw that are the same in all else"
    ]
    assert verdict(asked, evidence(*apart[:1])).missing == ["no network of goal=jigsaw"]
