"""Every adapter's miniature goes through inspection, summary and sheet: they use the contract alone."""

import numpy as np
import pytest

from percepnet.data.inspection import inspect
from percepnet.data.sheet import draw
from percepnet.data.summary import summary
from tests.benchmarks.choice import miniature
from tests.benchmarks.opinion.layouts import LAYOUTS

MINIATURES = {
    **LAYOUTS,
    **{name: getattr(miniature, name) for name in ("bapps", "bapps_jnd", "nights", "pieapp")},
}


@pytest.mark.parametrize("name", MINIATURES)
def test_a_miniature_is_whole_and_has_a_sheet(name, tmp_path):
    benchmark = MINIATURES[name](tmp_path).load()
    seen = inspect(benchmark, int)
    assert not seen.problems
    assert len(seen.rmse) == len(benchmark.pairs)
    lines = summary(benchmark, seen, {}, 0)
    assert lines["manifest hash"] == benchmark.fingerprint()
    assert "score of the pair" not in lines["scores"]
    assert "nan" not in lines["pixel RMSE"]
    picture = np.asarray(draw(benchmark))
    assert picture.shape[1] == 1600
    assert picture.min() < 50
