"""One benchmark against another."""

import numpy as np
import pytest

from tests.ablation.claims.made import cell, claim, evidence, verdict


def both(rising, falling, network="a"):
    here, there = cell(network, rising, 0.001), cell(network, falling, 0.001)
    return here, there


@pytest.mark.parametrize("turn", [1.0, -1.0])
def test_layers_trade_off_where_one_benchmark_falls_as_the_other_rises(turn):
    line = np.linspace(0.5, 0.8, 7)
    here, there = both(line, turn * line)
    asked = claim(statistic="trade_off", benchmark="nights", metric="2afc", direction="less")
    found = verdict(asked, evidence(here), evidence(there, benchmark="nights", metric="2afc"))
    assert found.effect.value == pytest.approx(turn)
    assert found.verdict == ("contradicted" if turn > 0 else "supported")


def test_networks_trade_off_too_and_what_is_missing_is_named():
    asked = claim(statistic="trade_off", benchmark="nights", metric="2afc", over="networks", direction="less")
    pairs = [both(0.5 + 0.05 * place, 0.9 - 0.05 * place, f"n{place}") for place in range(8)]
    here = evidence(*(pair[0] for pair in pairs))
    found = verdict(asked, here, evidence(*(pair[1] for pair in pairs), benchmark="nights", metric="2afc"))
    assert (found.verdict, found.effect.value) == ("supported", pytest.approx(-1.0))
    assert verdict(asked, here).missing == ["no result on nights (2afc)"]
    few = verdict(asked, here, evidence(pairs[0][1], benchmark="nights", metric="2afc"))
    assert few.missing == ["no 5 networks of any kind that both benchmarks judged"]
