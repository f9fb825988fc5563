from collections import Counter

import pytest
import yaml

from percepnet.config import conf_folder
from percepnet.errors import InputError, NothingThereError
from percepnet.networks import layouts
from percepnet.networks.architectures import architecture, architectures
from percepnet.networks.catalogue import Checkpoint, checkpoints, find, untrained
from percepnet.networks.preprocessing import INPUTS
from percepnet.sources.fetch import PypiSource

ROWS = checkpoints()
PUBLISHERS_WITHOUT_HASHES = (
    "https://huggingface.co/",
    "https://dl.fbaipublicfiles.com/",
    "https://bitbucket.org/robert_geirhos/",
    "https://www.dropbox.com/",
    "http://places2.csail.mit.edu/",
    "http://content.sniklaus.com/",
)


def test_every_row_can_be_found_by_its_factors_and_its_recipe():
    for row in ROWS:
        assert find(*row.factors, row.recipe) is row


def test_where_there_are_several_recipes_one_is_the_default():
    by_factors: dict[tuple[str, ...], list[Checkpoint]] = {}
    for row in ROWS:
        by_factors.setdefault(row.factors, []).append(row)
    for factors, rows in by_factors.items():
        defaults = [row for row in rows if row.default]
        assert len(defaults) == 1 or len(rows) == 1, factors
        assert find(*factors) is (defaults or rows)[0]


def test_ids_are_unique_and_there_are_this_many_rows():
    assert len({row.id for row in ROWS}) == len(ROWS) == 330
    assert Counter(row.goal for row in ROWS)["classification"] == 174
    assert len({row.goal for row in ROWS}) == 36
    assert len({row.dataset for row in ROWS}) == 41
    assert len({row.arch for row in ROWS}) == 27


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_row_says_where_from_how_and_under_which_terms(row):
    assert row.sources
    assert row.licence
    assert row.citation
    assert row.parameters
    assert row.input in INPUTS
    assert row.score is None or row.score_name
    for sentence in row.confounds:
        assert sentence[0].isupper()
        assert sentence.endswith(".")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_file_has_a_hash_unless_its_publisher_gives_none(row):
    for source in row.sources:
        if isinstance(source, PypiSource):
            assert len(source.member_sha256 or "") == 64
        elif source.sha256 is None:
            assert source.url.startswith(PUBLISHERS_WITHOUT_HASHES)
        else:
            assert len(source.sha256) >= 8


def test_every_layout_exists():
    text = (files_of(layouts) / "layouts.yaml").read_text(encoding="utf-8")
    named = {source.layout for row in ROWS for source in row.sources}
    assert named <= set(yaml.safe_load(text))


def files_of(module):
    from pathlib import Path

    return Path(module.__file__).parent


def test_every_architecture_is_used():
    assert set(architectures()) == {row.architecture.name for row in ROWS}


def options(group):
    return {path.stem: yaml.safe_load(path.read_text()) for path in (conf_folder() / group).glob("*.yaml")}


@pytest.mark.parametrize(
    ("factor", "extra", "count"),
    [("goal", {"untrained"}, 37), ("dataset", {"any", "none"}, 43), ("arch", {"custom"}, 28)],
)
def test_the_options_of_the_sweep_are_those_of_the_catalogue(factor, extra, count):
    found = options(factor)
    assert len(found) == count
    assert set(found) == {getattr(row, factor) for row in ROWS} | extra
    assert all(content["name"] == name for name, content in found.items())


def test_the_counts_in_the_headers_of_the_options_are_those_of_the_catalogue():
    for factor in ("goal", "dataset", "arch"):
        for path in (conf_folder() / factor).glob("*.yaml"):
            rows = [row for row in ROWS if getattr(row, factor) == path.stem]
            if rows:
                words = f"# {len(rows)} checkpoint{'s' * (len(rows) > 1)}: percepnet networks {factor}="
                assert words in path.read_text(), path


def test_the_default_variant_of_every_architecture_exists():
    for name, content in options("arch").items():
        assert name == "custom" or content["variant"] in {row.variant for row in ROWS if row.arch == name}


def test_a_goal_that_never_saw_imagenet_brings_its_own_dataset(compose):
    settings = compose("goal=edges", "arch=vgg")
    assert settings["dataset"]["name"] == "bsds500"
    assert compose("goal=edges", "dataset=imagenet1k")["dataset"]["name"] == "imagenet1k"
    for name in options("goal"):
        dataset = compose(f"goal={name}")["dataset"]["name"]
        assert name == "untrained" or any((row.goal, row.dataset) == (name, dataset) for row in ROWS)


def test_any_dataset_is_imagenet_where_there_is_one_and_else_what_the_goal_was_trained_on():
    assert find("classification", "any", "vgg", "16").dataset == "imagenet1k"
    assert find("edges", "any", "vgg", "16").dataset == "bsds500"
    assert find("perceptual", "any", "vgg", "16").id == "vgg16-st.perceptual.bapps"


def test_a_recipe_chooses_among_several_networks():
    assert find("classification", "imagenet1k", "resnet", "50").id == "resnet50.tv1"
    assert find("classification", "imagenet1k", "resnet", "50", "a1").id == "resnet50.a1_in1k"
    with pytest.raises(NothingThereError, match="did you mean tv2 or tv1"):
        find("classification", "imagenet1k", "resnet", "50", "tv3")


def test_a_hole_is_named_with_the_nearest_combinations_that_exist():
    with pytest.raises(NothingThereError, match=r"goal=byol.*\n(.*\n)*.*arch=alexnet"):
        find("byol", "imagenet1k", "alexnet", "")


def test_an_untrained_control_has_the_preprocessing_of_the_trained_network_and_no_source():
    control, trained = untrained("vgg", "16", seed=3), find("classification", "imagenet1k", "vgg", "16")
    assert control.preprocessing == trained.preprocessing
    assert (control.goal, control.sources, control.id) == ("untrained", (), "vgg16.untrained.3")


def test_the_control_of_another_architecture_of_the_family_is_had_by_its_name():
    control = untrained("vgg", "16", 0, "stlpips_vgg16")
    assert control.id == "stlpips_vgg16.untrained.0"
    with pytest.raises(NothingThereError, match="did you mean hed_vgg16"):
        untrained("vgg", "16", 0, "hed_vgg")


def test_an_unknown_variant_names_those_that_exist():
    with pytest.raises(NothingThereError, match="resnet 18"):
        untrained("resnet", "19", seed=0)


def test_an_unknown_key_of_an_architecture_names_the_nearest():
    with pytest.raises(InputError, match="did you mean builder"):
        architecture("mine", {"bilder": "timm:resnet50"})
