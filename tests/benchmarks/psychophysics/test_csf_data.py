"""castleCSF's files: what is read, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from percepnet.benchmarks.psychophysics.csf import CSF
from percepnet.benchmarks.psychophysics.csf_choice import direction_name, name_of
from percepnet.benchmarks.psychophysics.csf_data import FILES, read_conditions
from percepnet.errors import InputError, NothingThereError
from tests.benchmarks.psychophysics import csf_miniature

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.benchmarks.psychophysics.csf_miniature import Miniature


@pytest.fixture
def mini(tmp_path: Path) -> Miniature:
    return csf_miniature.build(tmp_path / "data")


def edit(name: str, old: str, new: str) -> Callable[[Miniature], None]:
    def change(mini: Miniature) -> None:
        path = mini.root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change


def average(**fields: object) -> Callable[[Miniature], None]:
    def change(mini: Miniature) -> None:
        mini.averages[3] |= fields
        mini.write()

    return change


def observed(**fields: object) -> Callable[[Miniature], None]:
    def change(mini: Miniature) -> None:
        mini.observed[3] |= fields
        mini.write()

    return change


def repeat(mini: Miniature) -> None:
    mini.averages[1] = dict(mini.averages[0])
    mini.write()


def cut_off(mini: Miniature) -> None:
    path = mini.root / "data_aggregated.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:20]))


def cut_within(mini: Miniature) -> None:
    path = mini.root / "data_aggregated.csv"
    path.write_text(path.read_text()[:-60])


def no_text(mini: Miniature) -> None:
    (mini.root / "backgrounds.csv").write_bytes(b"\xff\xfe\x00bkg")


DAMAGE: dict[str, tuple[Callable[[Miniature], None], str]] = {
    "a file gone": (lambda mini: (mini.root / "backgrounds.csv").unlink(), r"no backgrounds\.csv"),
    "a file that is no text": (no_text, "cannot be read"),
    "a column gone": (edit("data_aggregated.csv", "ge_sigma", "sigma"), "no column ge_sigma"),
    "rows gone": (cut_off, "cut off or of another release"),
    "half a row": (cut_within, "Line 41 is cut off"),
    "a field too many": (edit("color_directions.csv", ",C2", ",C2,C3"), "or has fields too many"),
    "NaN for a threshold": (average(log_cone_contrast="NaN"), "log_cone_contrast cannot be used"),
    "text for a number": (average(s_frequency="two"), "s_frequency cannot be used"),
    "no luminance": (average(luminance=0), "luminance cannot be used"),
    "another sensitivity": (average(sensitivity=12.0), "sensitivity cannot be used"),
    "an observer's other sensitivity": (observed(sensitivity=12.0), "the inverse of the cone contrast"),
    "an observer without a name": (observed(observer=""), "observer cannot be used"),
    "a row twice": (repeat, "repeats another"),
    "an unknown direction": (average(col_dir_id="77"), "col_dir_id cannot be used"),
    "an unknown background": (average(bkg_id="77"), "bkg_id cannot be used"),
    "a direction twice": (edit("color_directions.csv", "\n10,", "\n9,"), "col_dir_id stands for two lights"),
    "a background twice": (edit("backgrounds.csv", "\n7,", "\n6,"), "bkg_id stands for two lights"),
    "a black background": (edit("backgrounds.csv", "\n6,13", "\n6,-13"), "no contrast can be had"),
    "studies that are no JSON": (edit("datasets.json", "{", "["), "list of studies"),
}


@pytest.fixture
def readable(mini: Miniature) -> Miniature:
    """The names of authors are not valid UTF-8: write them so that a test can edit them."""
    path = mini.root / "datasets.json"
    path.write_text(path.read_bytes().decode("latin-1").replace("ä", "a"))
    return mini


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_refused_in_words_of_its_own(readable, name):
    damage, message = DAMAGE[name]
    rows = len(readable.averages)
    damage(readable)
    with pytest.raises(InputError, match=message):
        readable.load(rows=rows)


def test_nothing_is_refused_that_is_whole_although_its_names_are_no_utf8(mini):
    with pytest.raises(UnicodeDecodeError):
        (mini.root / "datasets.json").read_text(encoding="utf-8")
    assert len(mini.load().stimuli) == 24


def test_an_unknown_study_is_answered_with_the_nearest(mini):
    with pytest.raises(InputError, match="did you mean hdr_csf"):
        mini.load(studies=["hdrcsf"])


def test_without_a_root_the_benchmark_is_skipped(tmp_path):
    with pytest.raises(NothingThereError, match="data_aggregated"):
        CSF().load(tmp_path, (), network=False)


def test_files_are_found_in_the_folder_csf_of_the_root_and_whatever_their_letter_case(mini, tmp_path):
    mini.root.rename(tmp_path / "csf")
    (tmp_path / "csf" / "backgrounds.csv").rename(tmp_path / "csf" / "Backgrounds.CSV")
    mini.root = tmp_path
    assert len(mini.load().stimuli) == 24


def test_a_number_stands_for_another_light_in_another_study(mini):
    conditions = read_conditions({name: mini.root / name for name in FILES}, ["hdr_csf", "old1966"], 40)
    directions = {condition.shown.study: condition.delta for condition in conditions}
    assert directions["old1966"] == (0.9175, 0.3967, 0.0271)
    assert {condition.delta for condition in conditions[:6]} == {csf_miniature.DELTAS["9"]}


def test_spreads_are_those_of_observers_and_their_matrix_is_complete(mini):
    benchmark = mini.load()
    assert benchmark.observers is not None
    assert benchmark.observers.shape == (3, 24)
    thresholds = [stimulus.threshold for stimulus in benchmark.stimuli]
    np.testing.assert_allclose(benchmark.observers.mean(axis=0), thresholds, atol=1e-12)
    assert [stimulus.spread for stimulus in benchmark.stimuli] == pytest.approx([0.1] * 24)


def test_an_observer_who_measured_twice_counts_once(mini):
    again = dict(mini.observed[0])
    mini.observed.append(again | csf_miniature.measured(again["log_cone_contrast"] + 0.2))
    mini.write()
    benchmark = mini.load()
    assert benchmark.observers is not None
    assert benchmark.observers[0, 0] == pytest.approx(mini.averages[0]["log_cone_contrast"])


def test_observers_who_did_not_see_everything_make_no_matrix(mini):
    mini.observed = [row for row in mini.observed if row["observer"] == "obs_1" or row["s_frequency"] != 1.0]
    mini.write()
    benchmark = mini.load()
    assert benchmark.observers is None
    assert [stimulus.spread for stimulus in benchmark.stimuli].count(None) == 6


def test_two_rows_of_one_stimulus_become_their_mean_weighted_by_observers(mini):
    first, other = mini.averages[0], dict(mini.averages[0], ge_lambda=2.0, N=1)
    other |= csf_miniature.measured(first["log_cone_contrast"] - 0.4)
    mini.averages.append(other)
    mini.write()
    assert mini.load().stimuli[0].threshold == pytest.approx(first["log_cone_contrast"] - 0.1)


def test_every_condition_of_the_whole_collection_has_a_name_of_its_own(shared_data):
    files = {name: shared_data / "csf" / name for name in FILES}
    studies = list(json.loads(files["datasets.json"].read_bytes().decode("utf-8", "replace"))["datasets"])
    conditions = read_conditions(files, studies, 2295)
    assert len(studies) == 18
    assert len({name_of(condition) for condition in conditions}) == len(conditions) == 2283


def test_thresholds_of_modelfest_in_the_collection_are_the_published_ones(shared_data):
    """A cone contrast in the background's own colour is a luminance contrast."""
    known = {1.12: 1.821, 2: 1.960, 2.83: 2.063, 4: 2.106, 5.66: 1.992, 8: 1.844, 11.3: 1.621, 16: 1.298}
    conditions = read_conditions({name: shared_data / "csf" / name for name in FILES}, ["modelfest"], 2295)
    wide = [condition for condition in conditions if condition.shown.sigma == 0.5]
    found = {condition.shown.frequency: -condition.threshold for condition in wide}
    assert {frequency: found[frequency] for frequency in known} == pytest.approx(known, abs=0.0005)
    assert {direction_name(condition) for condition in conditions} == {"achromatic"}
    assert {condition.shown.orientation for condition in conditions} == {90.0}
