import pytest

from percepnet.config import conf_folder
from percepnet.errors import NothingThereError
from percepnet.networks.catalogue import checkpoints, find, untrained
from percepnet.sources.fetch import PypiSource


def test_every_row_can_be_found_by_its_factors():
    for row in checkpoints():
        assert find(row.goal, row.dataset, row.arch, row.variant) is row


def test_ids_are_unique_and_every_row_has_a_source_with_a_hash():
    assert len({row.id for row in checkpoints()}) == len(checkpoints()) == 6
    for row in checkpoints():
        for source in row.sources:
            assert source.archive_sha256 if isinstance(source, PypiSource) else source.sha256


@pytest.mark.parametrize("factor", ["goal", "dataset", "arch"])
def test_the_options_of_the_sweep_are_those_of_the_catalogue(factor):
    options = {path.stem for path in (conf_folder() / factor).glob("*.yaml")}
    assert options == {getattr(row, factor) for row in checkpoints()}


def test_a_hole_is_named_with_the_nearest_combinations_that_exist():
    with pytest.raises(NothingThereError, match=r"goal=jigsaw.*\n(.*\n)*.*arch=alexnet"):
        find("jigsaw", "imagenet1k", "alexnet", "")


def test_an_untrained_control_has_the_preprocessing_of_the_trained_network_and_no_source():
    control, trained = untrained("vgg", "16", seed=3), find("classification", "imagenet1k", "vgg", "16")
    assert control.preprocessing == trained.preprocessing
    assert (control.goal, control.sources, control.id) == ("untrained", (), "vgg16.untrained.3")


def test_an_unknown_variant_names_those_that_exist():
    with pytest.raises(NothingThereError, match="resnet 18"):
        untrained("resnet", "19", seed=0)
