import re

import pytest

from percepnet.benchmarks.offers import OfferedFile, offer, offers, read_offers
from percepnet.config import conf_folder
from percepnet.errors import InputError
from percepnet.sources.cache import sha256

ROWS = list(offers().values())
FILES = [(row.name, file) for row in ROWS for file in row.files]
GOOD = {
    "publisher": "P",
    "page": "https://p.example",
    "citation": "C",
    "terms": "T",
    "files": [{"url": "https://p.example/a.zip", "unpack": "zip"}],
}


def test_every_benchmark_of_the_configuration_has_a_row_and_every_row_a_benchmark():
    options = {path.stem for path in (conf_folder() / "benchmark").glob("*.yaml")}
    assert set(offers()) == options


def test_the_user_s_own_files_and_mere_formulae_have_nothing_to_fetch_and_say_why():
    for name in ("pairs_csv", "masking", "macadam", "affine"):
        assert offer(name).nothing
        assert not offer(name).remedy("FOLDER")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_says_who_offers_what_on_which_terms(row):
    if not row.nothing:
        assert row.page.startswith("https://")
        assert len(row.citation) > 20
        assert row.terms.endswith(".")
        assert row.files or row.by_hand or row.itself
    if row.by_hand:
        assert "{files}" in row.by_hand
        assert "/c/files" in row.remedy("/c/files")
        assert row.page in row.remedy("/c/files")
    if row.files:
        assert row.remedy("/c/files").startswith(f"percepnet data fetch {row.name}")


@pytest.mark.parametrize(("name", "file"), FILES, ids=lambda item: getattr(item, "name", item))
def test_a_file_has_an_address_and_a_whole_hash_or_none(name, file):
    for url in file.url:
        assert re.fullmatch(r"https://[\w.-]+/[\w./~-]+", url)
    assert file.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", file.sha256)
    assert file.size is None or file.size > 0
    assert not (file.unpack == "" and file.inside)
    assert (file.unpack == "zip") == file.name.endswith(".zip")


@pytest.mark.parametrize(
    ("name", "folder"), [("tid2013_kodak", "kodak"), ("csf", "csf"), ("combvd", "color/combvd")]
)
def test_the_hashes_are_those_of_the_real_files(shared_data, name, folder):
    for file in (file for file in offer(name).files if file.sha256):
        place = shared_data / (folder if file.name != "LICENSE" else folder.split("/", maxsplit=1)[0])
        assert (place / file.name).stat().st_size == file.size
        assert sha256(place / file.name) == file.sha256


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean kadid10k"):
        offer("kadid-10k")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fils": []}, "no key 'fils'"),
        ({"nothing": "a formula"}, "and yet something"),
        ({"files": []}, "neither files"),
        ({"terms": ""}, "no terms"),
        ({"publisher": ""}, "no publisher"),
        ({"files": [{"url": "https://p/a.zip", "unpak": "zip"}]}, "did you mean unpack"),
        ({"files": [{"url": "https://p/a.rar", "unpack": "rar"}]}, "none of zip, tar"),
        ({"files": [{"sha256": None}]}, "without an address"),
        ({"files": [{"url": ["https://p/a.zip", "https://q/b.zip"]}]}, "different names"),
        ({"files": [{"url": "https://p/a.zip", "into": "../b"}]}, "outside"),
        ({"files": [{"url": "https://p/a.zip", "inside": "/b"}]}, "outside"),
        ({"files": [{"url": "https://p/a"}, {"url": "https://q/a"}]}, "two files of one name"),
        (
            {"files": [{"url": "https://p/a.zip", "unpack": "zip"}, {"url": "https://p/b", "into": "c"}]},
            r"a.zip and another file go to \.",
        ),
        ({"files": [{"url": "https://p/a.zip", "sha256": "abc"}]}, "sha256"),
    ],
)
def test_a_wrong_row_is_refused_with_what_is_wrong(change, message):
    import yaml

    assert read_offers(yaml.safe_dump({"x": GOOD}))["x"].files == (
        OfferedFile(("https://p.example/a.zip",), unpack="zip"),
    )
    with pytest.raises(InputError, match=message):
        read_offers(yaml.safe_dump({"x": GOOD | change}))
