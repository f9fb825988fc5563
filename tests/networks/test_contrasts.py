import pytest

from percepnet.errors import InputError
from percepnet.networks.catalogue import checkpoints
from percepnet.networks.contrasts import HELD, contrasts, curated, group_called, level, matched


@pytest.mark.parametrize("factor", ["goal", "dataset", "arch"])
def test_at_least_three_curated_groups_of_five_or_more_for_each_factor(factor):
    large = [group for group in curated() if group.factor == factor and len(group.members) >= 5]
    assert len(large) >= 3
    found = [group for group in contrasts(factor=factor) if not group.curated and len(group.members) >= 5]
    assert len(found) >= 3


@pytest.mark.parametrize("factor", list(HELD))
def test_members_are_the_same_in_all_factors_but_one(factor):
    for group in matched(checkpoints(), factor):
        assert len(group.levels) > 1
        assert len({HELD[factor](row) for row in group.members}) == 1
        assert len(set(group.members)) == len(group.members)


def test_every_network_that_has_a_partner_is_in_a_group_and_no_other():
    rows = checkpoints()
    grouped = {row.id for group in matched(rows, "goal") for row in group.members}
    for row in rows:
        partners = {
            other.goal for other in rows if (other.dataset, other.arch, other.variant) == HELD["goal"](row)
        }
        assert (row.id in grouped) == (len(partners) > 1)


def test_curated_names_are_unique_and_every_group_has_a_caveat():
    names = [group.name for group in curated()]
    assert len(set(names)) == len(names) >= 40
    assert all(group.caveat and group.factor in HELD for group in curated())


def test_a_group_shows_the_confounds_of_its_members_and_what_the_rows_show_themselves():
    confounds = group_called("vgg16-goals").confounds
    hed = "It descends from the Caffe VGG-16 (vgg16.caffe-features), not from torchvision's."
    assert confounds[hed] == ("vgg16.edge.bsds500",)
    assert any(sentence.startswith("Several modules: vgg16, hed_vgg16") for sentence in confounds)
    assert any(sentence.startswith("Several datasets: imagenet1k, bsds500") for sentence in confounds)
    assert not any(sentence.startswith("Several goals") for sentence in confounds)


def test_a_clean_pair_has_only_its_recipes_to_confess():
    assert list(group_called("ipcl-diet-pair").confounds) == ["Several recipes: diet, aug2."]


def test_groups_of_some_networks_hold_no_others():
    rows = [row for row in checkpoints() if row.arch == "alexnet"]
    assert all(set(group.members) <= set(rows) for group in contrasts(rows))


def test_the_level_of_an_architecture_has_its_variant():
    row = next(row for row in checkpoints() if row.id == "resnet50.tv1")
    assert (level(row, "arch"), level(row, "goal")) == ("resnet 50", "classification")


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean goal"):
        contrasts(factor="goals")
    with pytest.raises(InputError, match="did you mean vissl-goals"):
        group_called("vissl-goal")
