"""Cells against a baseline, another readout, their own control."""

from dataclasses import replace

import numpy as np
import pytest

from tests.ablation.claims.made import baseline, cell, claim, evidence, verdict


def test_a_readout_is_compared_with_another_of_the_same_network_alone():
    asked = claim(
        subject={"readout": "concatenated *"},
        reference={"readout": "layerwise euclidean"},
        direction="equal",
        margin=0.02,
    )
    cells = [
        cell("alexnet.tv1", [0.6, 0.8], 0.002),
        cell("alexnet.tv1", 0.79, 0.002, readout="concatenated euclidean"),
        cell("vgg16.tv1", [0.6, 0.9], 0.002),
        cell("vgg16.tv1", 0.9, 0.002, readout="concatenated euclidean"),
    ]
    found = verdict(asked, evidence(*cells))
    assert found.verdict == "supported"
    assert [(step.ours_value, step.theirs_value) for step in found.arithmetic] == [(0.79, 0.8), (0.9, 0.9)]
    assert found.arithmetic[0].theirs == "alexnet.tv1 layerwise euclidean, features.2"


def test_a_place_other_than_the_best_is_compared_where_it_is_asked_for():
    cells = [cell("a", [0.9, 0.4]), cell("a", [0.5, 0.7], readout="layerwise cosine")]
    by_place = {
        place: verdict(
            claim(
                subject={"readout": "layerwise cosine"},
                reference={"readout": "layerwise euclidean"},
                at=place,
                reference_at=place,
            ),
            evidence(*cells),
        ).effect.value
        for place in ("best", "last", "first")
    }
    assert by_place == pytest.approx({"best": -0.2, "last": 0.3, "first": -0.4})


def test_what_was_learned_is_compared_with_its_own_control():
    asked = claim(subject={"readout": "channel_relevance *"}, against="control")
    learned = cell("a", 0.9, control=[0.8], readout="channel_relevance euclidean")
    found = verdict(asked, evidence(learned, cell("a", 0.95)))
    assert found.verdict == "supported"
    assert found.effect.value == pytest.approx(0.1)
    assert found.arithmetic[0].theirs == "a channel_relevance euclidean, x (uniform)"
    none = verdict(asked, evidence(cell("a", 0.9, readout="channel_relevance euclidean")))
    assert none.verdict == "not testable"


def test_the_best_of_many_equal_layers_is_not_called_better_than_a_baseline():
    generator = np.random.default_rng(5)
    values = 0.7 + 0.01 * generator.normal(size=40)
    asked = claim(subject={"goal": "classification"}, reference={"baseline": "ssim"})
    [step] = verdict(asked, evidence(cell("a", values), baseline("ssim", 0.7, 0.0))).arithmetic
    assert step.effect.low > 0.0
    assert step.effect.p < 0.05  # what the chosen layer alone would say
    assert step.p > 0.05
    assert step.verdict == "inconclusive"


def test_networks_are_chosen_by_their_size_and_kind():
    cells = [
        cell("alexnet.tv1", 0.9),
        cell("vgg16.tv1", 0.9),
        cell("alexnet.untrained.0", 0.9, goal="untrained"),
    ]
    sets = evidence(*cells, baseline("ssim", 0.7))

    def chosen(**subject):
        steps = verdict(claim(subject=subject, reference={"baseline": "ssim"}), sets).arithmetic
        return [step.ours.split()[0] for step in steps]

    assert chosen(parameters="< 5e6") == ["alexnet.tv1", "alexnet.untrained.0"]
    assert chosen(parameters=["> 5e6", "< 20e6"]) == ["vgg16.tv1"]
    assert chosen(goal="!untrained", network="!vgg*") == ["alexnet.tv1"]


def test_cells_that_levels_do_not_tell_apart_are_told_apart_by_their_runs():
    cells = [cell("a", 0.8, readout="concatenated euclidean") for _ in range(2)]
    cells[1] = replace(cells[1], run_id="other-run")
    asked = claim(subject={"readout": "concatenated *"}, reference={"baseline": "ssim"})
    steps = verdict(asked, evidence(*cells, baseline("ssim", 0.7))).arithmetic
    assert len({step.ours for step in steps}) == 2
    assert steps[1].ours == "a concatenated euclidean (er-run), features.1"
