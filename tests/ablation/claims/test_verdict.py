"""Every quantifier, direction and verdict, on differences that are known by hand."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from percepnet.ablation.claims import evaluate
from tests.ablation.claims.made import CLUSTERS, baseline, cell, claim, evidence

NAMES = ("alexnet.tv1", "vgg16.tv1", "resnet18.tv1", "resnet50.tv1", "densenet121.tv1")


def verdict(differences, error=0.005, **rule):
    """The verdict on networks that are so much more human-like than SSIM."""
    cells = [cell(name, 0.7 + by, error) for name, by in zip(NAMES, differences, strict=False)]
    asked = claim(subject={"goal": "classification"}, reference={"baseline": "ssim"}, **rule)
    [found] = evaluate(asked, [evidence(*cells, baseline("ssim", 0.7, error))])
    return found


@pytest.mark.parametrize(
    ("differences", "quantifier", "expected"),
    [
        ([0.1, 0.1, 0.1], "all", "supported"),
        ([0.1, 0.1, 0.0], "all", "inconclusive"),
        ([0.1, 0.1, -0.1], "all", "contradicted"),
        ([0.1, 0.1, -0.1], "most", "supported"),
        ([0.1, 0.0, -0.1], "most", "inconclusive"),
        ([0.1, 0.1, -0.1, -0.1], "most", "inconclusive"),
        ([0.1, -0.1, -0.1], "most", "contradicted"),
        ([0.1, -0.1, -0.1], "some", "supported"),
        ([0.0, -0.1, -0.1], "some", "inconclusive"),
        ([-0.1, -0.1, -0.1], "some", "contradicted"),
        ([0.3, -0.1, -0.1], "mean", "supported"),
        ([0.1, -0.1, 0.0], "mean", "inconclusive"),
        ([-0.3, 0.1, 0.1], "mean", "contradicted"),
    ],
)
def test_a_quantifier_asks_for_so_many_comparisons(differences, quantifier, expected):
    assert verdict(differences, quantifier=quantifier).verdict == expected


@pytest.mark.parametrize(
    ("difference", "direction", "margin", "expected"),
    [
        (0.10, "more", 0.05, "supported"),
        (0.02, "more", 0.05, "contradicted"),  # better, but surely not by so much
        (0.05, "more", 0.05, "inconclusive"),
        (0.00, "more", -0.05, "supported"),  # on a par
        (-0.10, "more", -0.05, "contradicted"),
        (-0.10, "less", 0.05, "supported"),
        (0.10, "less", 0.05, "contradicted"),
        (-0.02, "less", 0.05, "contradicted"),
        (0.02, "less", -0.05, "supported"),
        (0.00, "equal", 0.05, "supported"),
        (-0.01, "equal", 0.05, "supported"),
        (0.10, "equal", 0.05, "contradicted"),
        (-0.10, "equal", 0.05, "contradicted"),
        (0.05, "equal", 0.05, "inconclusive"),
    ],
)
def test_a_direction_is_held_against_its_margin(difference, direction, margin, expected):
    found = verdict([difference], direction=direction, margin=margin)
    assert found.verdict == expected
    assert found.margin == margin


def test_a_wide_interval_decides_nothing():
    for direction, margin in (("more", 0.0), ("less", 0.0), ("equal", 0.02)):
        assert verdict([0.01], 0.1, direction=direction, margin=margin).verdict == "inconclusive"


def test_the_arithmetic_holds_every_number_and_holms_p_is_over_all_steps():
    found = verdict([0.1, 0.012, -0.1], quantifier="most")
    steps = found.arithmetic
    assert [step.verdict for step in steps] == ["supported", steps[1].verdict, "contradicted"]
    first = steps[0]
    assert (first.ours, first.theirs) == ("alexnet.tv1 layerwise euclidean, features.1", "ssim, features.1")
    assert (first.ours_value, first.theirs_value) == pytest.approx((0.8, 0.7))
    assert first.effect.value == pytest.approx(0.1)
    middle = steps[1].effect
    assert steps[1].p == pytest.approx(2 * stats.t.sf(middle.value / middle.error, CLUSTERS - 1), abs=0.01)
    assert steps[1].holm == pytest.approx(min(1.0, 2 * steps[1].p))  # behind the first, before the last
    assert found.effect == middle
    assert found.reason == (
        "of 3 comparisons, 1 lies above 0 after Holm, 1 on the other side, 1 cannot be told; "
        "more than half are asked for, more than half on the other side refute it"
    )


def test_what_would_be_found_alone_is_not_found_among_many():
    alone = verdict([0.02], 0.006)
    assert alone.verdict == "supported"
    [step] = [
        step for step in verdict([0.02, 0.0, 0.0, 0.0, 0.0], 0.006).arithmetic if "alexnet" in step.ours
    ]
    assert step.holm > 0.05
    assert step.verdict == "inconclusive"
    assert step.effect.low > 0.0  # the interval alone would have it


def test_the_effect_is_the_comparison_that_decides():
    by = [0.1, 0.3, 0.2]
    values = {
        quantifier: verdict(by, quantifier=quantifier).effect.value
        for quantifier in ("all", "most", "some", "mean")
    }
    assert values == pytest.approx({"all": 0.1, "most": 0.2, "some": 0.3, "mean": 0.2})
    assert verdict([-0.01, 0.03], direction="equal", margin=0.05).effect.value == pytest.approx(0.03)


def test_without_results_on_its_benchmarks_a_claim_is_not_testable_and_says_how_to_get_them():
    asked = claim(
        subject={"goal": "jigsaw"},
        reference={"baseline": "ssim"},
        benchmarks=["kadid10k", "tid2013"],
        sweep="goal=jigsaw baseline=ssim",
    )
    [found] = evaluate(
        asked, [evidence(cell("a", 0.5), benchmark="csf"), evidence(cell("a", 0.5), metric="plcc")]
    )
    assert (found.verdict, found.effect, found.arithmetic, found.benchmark) == ("not testable", None, [], "")
    assert found.missing == [
        (
            "no result on kadid10k or tid2013 (srcc): "
            "python -m percepnet.sweep goal=jigsaw baseline=ssim benchmark=kadid10k benchmark.root=FOLDER"
        )
    ]
    assert found.reason == "no result on kadid10k or tid2013 (srcc)"


def test_rows_that_are_missing_are_named_with_the_sweep_that_makes_them():
    asked = claim(
        subject={"goal": "jigsaw"}, reference={"baseline": "ssim"}, sweep="goal=jigsaw baseline=ssim"
    )
    [found] = evaluate(asked, [evidence(cell("a", 0.5))])
    assert found.verdict == "not testable"
    assert found.missing == [
        "no network of goal=jigsaw",
        "no baseline=ssim",
        (
            "what makes them: "
            "python -m percepnet.sweep goal=jigsaw baseline=ssim benchmark=tid2013 benchmark.root=FOLDER"
        ),
    ]


def test_what_is_named_and_missing_is_told_though_the_rest_decides():
    asked = claim(subject={"goal": ["classification", "jigsaw"]}, reference={"baseline": ["ssim", "dists"]})
    [found] = evaluate(asked, [evidence(cell("a", 0.9), baseline("ssim", 0.5))])
    assert found.verdict == "supported"
    assert found.missing == ["no network of goal=jigsaw", "no baseline=dists"]


def test_a_claim_is_judged_on_each_of_its_benchmarks_and_metrics():
    asked = claim(
        subject={"goal": "classification"},
        reference={"baseline": "ssim"},
        benchmarks="tid*",
        metrics=["srcc", "plcc"],
    )
    sets = [
        evidence(cell("a", value), baseline("ssim", 0.7), benchmark=name, metric=metric)
        for name, metric, value in (("tid2013", "srcc", 0.9), ("tid2008", "plcc", 0.5), ("csiq", "srcc", 0.9))
    ]
    found = evaluate(asked, sets)
    assert [(one.benchmark, one.metric, one.verdict) for one in found] == [
        ("tid2013", "srcc", "supported"),
        ("tid2008", "plcc", "contradicted"),
    ]


def test_an_undefined_interval_decides_nothing():
    broken = cell("a", 0.9)
    broken.rows[0].draws[1:50] = np.nan
    asked = claim(subject={"goal": "classification"}, reference={"baseline": "ssim"})
    [found] = evaluate(asked, [evidence(broken, baseline("ssim", 0.5))])
    assert found.verdict == "inconclusive"


@pytest.mark.slow
def test_a_true_null_is_called_supported_at_most_at_the_nominal_rate():
    """Networks of six equal layers that are no better than the baseline: values over 24 images, resampled."""
    generator = np.random.default_rng(3)
    usual = {"subject": {"goal": "classification"}, "reference": {"baseline": "ssim"}}
    one = {"subject": {"network": "net0"}}
    equal = one | {"direction": "equal", "margin": 0.1, "reference": {"baseline": "far"}}
    rules: list[dict[str, Any]] = [{"quantifier": name} for name in ("all", "some", "most", "mean")]
    asked = [claim(**{**usual, **rule}) for rule in (*rules, one, equal)]
    found = np.zeros(len(asked))
    trials = 300
    for _ in range(trials):
        drawn = simulated(generator, networks=3, layers=6)
        found += [evaluate(one, [drawn])[0].verdict == "supported" for one in asked]
    assert (found <= stats.binom.ppf(0.995, trials, 0.05)).all(), found / trials


def simulated(generator, networks, layers):
    """Mean differences over 24 images: every layer as human-like as `ssim`, and 0.1 less so than `far`."""
    counts = generator.multinomial(CLUSTERS, np.full(CLUSTERS, 1 / CLUSTERS), size=300) / CLUSTERS
    image = generator.normal(0.0, 0.1, CLUSTERS)

    def draws(mean, share):
        values = 0.7 + mean + image + share + generator.normal(0.0, 0.05, CLUSTERS)
        return np.r_[values.mean(), counts @ values]

    def filled(made, share):
        for one in made.rows:
            one.draws[:] = 0.0
        rows = tuple(type(one)(one.layer, one.depth, draws(0.0, share)) for one in made.rows)
        return type(made)(made.run_id, made.network, made.levels, rows)

    cells = [
        filled(cell(f"net{number}", [0.7] * layers), generator.normal(0.0, 0.1, CLUSTERS))
        for number in range(networks)
    ]
    ssim = filled(baseline("ssim", 0.7), 0.0)
    far = baseline("far", 0.8)
    far = type(far)(far.run_id, far.network, far.levels, (type(far.rows[0])("x", 1.0, draws(0.1, 0.0)),))
    return evidence(*cells, ssim, far)
