import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from percepnet.benchmarks.fetched import Errand
from percepnet.benchmarks.offers import Offer, OfferedFile, files_folder
from percepnet.errors import InputError, UnreachableError
from percepnet.sources.cache import sha256
from percepnet.sources.unpack import unpack
from tests.sources.conftest import digest, sdist, wheel
from tests.sources.test_processes import until
from tests.sources.test_unpack import tree

SCORES = b"name,score\na.png,1\n"
IMAGES = {"images/a.png": bytes(range(256)) * 1200, "images/b.png": b"b"}
LAYOUT = {
    "scores.csv": SCORES,
    "images/a.png": IMAGES["images/a.png"],
    "images/b.png": b"b",
    "val/x/0.png": b"0",
}
ZIP, TAR = wheel(IMAGES), sdist({"val/x/0.png": b"0"})


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(variable, "127.0.0.1,localhost")


@pytest.fixture
def row(site):
    """What a publisher offers: scores with a hash, two archives without."""
    files = (
        OfferedFile((site.put("/scores.csv", SCORES),), digest(SCORES)),
        OfferedFile((site.put("/img.zip", ZIP),), unpack="zip", inside="images", into="images"),
        OfferedFile((site.put("/val.tar.gz", TAR),), unpack="tar", into="."),
    )
    files = (files[0], files[1], replace(files[2], inside="val", into="val"))
    return Offer("toy", "P", "https://p.example", "C", "T", files)


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def laid_out(cached):
    found = tree(files_folder("toy", cached))
    return {name: body for name, body in found.items() if not name.split("/")[-1].startswith(".")}


def test_files_come_in_their_publisher_s_layout_and_archives_go(row, tmp_path):
    assert Errand(row, tmp_path).run() == tmp_path / "benchmarks" / "toy" / "files"
    assert laid_out(tmp_path) == LAYOUT
    beside = [name for name in names(tmp_path / "benchmarks" / "toy") if not name.startswith(("files", "."))]
    assert beside == ["img.zip.note.json", "val.tar.gz.note.json"]


def test_what_is_there_is_not_asked_for_again(row, site, tmp_path):
    Errand(row, tmp_path).run()
    asked = len(site.asked)
    Errand(row, tmp_path, network=False).run()
    assert len(site.asked) == asked == 3


def test_the_hash_that_came_is_told_and_noted_where_none_is_stated(row, site, tmp_path):
    errand = Errand(row, tmp_path)
    errand.run()
    assert errand.unverified() == {"img.zip": digest(ZIP), "val.tar.gz": digest(TAR)}
    noted = json.loads((tmp_path / "benchmarks" / "toy" / "img.zip.note.json").read_text())
    assert noted["sha256"] == digest(ZIP)
    assert noted["from"] == f"{site.root}/img.zip"


def test_a_file_that_its_publisher_has_changed_since_is_noticed(row, site, tmp_path):
    Errand(row, tmp_path).run()
    (tmp_path / "benchmarks" / "toy" / "files" / "images").rename(tmp_path / "away")
    site.pages["/img.zip"].body = wheel({"images/a.png": b"other"})
    with pytest.raises(InputError, match=r"(?s)not the file that came the first time.*note\.json"):
        Errand(row, tmp_path).run()
    assert not (files_folder("toy", tmp_path) / "images").exists()
    (tmp_path / "benchmarks" / "toy" / "img.zip").unlink()
    (tmp_path / "benchmarks" / "toy" / "img.zip.note.json").unlink()
    Errand(row, tmp_path).run()
    assert laid_out(tmp_path)["images/a.png"] == b"other"


def test_a_mirror_is_filled_with_the_files_as_published_and_serves_a_site_without_a_network(
    row, site, tmp_path
):
    here, there, carried = (tmp_path / name for name in ("here", "there", "carried"))
    Errand(row, here, mirror=carried).run()
    assert names(carried) == ["toy/img.zip", "toy/scores.csv", "toy/val.tar.gz"]
    assert sha256(carried / "toy" / "img.zip") == digest(ZIP)
    asked = len(site.asked)
    Errand(row, there, [carried], network=False).run()
    assert laid_out(there) == LAYOUT
    assert names(carried) == ["toy/img.zip", "toy/scores.csv", "toy/val.tar.gz"]
    assert len(site.asked) == asked


def test_a_mirror_is_filled_after_the_archives_have_gone_too(row, site, tmp_path):
    Errand(row, tmp_path / "cache").run()
    for _ in range(2):
        Errand(row, tmp_path / "cache", mirror=tmp_path / "carried").run()
    assert names(tmp_path / "carried") == ["toy/img.zip", "toy/scores.csv", "toy/val.tar.gz"]
    assert site.count("/img.zip") == 2
    assert not (tmp_path / "cache" / "benchmarks" / "toy" / "img.zip").exists()


def test_without_a_network_and_a_mirror_the_error_says_where_to_put_the_file(row, site, tmp_path):
    with pytest.raises(UnreachableError, match=r"(?s)put the file by hand at.*toy/files/scores\.csv"):
        Errand(row, tmp_path, network=False).run()
    assert site.asked == []


def test_the_next_address_is_tried_when_one_fails(row, site, tmp_path):
    moved = replace(row.files[1], url=(f"{site.root}/gone/img.zip", *row.files[1].url))
    Errand(replace(row, files=(moved,)), tmp_path).run()
    assert [path for path, _ in site.asked] == ["/gone/img.zip", "/img.zip"]


def test_a_wrong_hash_leaves_nothing_and_is_named(row, site, tmp_path):
    site.pages["/scores.csv"].body = b"tampered"
    with pytest.raises(UnreachableError, match=f"came with sha256 {digest(b'tampered')}"):
        Errand(row, tmp_path).run()
    assert laid_out(tmp_path) == {}


def test_a_damaged_archive_is_not_remembered_as_the_right_one(row, site, tmp_path):
    site.pages["/img.zip"].body = ZIP[:-100]
    with pytest.raises(InputError, match="cannot be unpacked"):
        Errand(row, tmp_path).run()
    site.pages["/img.zip"].body = ZIP
    (tmp_path / "benchmarks" / "toy" / "img.zip").unlink()
    Errand(row, tmp_path).run()
    assert laid_out(tmp_path) == LAYOUT


@pytest.mark.parametrize("name", ["../../evil", "/evil"])
def test_an_archive_that_reaches_outside_writes_nothing(row, site, tmp_path, name):
    site.pages["/img.zip"].body = wheel({"images/a.png": b"a", name: b"evil"})
    with pytest.raises(InputError, match="reaches outside"):
        Errand(row, tmp_path / "cache").run()
    assert laid_out(tmp_path / "cache") == {"scores.csv": SCORES}
    assert not [path for path in tmp_path.rglob("*") if path.name == "evil"]


def test_an_archive_of_more_than_its_stated_size_is_refused(row, site, tmp_path):
    small = replace(row.files[1], unpacked=1000)
    with pytest.raises(InputError, match="more than it should"):
        Errand(replace(row, files=(small,)), tmp_path).run()


def test_files_that_the_user_has_put_there_are_not_touched(row, site, tmp_path):
    own = files_folder("toy", tmp_path) / "images" / "mine.png"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"mine")
    with pytest.raises(InputError, match=r"do not come from img\.zip"):
        Errand(row, tmp_path).run()
    assert own.read_bytes() == b"mine"


def test_a_full_disk_is_a_message_and_what_came_is_kept(row, site, tmp_path, monkeypatch):
    import errno
    import os

    def full():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("percepnet.sources.unpack.os.sync", full)
    with pytest.raises(InputError, match="disk is full"):
        Errand(row, tmp_path).run()
    monkeypatch.undo()
    Errand(row, tmp_path).run()
    assert laid_out(tmp_path) == LAYOUT
    assert site.count("/img.zip") == 1


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_that_dies_around_the_unpacking_is_followed_up(row, site, tmp_path, monkeypatch, moment):
    def die(*arguments, **how):
        if moment == "after":
            unpack(*arguments, **how)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("percepnet.benchmarks.fetched.unpack", die)
        with pytest.raises(KeyboardInterrupt):
            Errand(replace(row, files=row.files[1:2]), tmp_path).run()
    assert (tmp_path / "benchmarks" / "toy" / "img.zip").is_file()
    Errand(row, tmp_path).run()
    assert laid_out(tmp_path) == LAYOUT
    assert not (tmp_path / "benchmarks" / "toy" / "img.zip").exists()
    assert site.count("/img.zip") == 1


PROGRAM = """
import pathlib, sys
from percepnet.benchmarks import offers
rows = offers.read_offers(pathlib.Path(sys.argv[1]).read_text())
offers.offers = lambda: rows
from percepnet.cli import main
main(["data", "fetch", "toy", "--cache", sys.argv[2], *sys.argv[3:]])
"""


@pytest.fixture
def command(row, tmp_path):
    """Run `percepnet data fetch toy` in a process of its own, where `toy` is what the test server offers."""
    import yaml

    keys = ("sha256", "unpack", "inside", "into")
    files = [{"url": list(file.url)} | {key: getattr(file, key) for key in keys} for file in row.files]
    texts = {key: getattr(row, key) for key in ("publisher", "page", "citation", "terms")}
    (tmp_path / "offers.yaml").write_text(yaml.safe_dump({"toy": {**texts, "files": files}}))

    def start(*more):
        line = [sys.executable, "-c", PROGRAM, tmp_path / "offers.yaml", tmp_path / "cache", *more]
        return subprocess.Popen(
            line,
            cwd=Path(__file__).parents[2],
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    return start


def test_nothing_is_fetched_before_the_terms_are_accepted(command, site):
    with command() as process:
        shown = process.communicate()[0]
    assert process.returncode == 1
    assert "have not been accepted" in shown
    assert "https://p.example" in shown
    assert site.asked == []


def test_a_killed_fetch_is_finished_by_the_same_command_with_the_missing_bytes_alone(command, site, tmp_path):
    site.pages["/img.zip"].hangs_after = 150_000
    part = tmp_path / "cache" / "benchmarks" / "toy" / ".img.zip.part"
    with command("--accept") as process:
        until(lambda: part.is_file() and part.stat().st_size == 131_072)
        process.kill()
    site.released.set()
    with command() as process:
        shown = process.communicate()[0]
    assert process.returncode == 0, shown
    assert f"img.zip came with sha256 {digest(ZIP)}" in shown
    assert laid_out(tmp_path / "cache") == LAYOUT
    assert [wanted for path, wanted in site.asked if path == "/img.zip"] == [None, "bytes=131072-"]
    assert site.count("/scores.csv") == 1
    assert not list((tmp_path / "cache").rglob("*.part*"))


def test_two_commands_at_once_fetch_everything_once(command, site, tmp_path):
    site.pages["/img.zip"].hangs_after = 150_000
    with command("--accept") as one, command("--accept") as two:
        until(lambda: site.count("/img.zip") == 1)
        site.released.set()
        both = one.communicate()[0] + two.communicate()[0]
    assert (one.returncode, two.returncode) == (0, 0), both
    assert laid_out(tmp_path / "cache") == LAYOUT
    assert len(site.asked) == 3
