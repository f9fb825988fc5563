import dataclasses
import itertools
import logging
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from omegaconf import OmegaConf

from percepnet.benchmarks.psychophysics import colour_space
from percepnet.benchmarks.psychophysics.combvd import COMBVD, WEIGHTS
from percepnet.benchmarks.psychophysics.combvd_benchmark import ColourDifferences
from percepnet.config import conf_folder
from percepnet.errors import InputError, NothingThereError
from tests.benchmarks.psychophysics.combvd_miniature import COUNTS, colour_set, write_all, write_set


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_all(tmp_path / "sets")


def load(folder: Path, **settings: Any) -> ColourDifferences:
    config = dataclasses.replace(COMBVD(root=str(folder), sets=dict(COUNTS)), **settings)
    return config.load(folder, (), network=False)


def pixel_distances(benchmark: ColourDifferences) -> np.ndarray:
    def of(pair):
        first, second = (benchmark.image(key)[0, 0] for key in (pair.reference, pair.distorted))
        return float(np.linalg.norm(first.astype(np.float64) - second))

    return np.array([[of(pair) for pair in benchmark.pairs]])


def test_every_pair_is_there_with_its_set_and_difference(folder):
    benchmark = load(folder)
    assert [pair.kind for pair in benchmark.pairs[::12]] == list(WEIGHTS)
    for name, count in COUNTS.items():
        mine = [pair for pair in benchmark.pairs if pair.kind == name]
        assert len(mine) == count
        assert sorted(pair.score for pair in mine) == sorted(colour_set(name)["dv"])
    assert not benchmark.excluded


def test_a_pairs_images_and_score_are_those_of_its_row(folder):
    benchmark = load(folder)
    whole = colour_set("witt")
    rows = zip(whole["pairs"], whole["dv"], strict=True)
    expected = {(f"witt:{first}", f"witt:{second}"): dv for (first, second), dv in rows}
    found = {(p.reference, p.distorted): p.score for p in benchmark.pairs if p.kind == "witt"}
    assert found == expected


def test_pairs_of_one_reference_are_neighbours(folder):
    references = [pair.reference for pair in load(folder).pairs]
    assert len(list(itertools.groupby(references))) == len(set(references)) == 18


def test_pairs_that_share_a_colour_are_one_cluster(folder):
    whole = colour_set("leeds")
    whole["pairs"] = [[0, 3], [4, 3], [5, 4], [1, 6], [2, 7], [8, 7], *([9, k] for k in (10, 11, 12, 13, 14))]
    whole["pairs"].append([14, 13])
    write_set(folder, "leeds", pairs=whole["pairs"])
    clusters: dict[str, set[str]] = {}
    for pair in load(folder).pairs:
        if pair.kind == "leeds":
            clusters.setdefault(pair.cluster, set()).update((pair.reference, pair.distorted))
    found = sorted(sorted(int(key.partition(":")[2]) for key in keys) for keys in clusters.values())
    assert found == [[0, 3, 4, 5], [1, 6], [2, 7, 8], [9, 10, 11, 12, 13, 14]]


def test_equal_colours_have_one_key(folder):
    whole = colour_set("leeds")
    whole["xyz"][1] = whole["xyz"][0]
    write_set(folder, "leeds", xyz=whole["xyz"])
    references = {pair.reference for pair in load(folder).pairs if pair.kind == "leeds"}
    assert references == {"leeds:0", "leeds:2"}


def test_a_patch_is_uniform_and_encodes_the_adapted_colour(folder):
    benchmark = load(folder, size=5)
    image = benchmark.image("bfd-c:4")
    assert image.dtype == np.float32
    assert image.shape == (5, 5, 3)
    np.testing.assert_array_equal(image, np.tile(image[0, 0], (5, 5, 1)))
    colour = colour_space.library()
    adapted = colour.chromatic_adaptation(
        np.array(colour_set("bfd-c")["xyz"][4]) / 100.0,
        np.array([0.9807, 1.0, 1.1823]),
        np.array([0.9505, 1.0, 1.089]),
        transform="CAT02",
    )
    # the package's matrix from XYZ is the published one of four digits
    expected = colour.XYZ_to_RGB(adapted, "sRGB", apply_cctf_encoding=True)
    np.testing.assert_allclose(image[0, 0], expected, atol=2e-4)


def test_greys_under_each_white_are_grey_on_the_display(folder):
    benchmark = load(folder, encoding="linear")
    for name in COUNTS:
        np.testing.assert_allclose(benchmark.image(f"{name}:1")[0, 0], 0.35, atol=1e-6)


def test_a_pair_outside_the_gamut_is_excluded_by_name_and_counted(folder, caplog):
    whole = colour_set("witt")
    far, place = whole["pairs"][5][1], 5
    whole["xyz"][far] = [5.0, 30.0, 5.0]
    write_set(folder, "witt", xyz=whole["xyz"])
    with caplog.at_level(logging.WARNING):
        benchmark = load(folder)
    assert len(benchmark.pairs) == 6 * 12 - 1
    assert list(benchmark.excluded) == [f"witt-{place:04d}"]
    assert f"witt:{far} is (" in benchmark.excluded["witt-0005"]
    assert f"witt:{far}" not in {key for pair in benchmark.pairs for key in (pair.reference, pair.distorted)}
    assert "1 pairs are outside sRGB and excluded (witt 1 of 12)" in caplog.text


def test_nothing_in_gamut_is_an_error(folder):
    write_set(folder, "witt", xyz=[[5.0 + k, 60.0, 5.0] for k in range(15)])
    with pytest.raises(InputError, match="No pair is left"):
        load(folder, sets={"witt": 12})


def test_stress_weighs_pairs_by_their_set_and_each_set_stands_alone(folder, bootstrap):
    benchmark = load(folder)
    distances = pixel_distances(benchmark)
    scores = benchmark.agreement(distances, bootstrap)
    index = colour_space.library().index_stress
    differences = np.array([pair.score for pair in benchmark.pairs])
    copies = np.repeat(np.arange(72), [int(WEIGHTS[pair.kind]) for pair in benchmark.pairs])
    assert scores[0].metric == "stress"
    assert scores[0].value == pytest.approx(100 * index(distances[0, copies], differences[copies]), abs=1e-9)
    plain = load(folder, weighted=False).agreement(distances, bootstrap)
    assert plain[0].value == pytest.approx(100 * index(distances[0], differences), abs=1e-9)
    for first in (scores, plain):
        one = next(score for score in first if score.subset == "kind=bfd-m")
        part = [pair.kind == "bfd-m" for pair in benchmark.pairs]
        assert one.value == pytest.approx(100 * index(distances[0, part], differences[part]), abs=1e-9)


def test_the_humans_themselves_agree_perfectly(folder, bootstrap):
    benchmark = load(folder)
    scores = benchmark.agreement(np.array([[3.0 * pair.score for pair in benchmark.pairs]]), bootstrap)
    pooled = {score.metric: score.value for score in scores if score.subset == "all"}
    assert pooled == pytest.approx({"stress": 0.0, "srcc": 1.0, "krcc": 1.0, "plcc": 1.0}, abs=1e-9)
    assert scores[0].n_clusters == 18


def test_distances_for_other_pairs_are_refused(folder, bootstrap):
    with pytest.raises(InputError, match="72"):
        load(folder).agreement(np.ones((1, 71)), bootstrap)


def test_fingerprint_is_stable_and_changes_with_all_that_counts(folder):
    fingerprints = [load(folder).fingerprint()]
    assert load(folder, luminance=300.0).fingerprint() == fingerprints[0]
    changes: list[dict[str, Any]] = [
        {"size": 32},
        {"encoding": "linear"},
        {"weighted": False},
        {"sets": {"leeds": 12}},
    ]
    fingerprints += [load(folder, **change).fingerprint() for change in changes]
    whole = colour_set("leeds")
    whole["xyz"][3][0] += 0.01
    write_set(folder, "leeds", xyz=whole["xyz"])
    fingerprints.append(load(folder).fingerprint())
    assert len(set(fingerprints)) == 6


def test_it_can_be_sent_to_another_process(folder):
    benchmark = load(folder)
    copy = pickle.loads(pickle.dumps(benchmark))
    assert copy.fingerprint() == benchmark.fingerprint()


@pytest.mark.parametrize("below", ["", "combvd", "color/combvd", "unpacked"])
def test_the_files_are_found_in_the_root_and_below(tmp_path, below):
    write_all(tmp_path / "data" / below)
    assert len(load(tmp_path / "data").pairs) == 72


def test_without_a_root_it_is_skipped(tmp_path):
    with pytest.raises(NothingThereError, match="combvd"):
        COMBVD().load(tmp_path, (), network=False)


def test_a_missing_set_is_named(folder):
    (folder / "leeds.json").unlink()
    with pytest.raises(InputError, match=r"1 of 6 files are missing.*\n.*\n.*no leeds\.json"):
        load(folder)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sets": {"leds": 12}}, "did you mean leeds"),
        ({"sets": {}}, "no such data set"),
        ({"sets": {"leeds": 307}}, "another release"),
        ({"size": 0}, "no pixels"),
        ({"encoding": "rec709"}, "encoding is unknown"),
        ({"luminance": -1.0}, "luminance is none"),
    ],
)
def test_settings_are_checked(folder, settings, message):
    with pytest.raises(InputError, match=message):
        load(folder, **settings)


def test_an_unknown_key_is_answered_with_the_nearest(folder):
    with pytest.raises(InputError, match="did you mean"):
        load(folder).image("leeds:99")


def test_fields_are_a_config_schema_with_the_defaults_of_the_yaml():
    path = conf_folder() / "benchmark" / "combvd.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings = {key: value for key, value in settings.items() if key not in ("_target_", "root")}
    assert OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(COMBVD), settings)) == COMBVD()
    assert sum(COMBVD().sets.values()) == 3813
