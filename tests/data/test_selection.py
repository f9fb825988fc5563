import pytest
from hypothesis import given
from hypothesis import strategies as st

from percepnet.benchmarks.contract import Pair
from percepnet.data.selection import MOST_KINDS, MOST_PAIRS, MOST_RUNGS, choose, groups, rung, spread


def opinions(kinds=4, references=6, levels=5):
    return [
        Pair(f"r{r}", f"r{r}_{kind}_{level}", f"r{r}", float(level), None, f"kind {kind:02d}", str(level))
        for r in range(references)
        for kind in range(kinds)
        for level in reversed(range(1, levels + 1))
    ]


def ladders(stimuli=20, rungs=9, kind=""):
    return [
        Pair("background", f"{kind}s{s}@{10.0**-step:g}", f"s{s}", -1.5, None, kind)
        for s in range(stimuli)
        for step in range(rungs)
    ]


@given(st.integers(1, 60), st.integers(1, 70), st.floats(0.0, 0.99), st.booleans())
def test_what_is_spread_is_in_order_distinct_and_of_the_wanted_number(size, count, start, ends):
    items = list(range(size))
    some = spread(items, count, start=start, ends=ends)
    assert len(some) == min(size, count)
    assert some == sorted(set(some))
    if ends and count > 1:
        assert (some[0], some[-1]) == (0, size - 1)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("01@0.001", ("01", 0.001)),
        ("i01@right@0.5", ("i01@right", 0.5)),
        ("s@1e-05", ("s", 1e-05)),
        ("picture.png", ("", 0.0)),
        ("picture@2x.png", ("", 0.0)),
        ("@3", ("", 0.0)),
    ],
)
def test_the_rung_is_read_from_the_key(key, expected):
    assert rung(key) == expected


def test_pairs_of_a_kind_and_reference_are_a_group_with_levels_ascending():
    every = groups(opinions())
    assert len(every) == 4 * 6
    assert [group.kind for group in every] == sorted(group.kind for group in every)
    assert all([pair.level for pair in group.pairs] == ["1", "2", "3", "4", "5"] for group in every)
    assert not any(group.stimulus for group in every)


def test_levels_that_are_numbers_go_by_their_size_and_words_by_their_score():
    numbers = [Pair("r", f"d{level}", "r", 0.0, None, "k", level) for level in ("10", "9", "0.5")]
    words = [Pair("r", f"w{score}", "r", score, None, "q", "") for score in (3.0, 1.0, 2.0)]
    one, other = groups([*numbers, *words])
    assert [pair.level for pair in one.pairs] == ["0.5", "9", "10"]
    assert [pair.score for pair in other.pairs] == [1.0, 2.0, 3.0]


def test_a_stimulus_on_its_ladder_is_a_group_with_rungs_ascending():
    every = groups(ladders())
    assert [group.stimulus for group in every] == [f"s{s}" for s in range(20)]
    for group in every:
        rungs = [rung(pair.distorted)[1] for pair in group.pairs]
        assert rungs == sorted(rungs)
        cut = group.cut(MOST_RUNGS)
        assert [rung(pair.distorted)[1] for pair in cut.pairs] == rungs[-MOST_RUNGS:]
        assert cut.of == 9


def test_two_images_with_numbers_after_an_at_sign_are_no_ladder():
    pairs = [Pair("r", "d@1", "r", 1.0), Pair("r", "d@2", "r", 1.0)]
    assert [group.stimulus for group in groups(pairs)] == [""]
    pairs = [Pair("r", f"d@{at}", "r", float(at)) for at in range(1, 5)]
    assert [group.stimulus for group in groups(pairs)] == [""]


def test_every_kind_has_rows_with_different_references():
    choice = choose(groups(opinions()), columns=6, beside=1)
    assert [[group.kind for group in row] for row in choice.rows] == [
        [f"kind {kind:02d}"] for kind in range(4) for _ in range(3)
    ]
    assert len({row[0].reference for row in choice.rows}) > 3
    assert choice.left_out == ("12 of 24 series (the images of one kind and reference)",)


@pytest.mark.parametrize("columns", [3, 6, 12])
@pytest.mark.parametrize("beside", [1, 2])
def test_no_row_has_more_images_than_columns(columns, beside):
    for pairs in (opinions(), opinions(kinds=60), opinions(levels=30), [*opinions(levels=1), *opinions(2)]):
        for row in choose(groups(pairs), columns, beside).rows:
            assert 0 < sum(beside + len(group.pairs) for group in row) <= columns


def test_what_is_left_out_is_said():
    said = " ".join(choose(groups(opinions(kinds=60, levels=30)), 12, 1).left_out)
    assert f"{MOST_KINDS} of 60 kinds" in said
    assert f"at most {MOST_PAIRS} images" in said
    assert "8 of 20 stimuli" in choose(groups(ladders()), 8, 2).left_out
    assert choose(groups(opinions(kinds=1, references=2, levels=2)), 6, 1).left_out == ()


def test_ladders_have_a_row_each_beside_pairs_that_are_on_none():
    pairs = [*opinions(kinds=1, references=8), *ladders(kind="moved"), *ladders(kind="turned")]
    choice = choose(groups(pairs), columns=8, beside=2)
    assert [row[0].kind for row in choice.rows] == ["kind 00"] * 2 + ["moved"] * 2 + ["turned"] * 2
    assert all(len(row) == 1 for row in choice.rows[2:])


def test_the_choice_is_the_same_every_time():
    assert choose(groups(opinions(60)), 12, 1) == choose(groups(opinions(60)), 12, 1)
