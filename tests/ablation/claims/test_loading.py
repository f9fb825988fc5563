"""Claims as files: the paper's, a user's own, and what is said of a wrong one."""

import pytest
import yaml

from percepnet.ablation.claims import PAPER, evaluate, load
from percepnet.errors import InputError
from tests.ablation.claims.made import baseline, cell, claim, evidence

OWN = """
id: mine
title: My network beats SSIM
benchmarks: modelfest
metrics: plcc
statistic: versus
subject: {network: "custom.*"}
reference: {baseline: ssim}
versions:
  - {version: mine, wording: It does, quantifier: all, direction: more}
"""


def test_the_papers_sixteen_claims_are_there_with_both_versions_where_they_differ():
    claims = {one.id: one for one in load([PAPER])}
    assert list(claims) == [f"C{number}" for number in range(1, 17)]
    first = {version.name: version.rule.quantifier for version in claims["C1"].versions}
    assert first == {"v1": "all", "journal": "most"}
    third = {(version.name, version.rule.margin) for version in claims["C3"].versions}
    assert third == {("v1", -0.02), ("journal", 0.0)}
    assert {version.name for version in claims["C8"].versions} == {"v1", "journal"}
    assert {name for one in claims.values() for name in one.benchmarks} == {
        "tid2013",
        "kadid10k",
        "tid2013_kodak",
    }


def test_every_file_says_that_tid2013_kodak_is_a_reconstruction():
    assert all("reconstruction of 480" in one.note for one in load([PAPER]))


def test_a_users_own_claim_is_told_the_same_way(tmp_path):
    (tmp_path / "mine.yaml").write_text(OWN)
    assert [one.id for one in load([PAPER, tmp_path])][-1] == "mine"
    [own] = load([tmp_path])
    found = evidence(
        cell("custom.mine", 0.9),
        cell("alexnet.tv1", 0.5),
        baseline("ssim", 0.7),
        benchmark="modelfest",
        metric="plcc",
    )
    [verdict] = evaluate(own, [found])
    assert (verdict.verdict, verdict.claim, verdict.benchmark, len(verdict.arithmetic)) == (
        "supported",
        "mine",
        "modelfest",
        1,
    )


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("statistic:", "statistics:", "unknown key 'statistics'\n  to do:    did you mean statistic"),
        ("statistic: versus", "statistic: verses", "did you mean versus"),
        ("subject: {network", "subject: {netwerk", "did you mean network"),
        ("direction: more", "direction: better", "unknown direction: 'better'"),
        ("quantifier: all", "quantifier: every", "one of all, most, some, mean"),
        ("quantifier: all", "quantifer: all", "unknown key 'quantifer'\n  to do:    did you mean quantifier"),
        ("direction: more", "direction: equal", "needs a margin"),
        ("direction: more", "direction: more, margin: wide", "margin: no number"),
        ("reference: {baseline: ssim}", "of: growth", "key 'of' is used by no version"),
        ('subject: {network: "custom.*"}', "subject: {parameters: small}", "parameters: no bound"),
        ('subject: {network: "custom.*"}', "", "key 'subject' is missing"),
        ("title: My network beats SSIM", "", "key 'title' is missing"),
        ("id: mine", "id: 7", "id: no text"),
        ("id: mine", "id: [", "is no YAML"),
    ],
)
def test_what_is_wrong_is_named_with_the_file_and_the_nearest_that_exists(tmp_path, wrong, right, message):
    assert wrong in OWN
    (tmp_path / "mine.yaml").write_text(OWN.replace(wrong, right))
    with pytest.raises(InputError) as error:
        load([tmp_path])
    assert message in str(error.value)
    assert "mine.yaml" in str(error.value)


def test_an_id_is_used_once_and_a_folder_exists(tmp_path):
    (tmp_path / "a.yaml").write_text(OWN)
    (tmp_path / "b.yaml").write_text(OWN)
    with pytest.raises(InputError, match="exists already"):
        load([tmp_path])
    with pytest.raises(InputError, match="no folder of claims"):
        load([tmp_path / "none"])


def test_a_version_may_differ_in_everything_and_a_mean_only_where_there_is_one():
    both = claim(
        subject={"goal": "classification"},
        quantifier="mean",
        versions=[
            {"version": "a", "wording": "w"},
            {"version": "b", "wording": "w", "statistic": "profile", "of": "trend", "quantifier": "some"},
        ],
    )
    assert [type(version.statistic).__name__ for version in both.versions] == ["Versus", "Depth"]
    with pytest.raises(InputError, match="profile has no mean"):
        claim(statistic="profile", of="trend", quantifier="mean")


def test_the_header_of_every_file_is_its_question_and_a_command():
    for path in PAPER.glob("*.yaml"):
        lines = path.read_text().splitlines()
        assert lines[0].startswith(f"# C{int(path.stem[1:])}: ")
        assert lines[0].endswith("?")
        assert lines[1].startswith("#   python -m percepnet.sweep ")
        assert yaml.safe_load(path.read_text())["id"] == f"C{int(path.stem[1:])}"
