import dataclasses

import pytest

from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.manifest import distinct, fingerprint, line, unique_keys

PAIRS = [Pair("r", "d1", "r", 1.5, 0.25, "jpeg", "1"), Pair("r", "d2", "r", 2.5)]


class Images:
    def __init__(self, changed=""):
        self.changed = changed

    def image(self, key):
        raise AssertionError(key)

    def digest(self, key):
        return f"{key}{'!' if key == self.changed else ''}"


def test_every_image_is_listed_once_in_the_order_of_need():
    assert unique_keys([*PAIRS, Pair("q", "d1", "q", 0.0)]) == ["r", "d1", "d2", "q"]


def test_the_same_data_have_the_same_fingerprint():
    assert fingerprint("mos", PAIRS, Images()) == fingerprint("mos", list(PAIRS), Images())


@pytest.mark.parametrize(
    "change",
    [
        {"reference": "s"},
        {"distorted": "d3"},
        {"cluster": "other"},
        {"score": 1.5000000000000002},
        {"spread": None},
        {"kind": "blur"},
        {"level": "2"},
    ],
)
def test_every_field_of_a_pair_counts(change):
    changed = [dataclasses.replace(PAIRS[0], **change), PAIRS[1]]
    assert fingerprint("mos", changed, Images()) != fingerprint("mos", PAIRS, Images())
    assert line(changed[0]) != line(PAIRS[0])


def test_header_images_and_order_count():
    known = fingerprint("mos", PAIRS, Images())
    assert fingerprint("dmos", PAIRS, Images()) != known
    assert fingerprint("mos", PAIRS, Images("d2")) != known
    assert fingerprint("mos", PAIRS[::-1], Images()) != known


def test_two_images_that_were_judged_twice_are_listed_once_and_found_by_both_judgements():
    again = Pair("r", "d1", "other", 9.0)
    pairs, places = distinct([*PAIRS, again, Pair("d1", "r", "r", 1.0)])
    assert [(pair.reference, pair.distorted) for pair in pairs] == [("r", "d1"), ("r", "d2"), ("d1", "r")]
    assert places == [0, 1, 0, 2]
