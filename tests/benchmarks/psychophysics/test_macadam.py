import dataclasses
import itertools
import pickle
from typing import Any

import numpy as np
import pytest
import yaml
from omegaconf import OmegaConf

from percepnet.agreement.contract import Bootstrap
from percepnet.benchmarks.psychophysics.colour_space import library, linear_srgb_to_xyz
from percepnet.benchmarks.psychophysics.macadam import MacAdam
from percepnet.benchmarks.psychophysics.macadam_ellipses import published
from percepnet.config import conf_folder
from percepnet.errors import InputError

NO_RESAMPLES = Bootstrap(resamples=0)


def load(tmp_path, **settings):
    return MacAdam(**settings).load(tmp_path, (), network=False)


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    return load(tmp_path_factory.mktemp("cache"))


def shown_xy(benchmark):
    """Return xy `[2]` of every image, from its pixels."""
    keys = {key for pair in benchmark.pairs for key in (pair.reference, pair.distorted)}
    decode = library().cctf_decoding
    light = {key: decode(benchmark.image(key)[0, 0].astype(np.float64), function="sRGB") for key in keys}
    return {key: library().XYZ_to_xy(linear_srgb_to_xyz(linear)) for key, linear in light.items()}


def agreement(benchmark, distance):
    distances = np.array([[distance(pair) for pair in benchmark.pairs]])
    scores = benchmark.agreement(distances, NO_RESAMPLES)
    return {score.metric: score.value for score in scores}


def direction(angle):
    return np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])


def quadratic_form(ellipse):
    """Return the matrix `[2, 2]` whose form is 1 on the ellipse."""
    axes = np.stack([direction(ellipse.theta), direction(ellipse.theta + 90.0)])
    return axes.T @ np.diag([ellipse.major**-2, ellipse.minor**-2]) @ axes


@pytest.mark.parametrize("ellipse", published(), ids=lambda ellipse: ellipse.name)
def test_radii_lie_on_the_ellipse(ellipse):
    for angle in np.arange(0.0, 360.0, 7.5):
        way = ellipse.radius(angle) * direction(angle)
        assert way @ quadratic_form(ellipse) @ way == pytest.approx(1.0, abs=1e-12)
    assert ellipse.radius(ellipse.theta) == pytest.approx(ellipse.major)
    assert ellipse.radius(ellipse.theta + 90.0) == pytest.approx(ellipse.minor)


def test_radii_are_those_of_the_packages_own_points():
    for ellipse in published():
        parameters = [*ellipse.centre, ellipse.major, ellipse.minor, ellipse.theta]
        points = library().geometry.point_at_angle_on_ellipse(np.arange(0.0, 360.0, 15.0), parameters)
        for way in points - ellipse.centre:
            angle = np.degrees(np.arctan2(way[1], way[0]))
            assert ellipse.radius(angle) == pytest.approx(np.hypot(*way), rel=1e-9)


def test_ellipses_are_those_of_the_1942_table():
    ellipses = published()
    assert [ellipse.name for ellipse in ellipses] == [f"{number:02d}" for number in range(1, 26)]
    first, last = ellipses[0], ellipses[-1]
    # Wyszecki and Stiles (2000), table 2(5.4.1), observed
    known = [(first, [0.16, 0.057, 0.85e-3, 0.35e-3, 62.5]), (last, [0.365, 0.153, 3.6e-3, 0.95e-3, 40.0])]
    for ellipse, row in known:
        found = [*ellipse.centre, ellipse.major, ellipse.minor, ellipse.theta]
        assert found == pytest.approx(row, rel=1e-12)
    assert all(ellipse.major > ellipse.minor for ellipse in ellipses)


def test_ellipses_and_directions_outside_srgb_are_excluded_by_name(benchmark):
    names = [
        "01",
        "03:0",
        "03:270",
        "03:315",
        "04",
        "05",
        "06",
        "07",
        "08",
        "11",
        "18",
        "19",
        "22",
        "24:315",
        "25",
    ]
    assert list(benchmark.excluded) == names
    assert benchmark.excluded["01"] == "its centre is outside sRGB"
    assert benchmark.excluded["24:315"] == "its longest step is outside sRGB"
    assert len(benchmark.stimuli) == 14 * 8 - 4
    assert len({stimulus.cluster for stimulus in benchmark.stimuli}) == 14
    assert len({key for pair in benchmark.pairs for key in (pair.reference, pair.distorted)}) == 986


def test_a_brighter_display_shows_no_more_and_a_dimmer_one_less(tmp_path, benchmark):
    kept = {peak: len(load(tmp_path, peak_luminance=peak).stimuli) for peak in (100.0, 200.0, 1e5)}
    assert kept[100.0] < kept[200.0] < len(benchmark.stimuli) == kept[1e5]


def test_pairs_of_a_background_are_neighbours_and_scores_are_log_radii(benchmark):
    assert len(list(itertools.groupby(pair.reference for pair in benchmark.pairs))) == 14
    radii = {ellipse.name: ellipse.radius for ellipse in published()}
    for pair in benchmark.pairs:
        angle = float(pair.distorted.partition(":")[2].partition("@")[0])
        assert 10.0**pair.score == pytest.approx(radii[pair.reference](angle))
        assert pair.cluster == pair.reference


def test_patches_lie_at_their_distance_and_direction_in_the_diagram(benchmark):
    xy = shown_xy(benchmark)
    centres = {ellipse.name: ellipse.centre for ellipse in published()}
    for pair in benchmark.pairs:
        np.testing.assert_allclose(xy[pair.reference], centres[pair.reference], atol=1e-6)
        angle, _, step = pair.distorted.partition(":")[2].partition("@")
        way = float(step) * direction(float(angle))
        np.testing.assert_allclose(xy[pair.distorted] - xy[pair.reference], way, atol=1e-6)


@pytest.mark.parametrize("peak_luminance", [400.0, 800.0])
def test_all_patches_have_one_luminance(tmp_path, peak_luminance):
    benchmark = load(tmp_path, peak_luminance=peak_luminance, encoding="linear", size=2)
    for pair in benchmark.pairs:
        light = linear_srgb_to_xyz(benchmark.image(pair.distorted)[1, 1].astype(np.float64))
        assert light[1] == pytest.approx(48.0 / peak_luminance, rel=1e-6)


def test_images_are_uniform_floats(benchmark):
    image = benchmark.image("13:45@0.002")
    assert image.dtype == np.float32
    assert image.shape == (64, 64, 3)
    np.testing.assert_array_equal(image, np.broadcast_to(image[0, 0], image.shape))
    assert 0.0 < np.abs(benchmark.image("13") - benchmark.image("13:45@0.0002")).max() < 1.0 / 255.0


def test_the_ladder_tells_nothing_of_the_answer(benchmark):
    assert len({stimulus.ladder for stimulus in benchmark.stimuli}) == 1
    radii = [10.0**stimulus.threshold for stimulus in benchmark.stimuli]
    assert benchmark.stimuli[0].ladder[0] < min(radii) < max(radii) < benchmark.stimuli[0].ladder[-1]


def test_distance_in_the_diagram_has_equal_thresholds_everywhere(benchmark):
    found = agreement(benchmark, lambda pair: float(pair.distorted.rpartition("@")[2]))
    assert np.isnan(found["plcc"])
    spread = np.std([stimulus.threshold for stimulus in benchmark.stimuli])
    assert found["rmse"] == pytest.approx(spread, abs=1e-6)


def test_each_ellipses_own_metric_is_the_answer(benchmark):
    forms = {ellipse.name: quadratic_form(ellipse) for ellipse in published()}

    def mahalanobis(pair):
        angle, _, step = pair.distorted.partition(":")[2].partition("@")
        way = float(step) * direction(float(angle))
        return 7.0 * np.sqrt(way @ forms[pair.reference] @ way)

    found = agreement(benchmark, mahalanobis)
    assert found["plcc"] == pytest.approx(1.0)
    assert found["rmse"] == pytest.approx(0.0, abs=1e-6)


def test_uniform_colour_spaces_come_closer_than_the_diagram(benchmark):
    """CIELUV was made for it, CIELAB follows; CIEDE2000, made for larger differences, falls behind both."""
    colour, keys = library(), {key for pair in benchmark.pairs for key in (pair.reference, pair.distorted)}
    xyz = {key: linear_srgb_to_xyz(benchmark.images.colours[key]) for key in keys}
    lab = {key: colour.XYZ_to_Lab(xyz[key]) for key in keys}
    luv = {key: colour.XYZ_to_Luv(xyz[key]) for key in keys}

    def between(space, method):
        return lambda pair: float(colour.delta_E(space[pair.reference], space[pair.distorted], method=method))

    cieluv = agreement(benchmark, lambda p: float(np.linalg.norm(luv[p.reference] - luv[p.distorted])))
    cielab = agreement(benchmark, between(lab, "CIE 1976"))
    ciede2000 = agreement(benchmark, between(lab, "CIE 2000"))
    assert [cieluv["plcc"], cielab["plcc"], ciede2000["plcc"]] == pytest.approx(
        [0.724, 0.609, 0.436], abs=1e-3
    )
    assert [cieluv["rmse"], cielab["rmse"], ciede2000["rmse"]] == pytest.approx(
        [0.141, 0.168, 0.209], abs=1e-3
    )
    spread = np.std([stimulus.threshold for stimulus in benchmark.stimuli])
    assert cieluv["rmse"] < cielab["rmse"] < spread


def test_fingerprint_is_stable_and_changes_with_all_that_counts(tmp_path, benchmark):
    assert load(tmp_path).fingerprint() == benchmark.fingerprint()
    changes: list[dict[str, Any]] = [
        {"ladder": [0.001, 0.002, 0.004]},
        {"directions": 4},
        {"size": 32},
        {"encoding": "linear"},
        {"luminance": 24.0},
    ]
    fingerprints = {load(tmp_path, **change).fingerprint() for change in changes}
    assert len(fingerprints | {benchmark.fingerprint()}) == 6


def test_it_can_be_sent_to_another_process(benchmark):
    copy = pickle.loads(pickle.dumps(benchmark))
    assert copy.fingerprint() == benchmark.fingerprint()
    assert copy.excluded == benchmark.excluded


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ladder": [0.001, 0.0005, 0.01]}, "ladder"),
        ({"ladder": [0.001, 0.01]}, "ladder"),
        ({"directions": 0}, "no directions"),
        ({"size": 0}, "no pixels"),
        ({"encoding": "rec709"}, "encoding is unknown"),
        ({"luminance": 0.0}, "luminance is none"),
        ({"peak_luminance": float("nan")}, "peak_luminance is none"),
        ({"peak_luminance": 10.0}, "no condition left"),
        ({"ladder": [0.01, 0.1, 1.0]}, "no condition left"),
    ],
)
def test_settings_are_checked(tmp_path, settings, message):
    with pytest.raises(InputError, match=message):
        load(tmp_path, **settings)


def test_an_unknown_key_is_answered_with_the_nearest(benchmark):
    with pytest.raises(InputError, match="did you mean"):
        benchmark.image("13:44@0.002")


def test_fields_are_a_config_schema_with_the_defaults_of_the_yaml():
    path = conf_folder() / "benchmark" / "macadam.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings = {key: value for key, value in settings.items() if key != "_target_"}
    assert OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(MacAdam), settings)) == MacAdam()
    assert set(settings) | {"name"} == {field.name for field in dataclasses.fields(MacAdam)}
