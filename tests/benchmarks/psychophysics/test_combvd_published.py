"""The real data: STRESS of two colour-difference formulae as published, and what sRGB can show."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from percepnet.agreement.stress import rate
from percepnet.benchmarks.psychophysics import colour_space
from percepnet.benchmarks.psychophysics.combvd import COMBVD, WEIGHTS
from percepnet.benchmarks.psychophysics.combvd_data import read_set
from percepnet.benchmarks.psychophysics.combvd_pairs import judgements


def colour_differences(folder: Path, method: str) -> tuple[np.ndarray, ...]:
    """Return distances of a colour-difference formula on the original XYZ, by data set, and all else."""
    colour = colour_space.library()
    found = []
    for name, count in COMBVD().sets.items():
        data = read_set(folder / f"{name}.json", name, count)
        lab = colour.XYZ_to_Lab(data.xyz / 100.0, colour.XYZ_to_xy(data.white))
        distances = colour.delta_E(*(lab[data.pairs[:, side]] for side in (0, 1)), method=method)
        shown = {one.name for one in judgements(data) if not one.reason}
        kept = np.array([f"{name}-{place:04d}" in shown for place in range(count)])
        found.append((distances, data.differences, np.full(count, WEIGHTS[name]), kept))
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))


def pooled(distances, differences, weights):
    copies = np.repeat(np.arange(distances.size), weights.astype(int))
    return 100.0 * colour_space.library().index_stress(distances[copies], differences[copies])


# Per set and pooled with the weights: tests of the package colorio (stress_lab_diff, variant absolute) on the
# same data; 27.49 and 43.93 are the STRESS usually quoted of CIEDE2000 and CIELAB on COMBVD.
PUBLISHED = {
    "CIE 1976": (43.92861966, {"leeds": 40.09322306, "rit-dupont": 33.41593673, "witt": 51.70889936}),
    "CIE 2000": (27.48868337, {"leeds": 19.24694885, "rit-dupont": 19.46979727, "witt": 30.21823436}),
}


@pytest.mark.parametrize("method", PUBLISHED)
def test_formulae_have_their_published_stress_on_all_pairs(shared_data, bootstrap, method):
    distances, differences, weights, _ = colour_differences(shared_data / "color" / "combvd", method)
    names = [name for name, count in COMBVD().sets.items() for _ in range(count)]
    everything, by_set = PUBLISHED[method]
    [score, *_] = rate(distances[None], differences, names, weights, bootstrap)
    assert score.value == pytest.approx(everything, abs=1e-6)
    for name, expected in by_set.items():
        part = np.array(names) == name
        one = ["one"] * int(part.sum())
        [score, *_] = rate(distances[None, part], differences[part], one, weights[part], bootstrap)
        assert score.value == pytest.approx(expected, abs=1e-6)


def test_on_the_pairs_that_are_shown_ciede2000_beats_cielab_by_far(shared_data):
    found = {}
    for method in PUBLISHED:
        *columns, shown = colour_differences(shared_data / "color" / "combvd", method)
        found[method] = pooled(*(column[shown] for column in columns))
    assert found == pytest.approx({"CIE 1976": 45.098, "CIE 2000": 26.428}, abs=1e-3)


def test_of_the_real_data_3333_pairs_are_shown(shared_data, bootstrap):
    benchmark = COMBVD(root=str(shared_data)).load(shared_data, (), network=False)
    kinds = [pair.kind for pair in benchmark.pairs]
    counts = {"bfd-c": 139, "bfd-d65": 1830, "bfd-m": 357, "leeds": 307, "rit-dupont": 284, "witt": 416}
    assert {name: kinds.count(name) for name in WEIGHTS} == counts
    assert len(benchmark.pairs) + len(benchmark.excluded) == 3813
    clusters = {pair.cluster for pair in benchmark.pairs}
    assert {name: sum(c.startswith(f"{name}:") for c in clusters) for name in WEIGHTS} == {
        "bfd-c": 7,
        "bfd-d65": 404,
        "bfd-m": 13,
        "leeds": 241,
        "rit-dupont": 142,
        "witt": 119,
    }
    constant = benchmark.agreement(np.ones((1, 3333)), dataclasses.replace(bootstrap, resamples=0))
    by_subset = {score.subset: score.value for score in constant if score.metric == "stress"}
    assert by_subset["all"] == pytest.approx(49.41, abs=0.01)
    assert by_subset["kind=rit-dupont"] == pytest.approx(0.0, abs=1e-6)  # its differences are all 1.02
