"""Distances against layers."""

import numpy as np
import pytest

from tests.ablation.claims.made import cell, claim, evidence, verdict


def test_the_spread_over_distances_is_held_against_that_over_layers():
    values = {"euclidean": [0.5, 0.7, 0.9], "cosine": [0.51, 0.71, 0.91]}
    cells = [cell("a", line, 0.001, readout=f"layerwise {name}") for name, line in values.items()]
    asked = claim(statistic="spread", direction="less", subject={"readout": "layerwise *"})
    found = verdict(asked, evidence(*cells))
    assert found.verdict == "supported"
    assert found.effect.value == pytest.approx(0.01 / np.sqrt(2.0) - 0.2)
    swapped = [cell("a", [0.5, 0.51], 0.001), cell("a", [0.9, 0.91], 0.001, readout="layerwise cosine")]
    assert verdict(asked, evidence(*swapped)).verdict == "contradicted"
    assert verdict(asked, evidence(cells[0])).verdict == "not testable"


def test_layers_that_one_readout_lacks_and_the_input_image_are_left_out():
    first = cell("a", [0.5, 0.7, 0.9], 0.001, layers=["x", "y", "z"])
    second = cell("a", [0.6, 0.8], 0.001, layers=["y", "z"], readout="layerwise cosine")
    [step] = verdict(claim(statistic="spread"), evidence(first, second)).arithmetic
    assert step.ours == "a: 2 readouts at 2 layers"
