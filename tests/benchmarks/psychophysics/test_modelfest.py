import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from percepnet.benchmarks.psychophysics.modelfest import BACKGROUND, ModelFest, Stimuli
from percepnet.benchmarks.psychophysics.thresholds import Thresholds
from percepnet.errors import InputError, UnreachableError

FILES = ("modelfest_data.csv", "modelfest_noise.tif", "modelfest_natural_scene.tif")


def write_thresholds(path: Path, values: np.ndarray) -> None:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([[f"o{n}", *map(float, row)] for n, row in enumerate(values)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Invented data in the published files' form: stimulus k has threshold -k / 20 for everyone, nearly."""
    generator = np.random.default_rng(3)
    levels = np.repeat(np.arange(1, 44) / 20.0, 4)
    write_thresholds(tmp_path / FILES[0], levels + generator.normal(0, 0.01, (5, 172)))
    for name in FILES[1:]:
        Image.fromarray(generator.integers(1, 256, (256, 256), dtype=np.uint8)).save(tmp_path / name)
    return tmp_path


def load(folder: Path, **settings: Any) -> Thresholds:
    config = dataclasses.replace(ModelFest(root=str(folder)), **settings)
    return config.load(folder, (), network=False)


def test_pairs_go_stimulus_by_stimulus_with_contrasts_ascending(folder):
    pairs = load(folder).pairs
    assert len(pairs) == 43 * 9
    assert {pair.reference for pair in pairs} == {BACKGROUND}
    assert [pair.distorted for pair in pairs[:2]] == ["01@0.001", "01@0.002371"]
    assert [pair.distorted for pair in pairs[8:10]] == ["01@1", "02@0.001"]
    assert [pair.cluster for pair in pairs[::9]] == [f"{number:02d}" for number in range(1, 44)]


def test_scores_are_the_mean_thresholds_of_the_right_columns(folder):
    pairs = load(folder).pairs
    expected = -np.repeat(np.arange(1, 44), 9) / 20.0
    np.testing.assert_allclose([pair.score for pair in pairs], expected, atol=0.01)
    assert all(pair.spread is not None and 0 < pair.spread < 0.02 for pair in pairs)


def test_images_are_grey_floats_that_eight_bits_would_round_away(folder):
    benchmark = load(folder)
    background, faint = benchmark.image(BACKGROUND), benchmark.image("01@0.001")
    assert background.dtype == faint.dtype == np.float32
    assert background.shape == faint.shape == (256, 256, 3)
    assert np.unique(background).size == 1
    assert 0 < np.abs(faint - background).max() < 1 / 255
    np.testing.assert_array_equal(faint[..., 0], faint[..., 2])


@pytest.mark.parametrize("contrast", [0.001, 0.177828, 1.0])
def test_light_is_one_plus_contrast_times_modulation_over_twice_the_mean(folder, contrast):
    benchmark = load(folder, encoding="linear")
    assert isinstance(benchmark.images, Stimuli)
    for number, modulation in benchmark.images.modulations.items():
        image = benchmark.image(f"{number:02d}@{contrast:g}")
        np.testing.assert_allclose(image[..., 1], (1 + contrast * modulation) / 2, atol=1e-7)


def test_srgb_is_the_default_encoding(folder):
    assert load(folder).image(BACKGROUND)[0, 0, 0] == pytest.approx(0.735357, abs=1e-6)


def test_the_humans_themselves_agree_perfectly(folder, bootstrap):
    benchmark = load(folder)
    assert benchmark.observers is not None
    thresholds = 10.0 ** benchmark.observers.mean(axis=0)
    distances = (np.array(benchmark.stimuli[0].ladder) / thresholds[:, np.newaxis]).reshape(1, -1)
    scores = {score.metric: score for score in benchmark.agreement(distances, bootstrap)}
    assert scores["plcc"].value == pytest.approx(1.0)
    assert scores["rmse"].value == pytest.approx(0.0, abs=1e-6)
    assert scores["plcc"].n_pairs == scores["plcc"].n_clusters == 43


def test_distances_for_other_pairs_are_refused(folder, bootstrap):
    with pytest.raises(InputError, match="387"):
        load(folder).agreement(np.ones((1, 43)), bootstrap)


def test_fingerprint_is_stable_and_changes_with_ladder_encoding_data_and_pictures(folder):
    fingerprints = [load(folder).fingerprint()]
    assert load(folder, luminance=100.0).fingerprint() == fingerprints[0]
    fingerprints.append(load(folder, contrasts=[0.01, 0.1, 1.0]).fingerprint())
    fingerprints.append(load(folder, encoding="linear").fingerprint())
    values = np.repeat(np.arange(1, 44) / 20.0, 4)
    write_thresholds(folder / FILES[0], np.tile(values, (3, 1)))
    fingerprints.append(load(folder).fingerprint())
    Image.new("L", (256, 256), 128).save(folder / FILES[1])
    fingerprints.append(load(folder).fingerprint())
    assert len(set(fingerprints)) == 5


@pytest.mark.parametrize(
    "contrasts", [[0.1, 1.0], [0.0, 0.1, 1.0], [0.1, 0.05, 1.0], [0.1, 0.5, 1.1], [0.1, 0.10000001, 1.0]]
)
def test_a_ladder_that_does_not_rise_from_above_0_to_1_is_refused(folder, contrasts):
    with pytest.raises(InputError, match="ladder"):
        load(folder, contrasts=contrasts)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"encoding": "rec709"}, "encoding is unknown"),
        ({"luminance": 0.0}, "luminance is none"),
        ({"pixels_per_degree": 60.0}, "one resolution"),
    ],
)
def test_settings_are_checked_before_anything_is_fetched(setting, message, tmp_path):
    with pytest.raises(InputError, match=message):
        ModelFest(**setting).load(tmp_path, (), network=False)


def test_a_missing_file_in_the_root_is_named(folder):
    (folder / FILES[1]).unlink()
    with pytest.raises(InputError, match=r"no modelfest_noise\.tif"):
        load(folder)


@pytest.mark.parametrize(
    "damage", ["short row", "text", "undefined", "one observer", "empty"], ids=lambda name: name
)
def test_a_damaged_threshold_file_is_refused(folder, damage):
    rows = (folder / FILES[0]).read_text().splitlines()
    damaged = {
        "short row": [rows[0].rpartition(",")[0], *rows[1:]],
        "text": [rows[0].replace(",", ",x", 1), *rows[1:]],
        "undefined": [rows[0].rpartition(",")[0] + ",nan", *rows[1:]],
        "one observer": rows[:1],
        "empty": [],
    }
    (folder / FILES[0]).write_text("\n".join(damaged[damage]))
    with pytest.raises(InputError, match=r"modelfest_data\.csv cannot be used"):
        load(folder)


@pytest.mark.parametrize(("mode", "size"), [("L", (64, 64)), ("RGB", (256, 256))])
def test_a_picture_of_another_kind_is_refused(folder, mode, size):
    Image.new(mode, size).save(folder / FILES[2])
    with pytest.raises(InputError, match="8-bit grey picture of 256 x 256"):
        load(folder)


def test_a_truncated_picture_is_refused(folder):
    whole = (folder / FILES[2]).read_bytes()
    (folder / FILES[2]).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"modelfest_natural_scene\.tif cannot be used"):
        load(folder)


def test_without_network_and_files_the_error_says_so(tmp_path):
    with pytest.raises(UnreachableError):
        ModelFest().load(tmp_path, (), network=False)


def test_an_unknown_key_is_answered_with_the_nearest(folder):
    with pytest.raises(InputError, match="did you mean"):
        load(folder).image("44@0.001")


def test_fields_are_a_config_schema():
    config = OmegaConf.structured(ModelFest)
    merged = OmegaConf.merge(config, {"contrasts": [0.1, 0.5, 1.0]})
    assert OmegaConf.to_object(merged) == ModelFest(contrasts=[0.1, 0.5, 1.0])
    assert len(config.contrasts) == 9


@pytest.mark.network
def test_mean_thresholds_of_the_first_ten_stimuli_are_the_published_ones(modelfest):
    known = [1.821, 1.960, 2.063, 2.106, 1.992, 1.844, 1.621, 1.298, 0.959, 0.567]
    assert modelfest.observers.shape == (16, 43)
    np.testing.assert_allclose(-modelfest.observers.mean(axis=0)[:10], known, atol=0.0005)


@pytest.mark.network
def test_pixel_distance_reaches_its_known_agreement_and_ceiling(modelfest, bootstrap):
    background = modelfest.image(BACKGROUND).astype(np.float64)
    images = (modelfest.image(pair.distorted) for pair in modelfest.pairs)
    distances = np.array([[np.linalg.norm(image - background) for image in images]])
    scores = {score.metric: score for score in modelfest.agreement(distances, bootstrap)}
    assert scores["plcc"].value == pytest.approx(0.59, abs=0.01)
    assert scores["plcc"].ceiling == pytest.approx(0.966, abs=0.0005)


@pytest.mark.network
def test_pictures_are_centred_on_the_mean_luminance(modelfest):
    noise, scene = modelfest.images.modulations[35], modelfest.images.modulations[43]
    assert (noise.min(), noise.max()) == (-1.0, 1.0)
    assert abs(np.median(scene)) < 0.03
