import dataclasses

import numpy as np
import pytest

from percepnet.errors import InputError
from tests.benchmarks.opinion import miniature


@pytest.fixture
def mini(tmp_path):
    return miniature.build(tmp_path)


def test_distance_that_follows_mos_downwards_agrees_perfectly(mini, bootstrap):
    benchmark = mini.load()
    distances = np.array([[9.0 - pair.score for pair in benchmark.pairs]])
    scores = {s.metric: s for s in benchmark.agreement(distances, bootstrap) if s.subset == "all"}
    assert scores["srcc"].value == pytest.approx(-1.0)
    assert scores["srcc"].polarity == -1
    assert scores["srcc"].n_pairs == 12
    assert scores["srcc"].n_clusters == 2


def test_ceiling_is_unknown_when_one_spread_is(mini, bootstrap):
    benchmark = mini.load()
    first = dataclasses.replace(benchmark.pairs[0], spread=None)
    benchmark = dataclasses.replace(benchmark, pairs=(first, *benchmark.pairs[1:]))
    distances = np.array([[9.0 - pair.score for pair in benchmark.pairs]])
    assert all(np.isnan(score.ceiling) for score in benchmark.agreement(distances, bootstrap))


def test_fingerprint_is_the_same_for_the_same_data_elsewhere(mini, tmp_path):
    before = mini.load().fingerprint()
    moved = miniature.Miniature(tmp_path.parent / "moved")
    tmp_path.rename(moved.root)
    assert moved.load().fingerprint() == before


@pytest.mark.parametrize("what", ["score", "spread", "cluster", "image", "polarity"])
def test_fingerprint_changes_with(mini, what):
    benchmark = mini.load()
    before = benchmark.fingerprint()
    changes = {"score": 4.25, "spread": 0.5, "cluster": "other"}
    if what == "image":
        data = bytearray(mini.reference("I01.BMP").read_bytes())
        data[-1] ^= 1
        mini.reference("I01.BMP").write_bytes(data)
        benchmark = mini.load()
    elif what == "polarity":
        benchmark = dataclasses.replace(benchmark, higher_is_better=False)
    else:
        changed = dataclasses.replace(benchmark.pairs[5], **{what: changes[what]})
        pairs = (*benchmark.pairs[:5], changed, *benchmark.pairs[6:])
        benchmark = dataclasses.replace(benchmark, pairs=pairs)
    assert benchmark.fingerprint() != before


def test_an_unknown_key_is_answered_with_the_nearest(mini):
    with pytest.raises(InputError, match="did you mean i01_01_1"):
        mini.load().image("i01_01_11")
