"""A design tells what it can tell apart, refuses the rest with the reason, and names what is missing."""

from itertools import product

import pytest

from percepnet.ablation.aliasing import comparisons, telling
from percepnet.ablation.design import design, missing_cells
from percepnet.errors import InputError, NothingThereError
from tests.ablation.simulated import cell, evidence


def study(networks, readouts=("r0", "r1")):
    """A cell of each network (goal, dataset, arch) in each readout."""
    return evidence(
        [
            cell(0.5, f"{goal}.{dataset}.{arch}", goal, dataset, arch, readout)
            for goal, dataset, arch in networks
            for readout in readouts
        ]
    )


CROSSED = list(product(("g0", "g1"), ("d0", "d1"), ("a0", "a1")))


def test_the_reference_is_the_most_frequent_level_and_every_other_is_compared_with_it():
    found, refused = comparisons(design(study([*CROSSED, ("g1", "d1", "a2")])))
    assert refused == []
    assert [tuple(one) for one in found] == [
        ("goal", "g0", "g1"),
        ("dataset", "d0", "d1"),
        ("arch", "a1", "a0"),
        ("arch", "a2", "a0"),
        ("readout", "r1", "r0"),
    ]


def test_a_goal_that_brings_its_own_images_is_refused_with_the_reason_and_the_rest_stands():
    found, refused = comparisons(design(study([*CROSSED, ("edges", "bsds500", "a0")])))
    assert refused == [
        "goal=edges occurs only with dataset=bsds500: their effects cannot be told apart",
        "dataset=bsds500 occurs only with goal=edges: their effects cannot be told apart",
    ]
    assert [one.level for one in found] == ["g1", "d1", "a1", "r1"]


def test_levels_that_can_be_compared_with_each_other_alone_have_a_reference_of_their_own():
    there = [
        ("g0", "d0", "a0"),
        ("g1", "d0", "a0"),
        ("g0", "d0", "a1"),
        ("g2", "d1", "a0"),
        ("g3", "d1", "a0"),
    ]
    found, refused = comparisons(design(study(there)))
    assert ("goal", "g3", "g2") in [tuple(one) for one in found]
    assert "goal=g2 occurs only with dataset=d1: their effects cannot be told apart" in refused
    assert "goal=g3 occurs only with dataset=d1: their effects cannot be told apart" in refused


def test_a_level_bound_to_two_others_names_both():
    _, refused = comparisons(design(study([*CROSSED, ("edges", "bsds500", "hed")])))
    assert refused[0] == (
        "goal=edges occurs only with dataset=bsds500 and arch=hed: their effects cannot be told apart"
    )


def test_levels_that_are_joined_by_no_chain_are_refused():
    there = [("g0", "d0", "a0"), ("g0", "d1", "a0"), ("g1", "d2", "a0"), ("g1", "d3", "a0")]
    _, refused = comparisons(design(study(there)))
    assert refused[0].startswith("goal=g1 cannot be compared with goal=g0: no chain of cells joins them ")
    assert refused[0].endswith("in which dataset can be allowed for")


def test_an_untrained_network_has_no_dataset_that_could_be_confounded_with_its_goal():
    plan = design(study([*CROSSED, ("untrained", "none", "a0"), ("untrained", "none", "a1")]))
    found, refused = comparisons(plan)
    assert refused == []
    assert ("goal", "untrained", "g0") in [tuple(one) for one in found]
    assert plan.levels["dataset"] == ("d0", "d1")
    assert missing_cells(plan) == []


def test_a_factor_of_one_level_is_said_to_be_one():
    _, refused = comparisons(design(study([("g0", "d0", "a0"), ("g0", "d0", "a1")])))
    assert refused == ["goal: only g0 was run", "dataset: only d0 was run"]


def test_missing_cells_are_named():
    there = study(CROSSED[:-1]).cells
    assert missing_cells(design(evidence(there[:-1]))) == [
        "g1.d1.a0 was not read by r1",
        "1 of 8 combinations of goal, dataset and arch have no network",
    ]
    assert missing_cells(design(study(CROSSED))) == []


def test_an_interaction_is_kept_where_all_its_combinations_occur():
    plan, refused = telling(design(study(CROSSED), ["goal:readout"]))
    assert (plan.interactions, refused) == ((("goal", "readout"),), [])
    fewer = [
        one for one in study(CROSSED).cells if (one.levels["goal"], one.levels["readout"]) != ("g1", "r1")
    ]
    plan, refused = telling(design(evidence(fewer), ["goal:readout"]))
    assert plan.interactions == ()
    assert refused == ["goal:readout is left out: no cell has goal=g1 and readout=r1"]


def test_an_interaction_that_leaves_nothing_to_judge_it_by_is_left_out():
    plan, refused = telling(design(study([("g0", "d0", "a0"), ("g1", "d0", "a0")]), ["goal:readout"]))
    assert plan.interactions == ()
    assert refused == ["goal:readout is left out: too few cells, nothing would be left to judge it by"]


def test_what_is_no_interaction_or_no_network_is_refused():
    with pytest.raises(InputError, match="goal:readout"):
        design(study(CROSSED), ["goal:readuot"])
    with pytest.raises(NothingThereError, match="no network"):
        design(evidence([cell(0.5, "ssim", "baseline", "", "ssim")]))
