"""Contrast masking: what is drawn, what is refused, and a detector with thresholds in closed form."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from percepnet.agreement.thresholds import model_thresholds
from percepnet.benchmarks.psychophysics.gabors import Drawings, Patch
from percepnet.benchmarks.psychophysics.limits import BEYOND, DARK, TOO_FINE, TOO_WIDE
from percepnet.benchmarks.psychophysics.masking import Masking
from percepnet.benchmarks.psychophysics.masking_data import COLUMNS
from percepnet.benchmarks.psychophysics.shown import by_reason
from percepnet.benchmarks.psychophysics.thresholds import key_at
from percepnet.errors import InputError, NothingThereError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from percepnet.agreement.contract import FloatArray
    from percepnet.benchmarks.psychophysics.shown import ShownThresholds

MASKS = (0.0, 0.01, 0.03, 0.1, 0.3)
# a detector of the target's own contrast e with the response e / (Z + e), or with what a turned mask adds
Z, CRITERION = 0.2, 0.05


def closed_form(excitation: float, inhibition: float = 0.0) -> float:
    """Return the contrast c that lifts (e + c) / (z + e + c) from e / (z + e) by the criterion; z = Z + i."""
    z = Z + inhibition
    level = CRITERION + excitation / (z + excitation)
    return z * level / (1.0 - level) - excitation


def lines(masks: tuple[float, ...] = MASKS, observers: tuple[str, ...] = ("a", "b")) -> list[dict[str, Any]]:
    """Return thresholds of a target alone, upon a grating like it, and upon one at right angles."""
    rows = []
    for observer, contrast in itertools.product(observers, masks):
        for turn in (0, 90) if contrast else (0,):
            threshold = closed_form(*((0.0, contrast) if turn else (contrast, 0.0)))
            rows.append(line(contrast, turn, threshold, observer))
    return rows


def line(
    contrast: float, turn: float, threshold: float, observer: str = "a", **change: Any
) -> dict[str, Any]:
    mask = (2.0, "", turn, "") if contrast else ("", "", "", "")
    values = (observer, 32.0, 2.0, 0.5, 0.0, contrast, *mask, threshold)
    return dict(zip(COLUMNS, values, strict=True)) | change


def write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "masking.csv"
    body = (",".join(str(row[column]) for column in COLUMNS) for row in rows)
    path.write_text("\n".join((",".join(COLUMNS), *body)) + "\n")
    return path


def load(folder: Path, **settings: Any) -> ShownThresholds:
    return dataclasses.replace(Masking(root=str(folder)), **settings).load(folder, (), network=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, lines())
    return tmp_path


def test_every_mask_is_the_reference_of_its_own_stimulus(folder):
    benchmark = load(folder)
    assert len(benchmark.stimuli) == 9
    assert len({stimulus.background for stimulus in benchmark.stimuli}) == 9
    assert len(benchmark.pairs) == 9 * 7
    kinds = [stimulus.kind for stimulus in benchmark.stimuli]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "no mask": 1,
        "mask like the target": 4,
        "mask turned by 90 deg": 4,
    }
    assert {stimulus.level for stimulus in benchmark.stimuli} == {f"mask contrast {c:g}" for c in MASKS}


def test_two_targets_upon_one_mask_are_neighbours(folder):
    other = [row | {"target_frequency": 4.0} for row in lines()]
    write(folder, [*lines(), *other])
    backgrounds = [pair.reference for pair in load(folder).pairs]
    assert len(set(backgrounds)) == 9
    assert sum(one != other for one, other in itertools.pairwise(backgrounds)) == 8


def test_luminance_and_contrasts_on_the_image_are_the_nominal_ones(folder):
    benchmark = load(folder, encoding="linear")
    stimulus = next(each for each in benchmark.stimuli if each.level == "mask contrast 0.3")
    mask = benchmark.image(stimulus.background).astype(np.float64)
    top = stimulus.ladder[-1]
    both = benchmark.image(key_at(stimulus.name, top)).astype(np.float64)
    assert mask.mean() * 100.0 == pytest.approx(32.0, rel=0.02)
    assert (mask.max() - mask.min()) / (mask.max() + mask.min()) == pytest.approx(0.3, abs=1e-4)
    assert both[128, 128, 0] * 100.0 == pytest.approx(32.0 * (1.0 + 0.3 + top), rel=1e-5)
    assert top == pytest.approx(0.699)
    np.testing.assert_array_equal(both[..., 0], both[..., 2])


def test_a_turned_mask_lies_across_the_target(folder):
    benchmark = load(folder, encoding="linear")
    turned = next(each for each in benchmark.stimuli if "turned by" in each.kind)
    mask = benchmark.image(turned.background)[..., 0].astype(np.float64)
    added = benchmark.image(key_at(turned.name, turned.ladder[-1]))[..., 0] - mask
    assert np.ptp(mask, axis=1).max() < 1e-6 < np.ptp(mask, axis=0).min()
    assert np.ptp(added[:, 128]) < np.ptp(added[128, :])


def excitations(benchmark: ShownThresholds, key: str) -> tuple[float, float]:
    """Return contrasts along the target and across it: what two templates see of the light on an image."""
    image = benchmark.image(key)[..., 0].astype(np.float64) / 0.32 - 1.0
    assert isinstance(benchmark.images, Drawings)
    grid = benchmark.images.display.grid
    along, across = (Patch(2.0, 0.4, turn).modulation(grid) for turn in (0.0, 90.0))
    gain = {turn: Patch(2.0, math.inf, turn).modulation(grid) for turn in (0.0, 90.0)}
    return (
        float((image * along).sum() / (gain[0.0] * along).sum()),
        float((image * across).sum() / (gain[90.0] * across).sum()),
    )


def normalising(benchmark: ShownThresholds) -> FloatArray:
    """Return distances `[S, K]` between responses e / (Z + e + i): linear, then divisive normalisation."""
    rows = []
    for stimulus in benchmark.stimuli:
        rest, inhibition = excitations(benchmark, stimulus.background)
        before = rest / (Z + rest + inhibition)
        shown = [excitations(benchmark, key_at(stimulus.name, contrast))[0] for contrast in stimulus.ladder]
        gain = (shown[-1] - rest) / stimulus.ladder[-1]  # the window of the target, seen by the template
        levels = [rest + (each - rest) / gain for each in shown]
        rows.append([each / (Z + each + inhibition) - before for each in levels])
    return np.array(rows)


def test_a_divisive_detector_recovers_its_own_thresholds_in_closed_form(folder, bootstrap):
    benchmark = load(folder, encoding="linear", rungs=41, size=128, pixels_per_degree=30.0)
    distances = normalising(benchmark)
    ladders = np.array([stimulus.ladder for stimulus in benchmark.stimuli])
    found = model_thresholds(ladders, distances, np.array([CRITERION]))[0]
    known = {stimulus.name: stimulus.threshold for stimulus in benchmark.stimuli}
    np.testing.assert_allclose(found, list(known.values()), atol=2e-3)
    alone = closed_form(0.0)
    expected = {"no mask": [alone], "mask like the target": [closed_form(c) for c in MASKS[1:]]}
    for kind, thresholds in expected.items():
        chosen = [each.threshold for each in benchmark.stimuli if each.kind == kind]
        np.testing.assert_allclose(sorted(chosen), sorted(np.log10(thresholds)), atol=1e-12)
    scores = {
        score.metric: score.value for score in benchmark.agreement(distances.reshape(1, -1), bootstrap)[:3]
    }
    assert scores["plcc"] == pytest.approx(1.0, abs=1e-4)
    assert scores["rmse"] == pytest.approx(0.0, abs=2e-3)


def test_a_linear_detector_knows_no_masking(folder, bootstrap):
    benchmark = load(folder, encoding="linear")
    ladders = np.array([stimulus.ladder for stimulus in benchmark.stimuli])
    scores = {s.metric: s.value for s in benchmark.agreement(ladders.reshape(1, -1), bootstrap)[:3]}
    thresholds = [stimulus.threshold for stimulus in benchmark.stimuli]
    assert scores["rmse"] == pytest.approx(float(np.std(thresholds)), abs=1e-6)


def test_thresholds_are_means_of_the_logarithm_and_observers_are_kept(folder):
    rows = [line(0.1, 0, 0.02, "a"), line(0.1, 0, 0.04, "a"), line(0.1, 0, 0.08, "b")]
    write(folder, [*rows, line(0.0, 0, 0.01, "a"), line(0.0, 0, 0.01, "b")])
    masked, alone = load(folder).stimuli
    assert masked.threshold == pytest.approx((math.log10(0.02 * 0.04) / 2 + math.log10(0.08)) / 2)
    assert (alone.threshold, alone.spread) == (-2.0, 0.0)
    observers = load(folder).observers
    assert observers is not None
    assert observers.shape == (2, 2)


def test_published_json_tells_contrasts_and_settings_the_rest(tmp_path, bootstrap):
    content = {"mask_contrast_list": [0.0, 0.01, 0.1], "test_contrast_list": [0.01, 0.008, 0.03]}
    (tmp_path / "foley.json").write_text(json.dumps(content))
    benchmark = load(tmp_path, file="foley.json", frequency=4.0, sigma=0.3, luminance=40.0)
    thresholds = {stimulus.level: stimulus.threshold for stimulus in benchmark.stimuli}
    assert thresholds == {
        "mask contrast 0": -2.0,
        "mask contrast 0.01": math.log10(0.008),
        "mask contrast 0.1": math.log10(0.03),
    }
    assert benchmark.observers is None
    assert isinstance(benchmark.images, Drawings)
    patches = {target.layer.patch for target in benchmark.images.targets.values()}
    assert patches == {Patch(4.0, 0.3)}
    assert benchmark.images.backgrounds["uniform-40"].light == (0.4, 0.4, 0.4)
    scores = benchmark.agreement(np.ones((1, 21)) * np.arange(1, 22), bootstrap)
    assert np.isnan(scores[0].ceiling)


def test_what_cannot_be_shown_is_left_out_by_name(folder):
    rows = [
        line(0.1, 0, 0.02),
        line(0.1, 0, 0.02, target_frequency=20.0),
        line(0.1, 0, 0.02, mask_frequency=20.0),
        line(0.1, 0, 0.02, target_sigma=1.0),
        line(0.995, 0, 0.02),
        line(0.1, 0, 0.02, luminance=200.0),
    ]
    write(folder, rows)
    benchmark = load(folder)
    assert len(benchmark.stimuli) == 1
    counts = {reason: len(names) for reason, names in by_reason(benchmark.excluded).items()}
    assert counts == {TOO_FINE: 2, TOO_WIDE: 1, BEYOND: 1, DARK: 1}


def test_the_fingerprint_follows_masks_and_thresholds(folder):
    found = {load(folder).fingerprint(), load(folder, phase="sine").fingerprint()}
    for change in ({"mask_phase": 90.0}, {"mask_sigma": 0.5}, {"mask_frequency": 3.0}, {"threshold": 0.05}):
        rows = lines()
        rows[1] |= change
        write(folder, rows)
        found.add(load(folder).fingerprint())
    assert len(found) == 6


def test_a_mask_is_named_by_how_it_differs(folder):
    write(
        folder,
        [
            line(0.1, 0, 0.02, mask_frequency=1.0),
            line(0.1, 45, 0.02, mask_frequency=4.0),
            line(0.1, 0, 0.02, mask_phase=180.0),
        ],
    )
    assert {stimulus.kind for stimulus in load(folder).stimuli} == {
        "mask at 0.5 times the frequency",
        "mask turned by 45 deg and at 2 times the frequency",
        "mask shifted by 180 deg of phase",
    }


def change_line(**fields: Any) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        rows = lines()
        rows[2] |= fields
        write(folder, rows)

    return damage


def change_text(old: str, new: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / "masking.csv"
        path.write_text(path.read_text().replace(old, new, 1))

    return damage


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no file": (lambda folder: (folder / "masking.csv").unlink(), r"no masking\.csv"),
    "no text": (lambda folder: (folder / "masking.csv").write_bytes(b"\xff\xfe\x00"), "cannot be read"),
    "empty": (lambda folder: (folder / "masking.csv").write_text(""), "no column observer"),
    "a header alone": (lambda folder: write(folder, []), "no thresholds"),
    "a column gone": (change_text("mask_phase,", "phase,"), "no column mask_phase"),
    "a column twice": (change_text("mask_phase,", "observer,"), "no column mask_phase"),
    "a field too many": (change_text("a,32", "a,32,1"), "Line 2 is cut off or has fields too many"),
    "a line twice": (lambda folder: write(folder, lines() + lines()), "repeats another"),
    "NaN": (change_line(threshold="nan"), "threshold cannot be used"),
    "per cent": (change_line(threshold=2.5), "no per cent"),
    "decibel": (change_line(mask_contrast=-20.0), "from 0 to below 1"),
    "a mask without a frequency": (change_line(mask_frequency=""), "mask_frequency cannot be used"),
    "a target without a window": (change_line(target_sigma=0), "target_sigma cannot be used"),
    "nobody": (change_line(observer=""), "observer cannot be used"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_refused_in_words_of_its_own(folder, name):
    damage, message = DAMAGE[name]
    damage(folder)
    with pytest.raises(InputError, match=message):
        load(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1, 2", "lists cannot be read"),
        ('{"mask_contrast_list": [0.1]}', "test_contrast_list"),
        ('{"mask_contrast_list": [0.1, 0.2], "test_contrast_list": [0.1]}', "do not fit"),
        ('{"mask_contrast_list": [0.1, 0.1], "test_contrast_list": [0.1, 0.2]}', "do not fit"),
        ('{"mask_contrast_list": [], "test_contrast_list": []}', "do not fit"),
        ('{"mask_contrast_list": [0.1, 10], "test_contrast_list": [0.1, 0.2]}', "contrast cannot be"),
        ('{"mask_contrast_list": [0.1], "test_contrast_list": [null]}', "contrast cannot be"),
    ],
)
def test_damaged_json_is_refused(tmp_path, content, message):
    (tmp_path / "foley.json").write_text(content)
    with pytest.raises(InputError, match=message):
        load(tmp_path, file="foley.json")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"phase": "cos"}, "cosine or sine"),
        ({"sigma": 0.0}, "sigma"),
        ({"file": "other.csv"}, r"no other\.csv"),
        ({"encoding": "pq"}, "encoding is unknown"),
        ({"peak_luminance": 10.0}, "no condition left"),
    ],
)
def test_settings_that_cannot_be_are_refused(folder, settings, message):
    with pytest.raises(InputError, match=message):
        load(folder, **settings)


def test_without_a_root_the_benchmark_is_skipped(tmp_path):
    with pytest.raises(NothingThereError, match=r"masking\.csv"):
        Masking().load(tmp_path, (), network=False)


def test_the_file_is_found_in_the_folder_masking_of_the_root(tmp_path):
    (tmp_path / "masking").mkdir()
    write(tmp_path / "masking", lines())
    assert len(load(tmp_path).stimuli) == 9


def test_the_benchmark_travels_to_workers(folder):
    benchmark = load(folder)
    copy = pickle.loads(pickle.dumps(benchmark))
    key = benchmark.pairs[0].distorted
    np.testing.assert_array_equal(copy.image(key), benchmark.image(key))


def test_fields_are_a_config_schema():
    merged = OmegaConf.merge(OmegaConf.structured(Masking), {"rungs": 9})
    assert OmegaConf.to_object(merged) == Masking(rungs=9)
