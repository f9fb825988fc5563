"""Every way in which COMBVD's files can be damaged has a message of its own."""

import json
from typing import Any

import numpy as np
import pytest

from percepnet.benchmarks.psychophysics.combvd_data import first_equal, read_set
from percepnet.errors import InputError
from tests.benchmarks.psychophysics.combvd_miniature import COUNTS, colour_set

SHAPED: dict[str, tuple[dict[str, Any], str]] = {  # damage -> (what is replaced, the message)
    "no colours": ({"xyz": None}, "Part of the data set is missing"),
    "text": ({"dv": ["a"] * 12}, "dv holds more than numbers"),
    "ragged": ({"xyz": [[1.0, 2.0, 3.0], [1.0]]}, "xyz has rows of unequal length"),
    "two coordinates": ({"xyz": [[1.0, 2.0]] * 15}, "Colours are no XYZ"),
    "triples": ({"pairs": [[0, 3, 4]] * 12}, "A pair is not two colours"),
    "fractions": ({"pairs": [[0.5, 3.0]] * 12}, "Pairs do not name colours"),
    "another release": ({"pairs": [[0, 3]]}, "of another release, or not whole"),
    "dv too short": ({"dv": [1.0] * 11}, "Judgements and pairs are not equally many"),
    "white in [0, 1]": ({"reference_white": [0.9, 1.0, 1.1]}, "The reference white is none"),
}
PLACED = {  # damage -> (key, place, value, the message)
    "undefined colour": ("xyz", (4, 1), float("nan"), r"xyz is undefined in places.*\n.*\n.*\[4, 1\]"),
    "infinite difference": ("dv", (3,), float("inf"), r"dv is undefined in places.*\n.*\n.*\[3\]"),
    "negative colour": ("xyz", (4, 1), -1e-3, r"darker than black.*\n.*\n.*colour 4"),
    "negative difference": ("dv", (3,), -0.5, r"Visual differences are negative.*\n.*\n.*pair 3: -0.5"),
    "index too high": ("pairs", (5, 1), 15, r"colours that are not there.*\n.*\n.*pair 5"),
    "negative index": ("pairs", (5, 0), -1, r"colours that are not there.*\n.*\n.*pair 5"),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bfd-c.json"


def read(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_set(path, "bfd-c", COUNTS["bfd-c"])


def test_the_published_form_is_read_to_the_last_digit(path):
    whole = colour_set("bfd-c")
    data = read(path, whole)
    assert data.name == "bfd-c"
    for key, values in {"xyz": data.xyz, "pairs": data.pairs, "dv": data.differences}.items():
        np.testing.assert_array_equal(values, whole[key])
    np.testing.assert_array_equal(data.white, [98.07, 100.0, 118.23])


@pytest.mark.parametrize("damage", SHAPED)
def test_a_part_that_is_not_what_it_has_to_be_is_refused(path, damage):
    change, message = SHAPED[damage]
    whole = {key: value for key, value in (colour_set("bfd-c") | change).items() if value is not None}
    with pytest.raises(InputError, match=message):
        read(path, whole)


@pytest.mark.parametrize("damage", PLACED)
def test_a_value_that_cannot_be_is_refused_with_its_place(path, damage):
    key, place, value, message = PLACED[damage]
    whole = colour_set("bfd-c")
    target = whole[key] if len(place) == 1 else whole[key][place[0]]
    target[place[-1]] = value
    with pytest.raises(InputError, match=message):
        read(path, whole)


@pytest.mark.parametrize("by", ["place", "value"])
def test_a_colour_compared_with_itself_is_refused(path, by):
    whole = colour_set("bfd-c")
    if by == "place":
        whole["pairs"][2] = [4, 4]
    else:
        whole["xyz"][whole["pairs"][2][1]] = whole["xyz"][whole["pairs"][2][0]]
    with pytest.raises(InputError, match=r"compared with itself.*\n.*\n.*pair 2"):
        read(path, whole)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_judgement_that_is_there_twice_is_refused(path, swapped):
    whole = colour_set("bfd-c")
    first, second = whole["pairs"][1]
    whole["pairs"][7] = [second, first] if swapped else [first, second]
    whole["dv"][7] = whole["dv"][1]
    with pytest.raises(InputError, match=r"Judgements are there twice.*\n.*\n.*pair 7"):
        read(path, whole)


def test_a_pair_that_was_judged_twice_with_two_results_stays_two_judgements(path):
    whole = colour_set("bfd-c")
    whole["pairs"][7] = whole["pairs"][1]
    assert len(read(path, whole).pairs) == 12


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (json.dumps(colour_set("bfd-c"))[:-200], "It is no whole JSON"),
        ("", "It is no whole JSON"),
        ("[1, 2]", "It holds no data set"),
    ],
    ids=["truncated", "empty", "a list"],
)
def test_a_file_that_is_no_data_set_is_refused(path, content, message):
    with pytest.raises(InputError, match=message):
        read(path, content)


def test_a_file_that_is_no_text_is_refused(path):
    path.write_bytes(b"\x89PNG\xff\xfe\x00")
    with pytest.raises(InputError, match="It cannot be read"):
        read_set(path, "bfd-c", 12)


def test_equal_rows_have_the_place_of_the_first():
    rows = np.array([[1.0, 2.0], [0.0, 0.0], [1.0, 2.0], [0.0, 1.0], [0.0, 0.0]])
    np.testing.assert_array_equal(first_equal(rows), [0, 1, 0, 3, 1])
