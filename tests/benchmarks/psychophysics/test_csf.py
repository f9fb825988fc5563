"""Contrast sensitivity: what is drawn, measured on the pixels; what is left out; detectors of known CSF."""

from __future__ import annotations

import itertools
import logging
import math
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from percepnet.agreement.thresholds import model_thresholds
from percepnet.benchmarks.psychophysics.csf import CSF
from percepnet.benchmarks.psychophysics.display import Display
from percepnet.benchmarks.psychophysics.gabors import Drawings, Patch
from percepnet.benchmarks.psychophysics.limits import BEYOND, DARK, TOO_FINE, TOO_WIDE
from percepnet.benchmarks.psychophysics.shown import by_reason
from percepnet.benchmarks.psychophysics.thresholds import key_at
from percepnet.errors import InputError
from tests.benchmarks.psychophysics import csf_miniature
from tests.benchmarks.psychophysics.csf_miniature import RESOLUTION, SIZE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from percepnet.agreement.contract import FloatArray
    from percepnet.benchmarks.psychophysics.shown import ShownThresholds
    from percepnet.benchmarks.psychophysics.thresholds import Stimulus
    from tests.benchmarks.psychophysics.csf_miniature import Miniature

# IEC 61966-2-1, and castleCSF's matrix from LMS to XYZ, as they are published
SRGB_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
LMS_TO_XYZ = np.array(
    [
        [2.629129278399650, -3.780202391780134, 10.294956387893450],
        [0.865649062438827, 1.215555811642301, -0.984175688105352],
        [-0.008886561474676, 0.081612628990755, 51.371024830897888],
    ]
)
PEAK = 500.0
DIRECTIONS = ("achromatic", "red-green", "yellow-violet")


@pytest.fixture
def mini(tmp_path: Path) -> Miniature:
    return csf_miniature.build(tmp_path / "data")


@pytest.fixture(scope="module")
def real(shared_data: Path) -> ShownThresholds:
    return CSF(root=str(shared_data)).load(shared_data, (), network=False)


def xyz_of(image: FloatArray) -> FloatArray:
    """Return XYZ in cd/m2 of an sRGB image, by the standard's own formula."""
    values = image.astype(np.float64)
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.asarray(PEAK * linear @ SRGB_TO_XYZ.T)


def lms_of(image: FloatArray) -> FloatArray:
    return xyz_of(image) @ np.linalg.inv(LMS_TO_XYZ).T


def one_of(benchmark: ShownThresholds, kind: str, level: str) -> Stimulus:
    return next(each for each in benchmark.stimuli if (each.kind, each.level) == (kind, level))


def patch_of(benchmark: ShownThresholds, stimulus: Stimulus) -> Patch:
    assert isinstance(benchmark.images, Drawings)
    return benchmark.images.targets[stimulus.name].layer.patch


def modulation_of(benchmark: ShownThresholds, stimulus: Stimulus) -> FloatArray:
    """Return the stimulus's Gabor `[H, W]` from its definition, drawn anew."""
    assert isinstance(benchmark.images, Drawings)
    display, patch = benchmark.images.display, patch_of(benchmark, stimulus)
    axis = (np.arange(display.size) - display.size // 2) / display.pixels_per_degree
    x, y = np.meshgrid(axis, axis)
    window = np.exp(-(x**2 + y**2) / (2 * patch.sigma**2))
    return np.asarray(np.sin(2 * np.pi * patch.frequency * x) * window)


@pytest.mark.parametrize("colours", ["stated", "tabulated"])
@pytest.mark.parametrize("kind", DIRECTIONS)
@pytest.mark.parametrize("rung", [0, 3, 6])
def test_the_cone_contrast_on_the_image_is_the_nominal_one(mini, colours, kind, rung):
    benchmark = mini.load(colours=colours)
    stimulus = one_of(benchmark, kind, "200 cd/m2")
    nominal = stimulus.ladder[rung]
    background = lms_of(benchmark.image(stimulus.background))[0, 0]
    contrasts = lms_of(benchmark.image(key_at(stimulus.name, nominal))) / background - 1.0
    modulation = modulation_of(benchmark, stimulus)
    measured = np.sqrt((contrasts**2).mean(axis=-1))
    np.testing.assert_allclose(measured, nominal * np.abs(modulation), atol=2e-6, rtol=1e-4)


@pytest.mark.parametrize("colours", ["stated", "tabulated"])
@pytest.mark.parametrize("level", ["20 cd/m2", "200 cd/m2"])
def test_the_luminance_on_the_image_is_the_nominal_one(mini, colours, level):
    benchmark = mini.load(colours=colours)
    background = xyz_of(benchmark.image(one_of(benchmark, "achromatic", level).background))
    nominal = float(level.split()[0])
    np.testing.assert_allclose(background[..., 1], nominal, rtol=1e-4)


def test_the_ratios_of_cone_contrasts_are_those_of_the_collections_vectors(mini):
    for colours, number in (("stated", "10"), ("stated", "11"), ("tabulated", "9"), ("tabulated", "11")):
        benchmark = mini.load(colours=colours)
        kind = DIRECTIONS[("9", "10", "11").index(number)]
        stimulus = one_of(benchmark, kind, "200 cd/m2")
        lms = lms_of(benchmark.image(key_at(stimulus.name, stimulus.ladder[-1])))
        background = lms_of(benchmark.image(stimulus.background))[0, 0]
        row, column = np.unravel_index(np.abs(lms[..., 2] - background[2]).argmax(), lms.shape[:2])
        contrast = lms[row, column] / background - 1.0
        expected = np.array(csf_miniature.DELTAS[number]) / np.array(csf_miniature.BACKGROUND)
        np.testing.assert_allclose(contrast / contrast[0], expected / expected[0], rtol=2e-3)


def test_the_stated_background_is_d65_and_its_achromatic_direction_leaves_the_chromaticity(mini):
    benchmark = mini.load()
    stimulus = one_of(benchmark, "achromatic", "20 cd/m2")
    xyz = xyz_of(benchmark.image(key_at(stimulus.name, stimulus.ladder[4])))
    chromaticity = xyz[..., :2] / xyz.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(chromaticity, np.broadcast_to([0.3127, 0.3290], chromaticity.shape), atol=1e-4)


def test_the_tabulated_achromatic_direction_of_hdr_csf_is_no_grey_one():
    """It is why the colours are settings: the table's vector has 2.3 times the contrast for S cones."""
    contrast = np.array(csf_miniature.DELTAS["9"]) / np.array(csf_miniature.BACKGROUND)
    np.testing.assert_allclose(contrast / contrast[0], [1.0, 1.018, 2.258], atol=0.001)


@pytest.mark.parametrize(("kind", "most"), [("red-green", 0.12), ("yellow-violet", 0.05)])
def test_chromatic_directions_leave_the_luminance_nearly_unchanged(mini, kind, most):
    benchmark = mini.load()
    stimulus = one_of(benchmark, kind, "200 cd/m2")
    contrast = stimulus.ladder[-1]
    image = benchmark.image(key_at(stimulus.name, contrast))
    cones = lms_of(image)[..., :2].sum(axis=-1)
    for light in (xyz_of(image)[..., 1], cones):
        assert np.abs(light / light[0, 0] - 1.0).max() < most * contrast


@pytest.mark.parametrize("kind", DIRECTIONS)
def test_the_frequency_on_the_image_is_the_nominal_one(mini, kind):
    benchmark = mini.load(encoding="linear")
    for stimulus in benchmark.stimuli:
        patch = patch_of(benchmark, stimulus)
        if stimulus.kind != kind or patch.frequency * patch.sigma < 0.5:
            continue
        image = benchmark.image(key_at(stimulus.name, stimulus.ladder[-1])).astype(np.float64)
        profile = image[SIZE // 2, :, 0] - image[0, 0, 0]
        power = np.abs(np.fft.rfft(profile, 8192))
        peak = float(np.fft.rfftfreq(8192, 1 / RESOLUTION)[power.argmax()])
        assert peak == pytest.approx(patch.frequency, rel=0.03)


def detector(benchmark: ShownThresholds, sensitivity: Callable[[Stimulus, FloatArray], float]) -> FloatArray:
    """Return distances `[S, K]` of the light on the images, weighted: linear in what is shown."""
    rows = []
    for stimulus in benchmark.stimuli:
        background = benchmark.image(stimulus.background).astype(np.float64)
        images = (benchmark.image(key_at(stimulus.name, contrast)) for contrast in stimulus.ladder)
        rows.append([sensitivity(stimulus, image - background) for image in images])
    return np.array(rows)


def ladders(benchmark: ShownThresholds) -> FloatArray:
    return np.array([stimulus.ladder for stimulus in benchmark.stimuli])


def test_a_detector_with_a_known_csf_in_the_fourier_domain_recovers_it(mini):
    """Its threshold in closed form is 1 / S(f), S averaged in power over the spectrum of the stimulus."""
    benchmark = mini.load(encoding="linear")
    assert isinstance(benchmark.images, Drawings)
    axis = np.fft.fftfreq(SIZE, 1 / RESOLUTION)
    frequency = np.hypot(axis[:, np.newaxis], axis)
    csf = 100.0 * frequency**0.5 * np.exp(-0.6 * frequency)
    layers = {name: target.layer for name, target in benchmark.images.targets.items()}

    def response(stimulus: Stimulus, difference: FloatArray) -> float:
        swing = np.array(layers[stimulus.name].colour)
        signal = difference @ swing / (swing @ swing)
        template = modulation_of(benchmark, stimulus)
        return float(np.linalg.norm(csf * np.fft.fft2(signal)) / np.linalg.norm(np.fft.fft2(template)))

    found = model_thresholds(ladders(benchmark), detector(benchmark, response), np.array([1.0]))[0]
    for stimulus, threshold in zip(benchmark.stimuli, found, strict=True):
        power = np.abs(np.fft.fft2(modulation_of(benchmark, stimulus))) ** 2
        average = math.sqrt(float((csf**2 * power).sum() / power.sum()))
        assert threshold == pytest.approx(-math.log10(average), abs=2e-4)


def test_a_detector_with_the_sensitivities_of_people_agrees_with_them_fully(mini, bootstrap):
    benchmark = mini.load(encoding="linear")
    human = {stimulus.name: 10.0**-stimulus.threshold for stimulus in benchmark.stimuli}
    assert isinstance(benchmark.images, Drawings)
    layers = {name: target.layer for name, target in benchmark.images.targets.items()}

    def response(stimulus: Stimulus, difference: FloatArray) -> float:
        template = modulation_of(benchmark, stimulus)[:, :, np.newaxis] * np.array(
            layers[stimulus.name].colour
        )
        seen = float((difference * template).sum() / (template**2).sum())
        return float(human[stimulus.name] * seen)

    distances = detector(benchmark, response)
    np.testing.assert_allclose(
        model_thresholds(ladders(benchmark), distances, np.array([1.0]))[0],
        [stimulus.threshold for stimulus in benchmark.stimuli],
        atol=2e-4,
    )
    scores = benchmark.agreement(7.0 * distances.reshape(1, -1), bootstrap)
    for score in scores:
        assert score.value == pytest.approx(0.0 if score.metric == "rmse" else 1.0, abs=5e-4)
    assert [score.subset for score in scores[::3]] == [
        "all",
        *(f"kind={kind}" for kind in DIRECTIONS),
        "level=20 cd/m2",
        "level=200 cd/m2",
    ]


def test_stimuli_of_one_background_are_neighbours_and_share_a_ladder_per_direction(mini):
    benchmark = mini.load()
    backgrounds = [pair.reference for pair in benchmark.pairs]
    assert len(benchmark.pairs) == 24 * 7
    assert sum(one != other for one, other in itertools.pairwise(backgrounds)) == 1
    assert len({(each.background, each.kind, each.ladder) for each in benchmark.stimuli}) == 6
    assert {pair.cluster for pair in benchmark.pairs} == {each.name for each in benchmark.stimuli}


def test_the_ladder_tells_nothing_of_the_thresholds(mini):
    before = ladders(mini.load())
    for row in mini.averages:
        row.update(csf_miniature.measured(row["log_cone_contrast"] - 0.2))
    mini.write()
    np.testing.assert_array_equal(ladders(mini.load()), before)


def test_what_is_left_out_is_known_by_name_and_logged(mini, caplog):
    with caplog.at_level(logging.WARNING):
        benchmark = mini.load(studies=["hdr_csf", "old1966"], luminances=[20.0])
    reasons = {reason: len(names) for reason, names in by_reason(benchmark.excluded).items()}
    assert reasons == {
        "its luminance is not asked for": 18,
        TOO_WIDE: 3,
        TOO_FINE: 3,
        "it moves or flickers": 2,
        "it lies beside the fovea": 1,
        "its window is not Gaussian": 1,
    }
    assert len(benchmark.excluded) + len(benchmark.stimuli) == len(mini.averages)
    assert benchmark.excluded["hdr_csf-red-green-20-2cpd-2deg"] == TOO_WIDE
    assert "3: its window is too wide for the image (hdr_csf-achromatic-20-2cpd-2deg" in caplog.text


def test_a_background_and_a_threshold_out_of_gamut_are_left_out(mini):
    mini.averages[12] |= csf_miniature.measured(-0.05)  # cone contrast 0.89 of the yellow-violet direction
    mini.write()
    benchmark = mini.load(peak_luminance=150.0)
    reasons = by_reason(benchmark.excluded)
    assert len(reasons[DARK]) == 12
    assert reasons[BEYOND] == ["hdr_csf-yellow-violet-20-0.5cpd-1deg"]


def test_the_fingerprint_is_stable_and_follows_what_is_shown_and_measured(mini):
    first = mini.load().fingerprint()
    assert mini.load().fingerprint() == first
    changes: list[dict[str, Any]] = [{"phase": "cosine"}, {"encoding": "linear"}, {"rungs": 5}]
    changes += [{"colours": "tabulated"}]
    changes += [{"pixels_per_degree": 21.0}, {"peak_luminance": 600.0}]
    found = {mini.load(**change).fingerprint() for change in changes}
    mini.averages[0] |= csf_miniature.measured(-1.5)
    mini.write()
    assert len({first, *found, mini.load().fingerprint()}) == 8


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"phase": "cos"}, "cosine or sine"),
        ({"colours": "grey"}, "stated or tabulated"),
        ({"directions": ["redgreen"]}, "did you mean red-green"),
        ({"luminances": [21.0]}, "benchmark.csf.luminances"),
        ({"rows": 100}, "of another release"),
        ({"size": 8}, "too small"),
        ({"pixels_per_degree": 1.0}, "no condition left"),
    ],
)
def test_settings_that_cannot_be_are_refused(mini, settings, message):
    with pytest.raises(InputError, match=message):
        mini.load(**settings)


def test_the_benchmark_travels_to_workers(mini):
    benchmark = mini.load()
    copy = pickle.loads(pickle.dumps(benchmark))
    key = benchmark.pairs[0].distorted
    np.testing.assert_array_equal(copy.image(key), benchmark.image(key))


def test_fields_are_a_config_schema():
    merged = OmegaConf.merge(OmegaConf.structured(CSF), {"studies": ["kim2013"], "luminances": [40]})
    assert OmegaConf.to_object(merged) == CSF(studies=["kim2013"], luminances=[40.0])


def test_the_default_design_is_what_the_readme_says(real):
    kinds = [stimulus.kind for stimulus in real.stimuli]
    levels = [stimulus.level for stimulus in real.stimuli]
    assert {kind: kinds.count(kind) for kind in DIRECTIONS} == dict(
        zip(DIRECTIONS, (36, 32, 33), strict=True)
    )
    assert [levels.count(f"{level} cd/m2") for level in (2, 20, 200)] == [15, 50, 36]
    assert len({key for pair in real.pairs for key in (pair.reference, pair.distorted)}) == 710
    assert {reason: len(names) for reason, names in by_reason(real.excluded).items()} == {
        "its luminance is not asked for": 91,
        TOO_WIDE: 16,
        TOO_FINE: 5,
        BEYOND: 3,
    }
    frequencies = {patch_of(real, stimulus).frequency for stimulus in real.stimuli}
    assert frequencies == {0.5, 1.0, 2.0, 4.0, 6.0}


def test_every_condition_of_the_real_study_can_be_drawn_at_its_highest_contrast(real):
    for stimulus in real.stimuli:
        image = real.image(key_at(stimulus.name, stimulus.ladder[-1]))
        assert 0.0 <= float(image.min()) < float(image.max()) <= 1.0


@pytest.mark.slow
def test_the_difference_of_pixels_reaches_its_known_agreement(real, bootstrap):
    backgrounds = {each.background: real.image(each.background) for each in real.stimuli}
    differences = (real.image(pair.distorted) - backgrounds[pair.reference] for pair in real.pairs)
    distances = np.array(
        [[math.sqrt(float(np.mean(np.square(each, dtype=np.float64)))) for each in differences]]
    )
    scores = {(score.subset, score.metric): score.value for score in real.agreement(distances, bootstrap)}
    assert scores["all", "plcc"] == pytest.approx(0.8985, abs=0.002)
    assert scores["all", "rmse"] == pytest.approx(0.2941, abs=0.002)


def test_a_display_of_another_distance_shows_other_conditions(shared_data):
    wide = CSF(root=str(shared_data), pixels_per_degree=12.0, luminances=[20.0])
    near = wide.load(shared_data, (), network=False)
    sigmas = {patch_of(near, stimulus).sigma for stimulus in near.stimuli}
    assert max(sigmas) == 2.0
    assert max(patch_of(near, stimulus).frequency for stimulus in near.stimuli) == 2.0
    assert isinstance(near.images, Drawings)
    assert near.images.display == Display(256, 12.0, PEAK, "srgb")
