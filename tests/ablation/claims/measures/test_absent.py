"""What cannot be tested."""

from tests.ablation.claims.made import cell, claim, evidence, verdict


def test_what_cannot_be_tested_says_what_it_would_take_whatever_results_there_are():
    asked = claim(statistic="absent", needs=["weights at several epochs"])
    for sets in ([], [evidence(cell("a", 0.5))]):
        assert verdict(asked, *sets).missing == ["weights at several epochs"]
        assert verdict(asked, *sets).verdict == "not testable"
