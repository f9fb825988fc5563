"""How much more human-like one row of distances is than another, over the same resamples."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from percepnet.agreement.contract import Bootstrap
from percepnet.agreement.opinion import rate

CLUSTERS = [f"r{place // 10}" for place in range(200)]


def rated(distances, scores, against=((0, 1),), **options):
    bootstrap = Bootstrap(resamples=400, against=against)
    scores = rate(distances, scores, CLUSTERS, None, bootstrap, **{"higher_is_better": True, **options})
    return {(score.tap, score.metric): score for score in scores}


def example(seed=0, noise=(0.5, 1.0)):
    random = np.random.default_rng(seed)
    truth = random.normal(size=200)
    return np.stack([-truth + n * random.normal(size=200) for n in noise]), truth


def test_a_gain_is_the_difference_of_the_two_values_signed_so_that_more_is_more_human_like():
    distances, scores = example()
    found = rated(distances, scores)
    own = [spearmanr(row, scores).statistic for row in distances]
    gain = found[0, "srcc_gain"]
    assert gain.value == pytest.approx(own[1] - own[0])  # human-like is negative here
    assert gain.value > 0.0
    assert gain.polarity == 1
    assert np.isnan(gain.ceiling)
    assert {metric for tap, metric in found if tap == 1} == {"srcc", "krcc", "plcc"}
    dmos = rated(-distances, scores, higher_is_better=False)
    assert dmos[0, "srcc_gain"].value == pytest.approx(gain.value)


def test_the_resamples_are_those_of_pairs_written_out_for_both_rows():
    distances, scores = example()
    found = rated(distances, scores)
    codes = np.array([int(name[1:]) for name in CLUSTERS])
    draws = Bootstrap(resamples=400).draws(20)[1:]
    # clusters are counted in the order of their sorted names
    order = {name: place for place, name in enumerate(sorted(set(CLUSTERS)))}
    codes = np.array([order[name] for name in CLUSTERS])
    gains = []
    for draw in draws:
        places = np.repeat(np.arange(200), draw[codes])
        gains.append(
            spearmanr(distances[1][places], scores[places]).statistic
            - spearmanr(distances[0][places], scores[places]).statistic
        )
    np.testing.assert_allclose(found[0, "srcc_gain"].resampled, gains, atol=1e-10)


def test_a_row_gains_nothing_over_itself_and_nothing_is_compared_unless_asked():
    distances, scores = example()
    same = rated(distances[[0, 0]], scores)[0, "srcc_gain"]
    assert (same.value, same.ci_low, same.ci_high) == (0.0, 0.0, 0.0)
    assert not [metric for _, metric in rated(distances, scores, against=()) if metric.endswith("_gain")]
