import copy

import pytest

from percepnet.config import conf_folder, identity, make, run_folder, run_id
from percepnet.errors import InputError

GROUPS = {
    path.name: sorted(file.stem for file in path.glob("*.yaml"))
    for path in conf_folder().iterdir()
    if path.is_dir() and path.name != "hydra"  # launchers and sweepers: test_launchers.py
}


def test_there_are_eight_groups_with_this_many_options():
    counts = {group: len(options) for group, options in GROUPS.items()}
    assert counts == {
        "goal": 37,
        "dataset": 43,
        "arch": 28,
        "readout": 14,
        "benchmark": 18,
        "baseline": 17,
        "compute": 3,
        "tracking": 3,
    }


@pytest.mark.parametrize("choice", [f"{group}={name}" for group, names in GROUPS.items() for name in names])
def test_every_option_composes_and_its_objects_can_be_made(compose, choice):
    settings = compose(choice)
    assert make(settings["readout"]).statistics
    for name, node in settings["benchmark"].items():
        if name != "root":
            assert make(node).name == name
    for name, node in settings["baseline"].items():
        baseline = make(node)
        assert baseline.name == name
        assert baseline.variant
        assert baseline.trained_on in ("none", "bapps", "kadid10k")


def test_the_defaults_are_those_of_the_documentation(compose):
    settings = compose()
    assert settings["goal"]["name"] == "classification"
    assert settings["dataset"]["name"] == "imagenet1k"
    assert settings["arch"] == {
        "name": "alexnet",
        "variant": "",
        "taps": [],
        "tokens": "patches",
        "custom": {},
    }
    assert settings["recipe"] is None
    assert settings["readout"]["_target_"].endswith("Layerwise")
    assert set(settings["benchmark"]) == {"root", "modelfest"}
    assert settings["baseline"] == {}
    assert settings["tracking"]["mode"] == "offline"


def test_several_benchmarks_fit_in_one_cell(compose):
    settings = compose("benchmark=[modelfest,tid2013]", "benchmark.root=/data")
    assert set(settings["benchmark"]) == {"root", "modelfest", "tid2013"}
    assert settings["benchmark"]["tid2013"]["root"] == "/data"


def test_a_variant_may_be_written_as_a_number(compose):
    assert compose("arch=resnet", "arch.variant=18")["arch"]["variant"] == "18"


@pytest.mark.parametrize(
    "override",
    [
        "compute.device=cpu",
        "compute.batch=3",
        "compute.batch=auto",
        "compute.compile=false",
        "compute.threads=1",
        "compute.image_cache=true",
        "tracking=disabled",
        "results=/elsewhere",
        "sources.cache=/elsewhere",
        "sources.accept=[x]",
        "invocation=x",
        "retry=true",
        "study=other",
        "baseline=[psnr,lpips_alex]",
        "benchmark.root=/elsewhere",
        "weights_seed=5",
    ],
)
def test_what_does_not_change_the_numbers_does_not_change_the_run_id(compose, override):
    assert run_id(compose(override)) == run_id(compose())


@pytest.mark.parametrize(
    "override",
    [
        "arch=vgg",
        "arch.taps=[features.0]",
        "readout=concatenated",
        "readout.distance=unit_normalised",
        "weights=random",
        "goal=untrained",
        "goal=jigsaw",
        "dataset=places365",
        "recipe=tv1",
        "arch.tokens=class",
        "benchmark=tid2013",
        "benchmark.modelfest.encoding=linear",
        "agreement.resamples=10",
        "compute.precision=bf16",
        "compute.compile=true",
        "statistics=[squared_difference]",
    ],
)
def test_what_may_change_the_numbers_changes_the_run_id(compose, override):
    assert run_id(compose(override)) != run_id(compose())


def test_an_untrained_network_has_a_seed_but_no_goal(compose):
    one = compose("weights=random", "weights_seed=1")
    other = copy.deepcopy(one)
    other["goal"]["name"] = "jigsaw"
    assert run_id(one) == run_id(other)
    assert run_id(one) != run_id(compose("weights=random", "weights_seed=2"))


def test_untrained_is_a_goal_and_a_kind_of_weights_and_both_are_one_cell(compose):
    assert run_id(compose("goal=untrained")) == run_id(compose("weights=random"))
    assert "untrained" in run_folder(compose("goal=untrained"))


def test_a_changed_default_changes_the_identity_because_the_settings_are_hashed_resolved(compose):
    settings = compose()
    assert identity(settings)["agreement"]["resamples"] == 1000


def test_a_run_folder_is_readable_and_at_most_64_characters_long(compose):
    folder = run_folder(compose("benchmark=[modelfest,tid2013,tid2013_kodak]", "arch=efficientnet_lite"))
    assert folder.startswith("efficientnet_lite0-classification-layerwise-model")
    assert len(folder) == 64


def test_a_setting_of_the_wrong_name_or_type_is_refused():
    target = "percepnet.readouts.layerwise.Layerwise"
    with pytest.raises(InputError, match="did you mean distance"):
        make({"_target_": target, "distence": "euclidean"})
    with pytest.raises(InputError, match="setting of Layerwise is wrong"):
        make({"_target_": target, "distance": ["euclidean"]})


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("os.system", "outside percepnet"),
        ("percepnet.readouts.layerwise.Layerwize", "cannot be imported"),
        ("percepnet.readouts.distances.distance_called", "no dataclass"),
    ],
)
def test_a_target_outside_percepnet_or_of_no_class_is_refused(target, message):
    with pytest.raises(InputError, match=message):
        make({"_target_": target})
