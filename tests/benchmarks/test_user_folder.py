import pytest

from percepnet.benchmarks.files import user_folder
from percepnet.benchmarks.offers import files_folder
from percepnet.errors import InputError, NothingThereError

CONTENT = "images and scores"


def test_the_folder_that_the_user_names_wins_over_the_fetched_one(tmp_path):
    files_folder("kadid10k", tmp_path).mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    assert user_folder(str(tmp_path / "mine"), "kadid10k", CONTENT, tmp_path) == tmp_path / "mine"


def test_without_a_root_what_was_fetched_is_used(tmp_path):
    fetched = files_folder("kadid10k", tmp_path)
    fetched.mkdir(parents=True)
    assert user_folder(None, "kadid10k", CONTENT, tmp_path) == fetched
    with pytest.raises(NothingThereError):
        user_folder(None, "kadid10k", CONTENT)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kadid10k", ["has not been fetched", "percepnet data fetch kadid10k"]),
        ("tid2013", ["only you can supply", "tid2013.rar", "https://www.ponomarenko.info/tid2013.htm"]),
        ("live", ["only you can supply", "fill in the form"]),
        ("tid2013_kodak", ["percepnet data fetch tid2013_kodak; then", "mos_with_names.txt"]),
        ("pairs_csv", ["only you can supply"]),
        ("somebody_s_own", ["only you can supply"]),
    ],
)
@pytest.mark.parametrize("cached", [True, False])
def test_what_is_not_here_is_said_with_the_way_to_have_it(name, words, cached, tmp_path):
    with pytest.raises(NothingThereError) as caught:
        user_folder(None, name, CONTENT, tmp_path if cached else None)
    for said in (*words, CONTENT, "benchmark.root=FOLDER"):
        assert said in str(caught.value)
    assert (str(tmp_path) in str(caught.value)) == cached


def test_a_root_that_is_no_folder_is_an_error_and_not_replaced_by_what_was_fetched(tmp_path):
    files_folder("kadid10k", tmp_path).mkdir(parents=True)
    with pytest.raises(InputError, match="does not exist"):
        user_folder(str(tmp_path / "absent"), "kadid10k", CONTENT, tmp_path)
