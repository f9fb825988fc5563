import logging

import pytest

from percepnet.config import make
from percepnet.data.options import chosen, only, option_files, remarks
from percepnet.errors import InputError


def test_every_option_is_composed_into_settings_that_can_be_made(tmp_path):
    for wanted in chosen([*option_files()], "/data", tmp_path):
        assert make(wanted.node).name == wanted.name


def test_the_root_is_that_of_benchmarks_that_need_one(tmp_path):
    modelfest, tid = chosen(["modelfest", "tid2013"], "/data", tmp_path)
    assert modelfest.node["root"] is None
    assert tid.node["root"] == "/data"


def test_settings_are_everybodys_or_one_benchmarks(tmp_path):
    words = [
        "tid2013",
        "height=10",
        "tid2008",
        "tid2008.references=3",
        "benchmark.tid2013.levels=2",
        "root=/x",
    ]
    one, other = chosen(words, None, tmp_path)
    assert {key: one.node[key] for key in ("height", "references", "levels", "root")} == {
        "height": 10,
        "references": 25,
        "levels": 2,
        "root": "/x",
    }
    assert (other.node["height"], other.node["references"], other.node["levels"]) == (10, 3, 4)


def test_values_are_lists_mappings_numbers_and_null(tmp_path):
    words = ["combvd", "sets={leeds: 5}", "weighted=false", "root=null", "sets.witt=3"]
    [wanted] = chosen(words, None, tmp_path)
    config = make(wanted.node)
    assert (config.sets["leeds"], config.sets["witt"], config.sets["bfd-m"]) == (5, 3, 548)
    assert config.weighted is False
    assert config.root is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tid2031"], "no benchmark 'tid2031'(?s:.*)did you mean tid2013"),
        (["a=1"], "no benchmark was named"),
        (["tid2013", "tid2008.levels=3"], "tid2008 was not named"),
        (["tid2013", "levels=[1"], "a setting of tid2013 is wrong"),
        (["tid2013", "root=${nothing}"], "a setting of tid2013 is wrong"),
    ],
)
def test_what_does_not_exist_is_answered(words, message, tmp_path):
    with pytest.raises(InputError, match=message):
        chosen(words, None, tmp_path)


def test_a_setting_that_does_not_exist_is_answered_with_the_nearest(tmp_path):
    [wanted] = chosen(["tid2013", "level=3"], None, tmp_path)
    with pytest.raises(InputError, match="did you mean levels"):
        wanted.load()


def test_where_one_is_wanted_two_are_refused(tmp_path):
    with pytest.raises(InputError, match="tid2013, tid2008"):
        only(chosen(["tid2013", "tid2008"], None, tmp_path))


def test_a_folder_to_take_files_from_means_no_network(tmp_path):
    [wanted] = chosen(["modelfest"], None, tmp_path / "cache", tmp_path)
    with pytest.raises(Exception, match="modelfest"):
        wanted.load()


def test_warnings_are_gathered_and_not_shown(capsys):
    with remarks() as gathered:
        logging.getLogger("percepnet.benchmarks").warning("%d odd things", 3)
        logging.getLogger("percepnet.benchmarks").info("not odd")
    assert gathered == ["3 odd things"]
    assert capsys.readouterr().err == ""
    assert logging.getLogger("percepnet").propagate
    assert not [h for h in logging.getLogger("percepnet").handlers if type(h).__name__ == "_Gatherer"]
