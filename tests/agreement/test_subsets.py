import numpy as np

from percepnet.agreement.contract import ALL, Score
from percepnet.agreement.subsets import parts, with_parts

NAN = float("nan")


def counted(chosen):
    return [Score(0, "srcc", float(chosen.sum()), NAN, NAN, NAN, 1, chosen.size, 1)]


def test_parts_are_kinds_then_levels_in_the_order_in_which_they_come():
    kinds, levels = ["jpeg", "blur"] * 4, ["1"] * 4 + ["2"] * 4
    found = {name: list(chosen) for name, chosen in parts(kinds, levels)}
    assert list(found) == ["kind=jpeg", "kind=blur", "level=1", "level=2"]
    assert found["kind=blur"] == [1, 3, 5, 7]
    assert found["level=2"] == [4, 5, 6, 7]


def test_a_single_kind_or_none_at_all_makes_no_parts():
    assert list(parts(["jpeg"] * 5, [""] * 5)) == []


def test_judgements_without_a_kind_belong_to_no_part():
    assert [name for name, _ in parts(["a", "a", "a", "", "b", "b", "b"], [""] * 7)] == ["kind=a", "kind=b"]


def test_parts_of_fewer_than_three_are_left_out():
    assert [name for name, _ in parts(["a", "a", "a", "b", "b"], [""] * 5)] == ["kind=a"]


def test_all_comes_first_and_every_score_says_its_part():
    scores = with_parts(counted, ["a", "a", "a", "b", "b", "b"], [""] * 6)
    assert [(score.subset, score.value, score.n_pairs) for score in scores] == [
        (ALL, 15.0, 6),
        ("kind=a", 3.0, 3),
        ("kind=b", 12.0, 3),
    ]


def test_indices_are_those_of_numpy():
    [(_, first), _] = parts(["a", "a", "a", "b", "b", "b"], [""] * 6)
    assert first.dtype == np.int64
