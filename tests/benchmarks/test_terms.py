import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from percepnet.benchmarks.offers import Offer, OfferedFile
from percepnet.benchmarks.terms import accepted, agree
from percepnet.errors import InputError

FILE = OfferedFile(("https://p.example/a.bin",), size=3_000_000)
ROW = Offer("one", "A publisher", "https://p.example", "A paper", "Research only.", (FILE,))
BY_HAND = replace(ROW, name="two", files=(), by_hand="write to them; unpack into {files}")


class Person:
    """Somebody at a terminal, who remembers what was on the screen when the question came."""

    def __init__(self, *, says):
        self.screen, self.says, self.saw = io.StringIO(), says, []

    def ask(self, question):
        self.saw.append(self.screen.getvalue() + question)
        return self.says

    def agree(self, rows, cached, **how):
        agree(rows, cached, Console(file=self.screen, width=80), ask=self.ask, **how)


def test_publisher_citation_and_terms_are_on_the_screen_before_the_question(tmp_path):
    person = Person(says=True)
    person.agree([ROW], tmp_path)
    [saw] = person.saw
    for words in ("A publisher", "https://p.example", "A paper", "Research only.", "1 about 3.0 MB"):
        assert words in saw
    assert saw.endswith("Do you accept these terms of one?")


def test_what_was_accepted_is_remembered_with_date_and_hash_and_asked_no_more(tmp_path):
    Person(says=True).agree([ROW], tmp_path)
    noted = json.loads((tmp_path / "benchmarks" / "one" / "accepted.json").read_text())
    assert noted["sha256"] == ROW.terms_hash
    assert noted["accepted"][:2] == "20"
    assert (noted["terms"], noted["how"]) == ("Research only.", "asked")
    later = Person(says=False)
    later.agree([ROW], tmp_path)
    assert later.saw == []
    assert later.screen.getvalue() == ""


def test_other_terms_than_the_accepted_ones_are_asked_again(tmp_path):
    Person(says=True).agree([ROW], tmp_path)
    later = Person(says=True)
    later.agree([replace(ROW, terms="Nobody at all.")], tmp_path)
    assert len(later.saw) == 1


def test_a_no_is_a_no_and_names_the_benchmark(tmp_path):
    person = Person(says=False)
    with pytest.raises(InputError, match="terms of one have not been accepted"):
        person.agree([ROW, BY_HAND], tmp_path)
    assert not accepted(ROW, tmp_path)


def test_the_end_of_the_input_is_a_no(tmp_path):
    def ask(_question):
        raise EOFError

    with pytest.raises(InputError, match="have not been accepted"):
        agree([ROW], tmp_path, Console(file=io.StringIO()), ask=ask)


def test_where_nobody_can_be_asked_the_flag_is_needed_and_the_terms_are_shown_all_the_same(tmp_path):
    screen = io.StringIO()
    with pytest.raises(InputError, match=r"percepnet data fetch one --accept"):
        agree([ROW], tmp_path, Console(file=screen))
    assert "Research only." in screen.getvalue()
    screen = io.StringIO()
    agree([ROW], tmp_path, Console(file=screen), accept_all=True)
    assert "Research only." in screen.getvalue()
    assert accepted(ROW, tmp_path)


def test_where_nothing_is_fetched_the_terms_are_shown_and_nothing_is_asked(tmp_path):
    person = Person(says=False)
    person.agree([BY_HAND, Offer("three", nothing="a formula")], tmp_path)
    assert person.saw == []
    assert "write to them; unpack into FOLDER" in person.screen.getvalue()
    assert "three" not in person.screen.getvalue()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"sha256": 1}'])
def test_a_damaged_note_counts_as_none(tmp_path, content):
    note = tmp_path / "benchmarks" / "one" / "accepted.json"
    note.parent.mkdir(parents=True)
    note.write_text(content)
    assert not accepted(ROW, tmp_path)
