from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.benchmarks.psychophysics.affine import CALIBRATION, Affine, Invisibility, degradation
from percepnet.errors import InputError, NothingThereError
from tests.benchmarks.opinion import miniature

SIZE = (60, 80)
SMALL: dict[str, Any] = {
    "references": 2,
    "translation": [0.05, 0.1, 0.2],
    "rotation": [1.0, 2.0, 4.0],
    "scale": [1.01, 1.02, 1.04],
    "pixels_per_degree": 20.0,
}


@dataclasses.dataclass(frozen=True)
class Noise:
    """uint8 images that depend on their key alone."""

    size: tuple[int, int] = SIZE
    seed: int = 0

    def image(self, key):
        generator = np.random.default_rng([self.seed, *key.encode()])
        return generator.integers(0, 256, (*self.size, 3), dtype=np.uint8)

    def digest(self, key):
        return f"{self.seed} {key}"


def database(size=SIZE, seed=0, references=3):
    generator = np.random.default_rng(0)
    pairs = [
        Pair(f"i{r:02d}", f"i{r:02d}_{n}", f"i{r:02d}", float(generator.uniform(1, 7)), 0.1, kind=f"{n:02d}")
        for r in range(1, references + 1)
        for n in range(4)
    ]
    return OpinionScores("noise", pairs, Noise(size, seed), higher_is_better=True)


def build(source=None, **settings: Any) -> Invisibility:
    config = Affine(**{**SMALL, **settings})
    config.check()
    return config.around(source or database())


def test_every_reference_has_its_rated_pairs_and_the_first_ones_all_changes():
    pairs = build().pairs
    assert [pair.reference for pair in pairs] == ["i01"] * 16 + ["i02"] * 16 + ["i03"] * 4
    assert [pair.kind for pair in pairs[:4]] == [CALIBRATION] * 4
    assert [pair.level for pair in pairs[:4]] == ["00", "01", "02", "03"]
    assert [pair.distorted for pair in pairs[4:11:3]] == ["i01_right@0.05", "i01_down@0.05", "i01_turned@1"]
    assert [pair.level for pair in pairs[13:16]] == ["1.01", "1.02", "1.04"]
    assert all(pair.cluster == pair.reference for pair in pairs)


def test_changed_pairs_carry_the_human_threshold_and_rated_ones_their_opinion():
    benchmark, source = build(), database()
    humans = {pair.kind: pair.score for pair in benchmark.pairs if pair.kind != CALIBRATION}
    assert humans == {"translation": 0.23, "rotation": 3.6, "scale": 1.026}
    rated = [pair.score for pair in benchmark.pairs if pair.kind == CALIBRATION]
    assert rated == [pair.score for pair in source.pairs]
    assert degradation(5.55) == pytest.approx(0.445)


def test_null_changes_every_reference():
    assert {pair.reference for pair in build(references=None).pairs if pair.kind == "scale"} == {
        "i01",
        "i02",
        "i03",
    }


def test_every_image_is_a_float_of_the_size_of_the_database():
    benchmark, source = build(), database()
    for pair in benchmark.pairs:
        for key in (pair.reference, pair.distorted):
            image = benchmark.image(key)
            assert image.dtype == np.float32
            assert image.shape == (*SIZE, 3)
            assert 0.0 <= image.min() <= image.max() <= 1.0
    eight_bits = source.image("i02_3")
    np.testing.assert_array_equal(benchmark.image("i02_3"), eight_bits.astype(np.float32) / np.float32(255))


def test_a_translation_is_magnitude_times_pixels_per_degree():
    benchmark = build()
    reference = benchmark.image("i01")
    key = next(
        pair.distorted for pair in benchmark.pairs if pair.level == "0.1" and "right" in pair.distorted
    )
    np.testing.assert_allclose(benchmark.image(key)[:, 2:], reference[:, :-2], atol=1e-5)


def test_a_model_as_sensitive_as_people_has_their_thresholds(bootstrap):
    benchmark = build(references=None)
    unchanged = {"translation": 0.0, "rotation": 0.0, "scale": 1.0}
    distances = [
        degradation(pair.score) ** 2
        if pair.kind == CALIBRATION
        else 0.445**2 * (float(pair.level) - unchanged[pair.kind]) / (pair.score - unchanged[pair.kind])
        for pair in benchmark.pairs
    ]
    scores = benchmark.agreement(np.array([distances]), bootstrap)
    found = {score.subset: score.value for score in scores}
    assert found["all"] == pytest.approx(0.0, abs=1e-4)
    assert found["kind=translation"] == pytest.approx(0.23, rel=1e-4)
    assert found["kind=rotation"] == pytest.approx(3.6, rel=1e-4)
    assert found["kind=scale"] == pytest.approx(1.026, rel=1e-5)
    assert scores[0].metric == "rmse"
    assert scores[0].n_pairs == len(benchmark.pairs)


def test_fingerprint_is_stable_and_changes_with_every_setting_and_image():
    changes: list[dict[str, Any]] = [
        {"references": 1},
        {"translation": [0.05, 0.1, 0.25]},
        {"rotation": [1.0, 2.0, 4.5]},
        {"scale": [1.01, 1.02, 1.03]},
        {"pixels_per_degree": 21.0},
        {"interpolation": 1},
        {"source": database(seed=1)},
    ]
    prints = [build().fingerprint(), *(build(**change).fingerprint() for change in changes)]
    assert len(set(prints)) == len(prints)
    assert build().fingerprint() == prints[0]


def test_a_pickled_benchmark_shows_the_same_images():
    benchmark = build()
    again = pickle.loads(pickle.dumps(benchmark))
    key = benchmark.pairs[10].distorted
    np.testing.assert_array_equal(again.image(key), benchmark.image(key))
    assert again.fingerprint() == benchmark.fingerprint()


def test_an_unknown_change_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean"):
        build().image("i01_turned@3")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"calibration": "tid2014"}, "did you mean tid2013"),
        ({"interpolation": 2}, "interpolation is unknown"),
        ({"pixels_per_degree": 0.0}, "resolution is none"),
        ({"pixels_per_degree": float("nan")}, "resolution is none"),
        ({"translation": [0.1, 0.2]}, "translation are no ladder"),
        ({"translation": [0.1, 0.3, 0.2]}, "translation are no ladder"),
        ({"rotation": [0.0, 0.3, 0.6]}, "rotation are no ladder"),
        ({"rotation": [1.0, 2.0, float("inf")]}, "rotation are no ladder"),
        ({"scale": [0.9, 1.1, 1.2]}, "scale are no ladder"),
        ({"scale": [1.1, 1.10000001, 1.2]}, "scale are no ladder"),
        ({"translation": [1.0, 2.0, 3.5]}, "translation of 3.5 leaves too little"),
        ({"references": 4}, "So many reference images"),
        ({"references": 0}, "So many reference images"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        build(**settings)


@pytest.mark.parametrize("calibration", ["tid2013", "tid2013_kodak"])
def test_without_a_root_there_is_nothing_to_measure(calibration, tmp_path):
    with pytest.raises(NothingThereError, match=f"^{calibration} "):
        Affine(calibration=calibration).load(tmp_path, (), network=False)


def test_the_original_database_calibrates_where_it_is_there(tmp_path):
    mini = miniature.build(tmp_path)
    benchmark = Affine(**{**SMALL, "pixels_per_degree": 5.0}).around(mini.load())
    assert len(benchmark.pairs) == 12 + 2 * 12
    assert benchmark.image(benchmark.pairs[-1].distorted).shape == (miniature.HEIGHT, miniature.WIDTH, 3)


def test_fields_are_a_config_schema():
    merged = OmegaConf.merge(OmegaConf.structured(Affine), {"references": None, "scale": [1.1, 1.2, 1.3]})
    assert OmegaConf.to_object(merged) == Affine(references=None, scale=[1.1, 1.2, 1.3])
