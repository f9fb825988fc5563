"""Effects and shares on simulated studies of known truth, and against closed forms."""

from functools import cache
from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from percepnet.ablation.design import design
from percepnet.ablation.evidence import FACTORS
from percepnet.ablation.mixed import MIXED, ORDINARY
from percepnet.ablation.variance import factor_effects
from percepnet.errors import NothingThereError
from tests.ablation.simulated import cell, evidence, grid

EFFECTS = {
    "goal": {"classification": 0.0, "jigsaw": -0.05, "dino": 0.02},
    "dataset": {"imagenet1k": 0.0, "places365": 0.0},
    "arch": {"alexnet": 0.0, "vgg": 0.06, "resnet": -0.04, "vit": 0.0},
    "readout": {"layerwise": 0.0, "gram": 0.02, "cosine": -0.01},
}
NOTHING = {factor: dict.fromkeys(levels, 0.0) for factor, levels in EFFECTS.items()}


def of(model, factor, level):
    [found] = [one for one in model.effects if (one.factor, one.level) == (factor, level)]
    return found


def shares(model):
    return {one.factor: one.value for one in model.shares}


def split_plot(levels=3, members=4, readouts=5, seed=0):
    """Scores `[levels, members, readouts]` and their evidence: networks of a factor, each in all readouts."""
    generator = np.random.default_rng(seed)
    scores = 0.5 + 0.05 * generator.normal(size=(levels, members, 1))
    scores = scores + 0.02 * generator.normal(size=(levels, members, readouts))
    scores += 0.1 * np.arange(levels)[:, None, None]
    cells = [
        cell(value, f"n{g}.{n}", goal=f"g{g}", readout=f"r{r}") for (g, n, r), value in np.ndenumerate(scores)
    ]
    return scores, evidence(cells)


def test_a_balanced_study_gives_the_analysis_of_variance_of_a_split_plot():
    """Closed forms: Milliken & Johnson (2009), Analysis of Messy Data 1, split plots."""
    scores, study = split_plot()
    levels, members, readouts = scores.shape
    model = factor_effects(study, interactions=())
    networks = scores.mean(axis=2)
    between = (
        readouts * ((networks - networks.mean(axis=1, keepdims=True)) ** 2).sum() / (levels * (members - 1))
    )
    left = scores - networks[:, :, None] - scores.mean(axis=(0, 1)) + scores.mean()
    df = (levels * members - 1) * (readouts - 1)
    within = (left**2).sum() / df
    goal, readout = of(model, "goal", "g1"), of(model, "readout", "r1")
    half = stats.t.ppf(0.975, levels * (members - 1)) * np.sqrt(2 * between / (members * readouts))
    assert (goal.value, goal.high - goal.value) == pytest.approx(
        (networks[1].mean() - networks[0].mean(), half)
    )
    half = stats.t.ppf(0.975, df) * np.sqrt(2 * within / (levels * members))
    assert readout.high - readout.value == pytest.approx(half)
    assert model.residual_sd == pytest.approx(np.sqrt(within))
    assert model.network_sd == pytest.approx(np.sqrt((between - within) / readouts), rel=1e-4)
    assert (goal.df, readout.df, model.method) == (levels * (members - 1), df, MIXED)


def test_an_interaction_leaves_a_factors_effect_the_mean_over_the_other_factor():
    scores, study = split_plot()
    scores[1, :, 1] += 0.3
    cells = [
        cell(value, f"n{g}.{n}", goal=f"g{g}", readout=f"r{r}") for (g, n, r), value in np.ndenumerate(scores)
    ]
    model = factor_effects(evidence(cells))
    assert model.interactions == ("goal:readout",)
    assert of(model, "goal", "g1").value == pytest.approx(scores[1].mean() - scores[0].mean())
    within = scores.mean(axis=(0, 1))
    assert of(model, "readout", "r1").value == pytest.approx(within[1] - within[0])
    assert of(model, "readout", "r1").df == (12 - 3) * 4
    assert shares(model)["goal:readout"] > shares(factor_effects(study))["goal:readout"] + 0.1


def test_scores_without_noise_give_the_effects_exactly():
    model = factor_effects(grid(EFFECTS, missing=0.4, seed=3), interactions=())
    for one in model.effects:
        levels = EFFECTS[one.factor]
        assert one.value == pytest.approx(levels[one.level] - levels[one.reference], abs=1e-9)
        assert (one.high - one.low) == pytest.approx(0.0, abs=1e-6)


def test_the_shares_of_a_balanced_study_are_the_variances_of_its_effects():
    found = shares(factor_effects(grid(EFFECTS, cell_sd=1e-6), interactions=()))
    variances = {factor: np.var(list(levels.values())) for factor, levels in EFFECTS.items()}
    total = sum(variances.values())
    assert found == pytest.approx(
        {factor: value / total for factor, value in variances.items()} | {"network": 0.0, "rest": 0.0},
        abs=1e-6,
    )


def test_the_shares_of_an_unbalanced_study_are_the_mean_gain_over_all_orders():
    study = grid(EFFECTS, cell_sd=1e-6, missing=0.4, seed=4)
    assert shares(factor_effects(study, interactions=())) == pytest.approx(
        known(study, EFFECTS, 0, 0), abs=1e-5
    )


def test_an_interactions_share_is_the_variance_that_no_factor_explains():
    both = {("classification", "layerwise"): 0.1, ("jigsaw", "gram"): 0.1, ("dino", "cosine"): 0.1}
    study = grid(NOTHING, cell_sd=1e-6, interaction=both)  # each row and column has the same sum
    found = shares(factor_effects(study))
    assert found.pop("goal:readout") == pytest.approx(1.0, abs=1e-6)
    assert list(found.values()) == pytest.approx([0.0] * len(found), abs=1e-6)


def test_the_same_score_everywhere_has_no_shares_and_no_effects():
    model = factor_effects(grid(NOTHING))
    assert model.shares == ()
    assert [one.value for one in model.effects] == pytest.approx([0.0] * len(model.effects))


def test_an_effect_has_an_interval_over_images_beside_the_one_over_networks():
    study = grid(EFFECTS, 0.03, 0.015, image_sd=0.01, seed=5)
    effect = of(factor_effects(study, interactions=()), "goal", "jigsaw")
    draws = {
        goal: np.mean([one.best.draws for one in study.cells if one.levels["goal"] == goal], axis=0)
        for goal in EFFECTS["goal"]
    }
    expected = study.of(draws["jigsaw"] - draws["classification"])
    assert effect.images[:3] == pytest.approx(expected[:3])
    assert effect.images.value == pytest.approx(effect.value)


def test_a_confounded_goal_is_refused_and_takes_nothing_from_the_others():
    hed = [cell(0.9, "hed", "edges", "bsds500", "vgg", readout) for readout in EFFECTS["readout"]]
    whole = factor_effects(evidence([*grid(EFFECTS, 0.03, 0.015).cells, *hed]), interactions=())
    assert "goal=edges occurs only with dataset=bsds500: their effects cannot be told apart" in whole.refused
    assert not [one for one in whole.effects if "edges" in one or "bsds500" in one]
    alone = factor_effects(grid(EFFECTS, 0.03, 0.015), interactions=())
    assert of(whole, "goal", "jigsaw").value == pytest.approx(of(alone, "goal", "jigsaw").value, abs=0.005)


def test_one_readout_leaves_networks_and_cells_one_and_says_so():
    study = grid({**EFFECTS, "readout": {"layerwise": 0.0}}, 0.03)
    model = factor_effects(study)
    assert (model.method, np.isnan(model.network_sd)) == (ORDINARY, True)
    assert "network" not in shares(model)
    assert sum(shares(model).values()) == pytest.approx(1.0)
    assert of(model, "goal", "jigsaw").df == 24 - 1 - 2 - 1 - 3


def test_as_many_effects_as_networks_have_no_interval_and_no_shares():
    cells = [
        cell(0.5 + 0.1 * g + 0.01 * r**2 * g, f"n{g}", f"g{g}", readout=f"r{r}")
        for g in range(3)
        for r in range(4)
    ]
    model = factor_effects(evidence(cells), interactions=())
    assert model.shares == ()
    assert any(reason.startswith("shares:") for reason in model.refused)
    goal = of(model, "goal", "g1")
    assert (goal.df, np.isnan(goal.low), np.isnan(goal.p)) == (0, True, True)
    assert np.isfinite(of(model, "readout", "r1").low)


def test_too_few_cells_are_no_model():
    with pytest.raises(NothingThereError, match="too few cells"):
        factor_effects(evidence([cell(0.5, "a"), cell(0.6, "b", goal="g1")]))
    with pytest.raises(NothingThereError, match="too few cells"):
        factor_effects(evidence([cell(0.5, "a")]))


def test_the_same_study_gives_the_same_shares():
    study = grid(EFFECTS, 0.03, 0.015)
    assert factor_effects(study).shares == factor_effects(study).shares


def known(study, effects, network_sd, cell_sd):
    """The true shares of a study, by brute force over all orders."""
    plan = design(study)
    signal = np.array([sum(effects[name][one.levels[name]] for name in FACTORS) for one in study.cells])

    def explained(names):
        matrix = np.column_stack([np.ones(len(signal)), *(plan.terms[name] for name in names)])
        return np.var(matrix @ np.linalg.lstsq(matrix, signal)[0])

    gains = dict.fromkeys(FACTORS, 0.0)
    for order in permutations(FACTORS):
        for place, name in enumerate(order):
            gains[name] += (explained(order[: place + 1]) - explained(order[:place])) / 24
    sizes, count = plan.networks.sum(axis=0), len(signal)
    gains["network"] = network_sd**2 * (count - (sizes**2).sum() / count) / count
    gains["rest"] = cell_sd**2 * (count - 1) / count
    total = sum(gains.values())
    return {name: gain / total for name, gain in gains.items()}


STUDIES = {"balanced": (EFFECTS, 0.0), "missing": (EFFECTS, 0.4), "nothing": (NOTHING, 0.4)}
TRIALS = 200


@cache
def simulated(name):
    """Models of many studies of one truth, each with its true shares."""
    effects, missing = STUDIES[name]
    studies = [grid(effects, 0.03, 0.015, seed=seed, missing=missing) for seed in range(TRIALS)]
    return [(factor_effects(study, ()), known(study, effects, 0.03, 0.015)) for study in studies]


def binomial(rate, count, errors=3.0):
    return errors * np.sqrt(rate * (1 - rate) / count)


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_the_intervals_of_effects_cover_the_truth_at_their_rate(name):
    effects = STUDIES[name][0]
    for factor in FACTORS:
        per_study = [
            np.mean(
                [
                    one.low <= effects[factor][one.level] - effects[factor][one.reference] <= one.high
                    for one in model.effects
                    if one.factor == factor
                ]
            )
            for model, _ in simulated(name)
        ]
        assert np.mean(per_study) == pytest.approx(0.95, abs=binomial(0.95, TRIALS))


@pytest.mark.slow
def test_effects_that_are_none_are_found_at_the_nominal_rate():
    for factor in FACTORS:
        found = [
            np.mean([one.p < 0.05 for one in model.effects if one.factor == factor])
            for model, _ in simulated("nothing")
        ]
        assert np.mean(found) == pytest.approx(0.05, abs=binomial(0.05, TRIALS))


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_shares_are_unbiased_and_their_intervals_cover_them(name):
    for factor in (*FACTORS, "network", "rest"):
        found = [next(one for one in model.shares if one.factor == factor) for model, _ in simulated(name)]
        truth = np.array([true[factor] for _, true in simulated(name)])
        errors = np.array([one.value for one in found]) - truth
        assert abs(errors.mean()) < 0.02 + 3 * errors.std() / np.sqrt(TRIALS)
        covered = np.mean([one.low <= true <= one.high for one, true in zip(found, truth, strict=True)])
        assert covered >= 0.90 - binomial(0.90, TRIALS)
