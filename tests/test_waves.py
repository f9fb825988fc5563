"""Which cells make statistics and which only read them, from their settings alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from percepnet.unit import Unit, is_made, note, unit_of, units_of, waves

LETTERS = st.sampled_from("abcdefg")
FEW = st.builds(Unit, st.sampled_from("abc"), st.frozensets(st.sampled_from(["x", "y", "all"]), min_size=1))


def needs(*cells):
    return [frozenset(Unit(family) for family in cell) for cell in cells]


def of(family, *statistics):
    return frozenset({Unit(family, frozenset(statistics))})


def test_the_first_cell_of_each_unit_comes_first_and_all_others_after_it():
    assert waves(needs("a", "a", "a", "b", "b", "b")) == [[0, 3], [1, 2, 4, 5]]


def test_cells_whose_units_are_made_come_all_at_once():
    assert waves(needs("", "", "")) == [[0, 1, 2]]
    assert waves(needs("", "b", "", "b")) == [[0, 1, 2], [3]]


def test_a_cell_of_two_benchmarks_reads_what_cells_of_one_have_made():
    assert waves(needs("ab", "a", "b")) == [[1, 2], [0]]
    assert waves(needs("ab", "bc", "ca")) == [[0], [1], [2]]
    assert waves(needs("ab", "ab", "cd", "cd")) == [[0, 2], [1, 3]]


def test_without_cells_there_are_no_waves():
    assert waves([]) == []


def test_who_makes_most_comes_first_and_serves_those_that_need_some_of_it():
    assert waves([of("a", "x"), of("a", "x", "y"), of("a", "y")]) == [[1], [0, 2]]
    assert waves([of("a", "x"), of("a", "x", "y"), of("a", "all")]) == [[2], [0, 1]]


def test_two_that_make_different_statistics_of_one_family_never_wait_for_its_lock():
    assert waves([of("a", "x"), of("a", "y"), of("b", "y")]) == [[0, 2], [1]]
    assert waves([of("a", "x"), of("a", "y"), of("a", "y"), of("a", "x")]) == [[0], [1, 3], [2]]


@given(st.lists(st.frozensets(FEW, max_size=3), max_size=24))
def test_no_cell_ever_waits_for_another_of_its_own_wave(cells):
    found = waves(cells)
    assert sorted(cell for wave in found for cell in wave) == list(range(len(cells)))
    assert all(wave == sorted(wave) and wave for wave in found)
    store: set[Unit] = set()
    for wave in found:  # as the store would see it: what was made before this wave is read without a lock
        made = [unit for cell in wave for unit in cells[cell] if not any(one.serves(unit) for one in store)]
        makers = [
            (cell, family)
            for cell in wave
            for family in {unit.family for unit in made if unit in cells[cell]}
        ]
        assert len({family for _, family in makers}) == len(makers)
        store |= {*made}
    assert all(cell in found[0] for cell, units in enumerate(cells) if not units)


@given(st.lists(LETTERS, min_size=1, max_size=40))
def test_cells_of_one_benchmark_each_need_two_waves_at_most(units):
    found = waves(needs(*units))
    assert len(found) == (1 if len(set(units)) == len(units) else 2)
    assert len(found[0]) == len(set(units))


@pytest.mark.parametrize(
    "override",
    [
        "readout=concatenated",
        "readout.distance=cosine",
        "agreement.resamples=10",
        "tracking=disabled",
        "compute.device=cpu",
        "compute.batch=1",
        "study=other",
        "results=/elsewhere",
        "baseline=[psnr]",
        "retry=true",
        "weights_seed=3",
    ],
)
def test_cells_that_share_their_forward_passes_share_the_unit(compose, override):
    assert units_of(compose(override)) == units_of(compose())


@pytest.mark.parametrize(
    "override",
    [
        "arch=vgg",
        "arch.taps=[features.0]",
        "goal=jigsaw",
        "dataset=places365",
        "recipe=tv1",
        "weights=random",
        "compute.precision=bf16",
        "benchmark=csf",
        "benchmark.modelfest.encoding=linear",
        "benchmark.root=/data",
    ],
)
def test_cells_that_need_other_forward_passes_do_not(compose, override):
    (other,), (one,) = units_of(compose(override)), units_of(compose())
    assert other.family != one.family


def test_untrained_networks_have_a_seed_and_no_goal(compose):
    one = units_of(compose("weights=random"))
    assert one == units_of(compose("goal=untrained")) == units_of(compose("weights=random", "goal=jigsaw"))
    assert one != units_of(compose("weights=random", "weights_seed=1"))


def test_a_cell_has_a_unit_for_each_of_its_benchmarks(compose):
    both = units_of(compose("benchmark=[modelfest,csf]"))
    assert both == units_of(compose()) | units_of(compose("benchmark=csf"))
    assert len(both) == 2


def test_what_a_readout_needs_beyond_the_statistics_named_makes_another_unit(compose):
    few = "statistics=[squared_difference,unit_squared_difference]"
    (one,), (all_of_it,) = units_of(compose(few)), units_of(compose())
    (gram,) = units_of(compose(few, "readout=gram"))
    assert units_of(compose(few, "readout=concatenated")) == {one}
    assert (gram.family, gram.statistics) == (one.family, one.statistics | {"gram_squared_difference"})
    assert gram.name != one.name
    assert units_of(compose(few, "readout=gram", "statistics=[all]")) == {all_of_it}
    assert all_of_it.serves(gram)
    assert gram.serves(one)
    assert not one.serves(gram)
    assert not gram.serves(all_of_it)


def test_a_readout_that_cannot_be_made_is_left_for_its_cell_to_say(compose):
    few = "statistics=[squared_difference]"
    assert units_of(compose(few, "readout.distance=euclidian"))


def test_a_note_is_believed_while_the_entry_is_there(compose, tmp_path):
    unit = unit_of(compose(), "modelfest")
    entry = tmp_path / "responses" / "abc"
    entry.mkdir(parents=True)
    assert not is_made(tmp_path, unit)
    note(tmp_path, unit, entry)
    assert is_made(tmp_path, unit)
    assert is_made(tmp_path, Unit(unit.family, frozenset({"gram"})))  # an entry of all serves those of few
    assert not is_made(tmp_path, Unit("f" * 16))
    entry.rmdir()
    assert not is_made(tmp_path, unit)


def test_half_a_note_and_a_note_that_cannot_be_written_harm_nothing(tmp_path):
    entry = tmp_path / "responses" / "abc"
    entry.mkdir(parents=True)
    unit = Unit("u")
    note(tmp_path, unit, entry)
    (tmp_path / "units" / unit.name).write_text("")
    assert not is_made(tmp_path, unit)
    note(tmp_path, unit, entry)
    assert is_made(tmp_path, unit)
    (tmp_path / "other").write_text("a file where the cache should be")
    note(tmp_path / "other", unit, entry)
