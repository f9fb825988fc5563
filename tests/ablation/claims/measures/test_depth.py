"""Agreement by depth as a claim."""

import numpy as np
import pytest

from tests.ablation.claims.made import cell, claim, evidence, verdict


def test_growth_and_its_absence():
    rising = cell("alexnet.tv1", np.linspace(0.5, 0.8, 10), 0.002)
    falling = cell("vgg16.tv1", np.linspace(0.8, 0.5, 10), 0.002)
    grows = claim(statistic="profile", of="excess", quantifier="most")
    assert verdict(grows, evidence(rising)).verdict == "supported"
    assert verdict(grows, evidence(falling)).verdict != "supported"
    does_not = claim(statistic="profile", of="trend", direction="less", margin=-0.5)
    assert verdict(does_not, evidence(rising)).verdict == "contradicted"
    assert verdict(does_not, evidence(falling)).verdict == "supported"
    assert verdict(does_not, evidence(falling)).effect.value == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("last", "expected"), [(0.7, "supported"), (0.9, "contradicted"), (0.79, "inconclusive")]
)
def test_the_best_layer_is_not_the_last(last, expected):
    asked = claim(statistic="profile", of="last_minus_best", direction="less", margin=0.01)
    found = verdict(asked, evidence(cell("a", [0.5, 0.8, 0.6, last], 0.003)))
    assert found.verdict == expected
    assert found.effect.value == pytest.approx(min(0.0, last - 0.8))


def test_forty_equal_layers_do_not_show_that_the_last_is_behind():
    values = 0.7 + 0.01 * np.random.default_rng(2).normal(size=40)
    values[-1] = 0.7
    asked = claim(statistic="profile", of="last_minus_best", direction="less")
    found = verdict(asked, evidence(cell("a", values)))
    assert found.effect.value < -0.01
    assert found.verdict == "inconclusive"


def test_two_layers_are_no_profile():
    asked = claim(statistic="profile", of="trend", subject={"readout": "layerwise *"})
    assert verdict(asked, evidence(cell("a", [0.5, 0.6]))).missing == [
        "no network of readout=layerwise * was read at 3 layers or more"
    ]
