"""What must hold when several processes fetch, and when one of them is killed."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from percepnet.sources.fetch import UrlSource, obtain
from tests.sources.conftest import digest, listing

BODY = bytes(range(256)) * 1200
PROGRAM = """
import logging, pathlib, sys
from percepnet.sources.fetch import UrlSource, obtain
logging.basicConfig(level=logging.INFO)
print(obtain("net", [UrlSource(sys.argv[1], sys.argv[2])], pathlib.Path(sys.argv[3])).sha256)
"""


def start(url, folder, log) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROGRAM, url, digest(BODY), str(folder)]
    with log.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, cwd=Path(__file__).parents[2])


def until(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_processes_that_want_one_file_download_it_once(site, tmp_path) -> None:
    url = site.put("/net.pth", BODY, hangs_after=150_000)
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    processes = [start(url, tmp_path / "cache", log) for log in logs]
    until(lambda: any("waiting for" in log.read_text() for log in logs))
    site.released.set()
    assert [process.wait(30) for process in processes] == [0, 0]
    assert all(digest(BODY) in log.read_text() for log in logs)
    assert site.count("/net.pth") == 1


@pytest.fixture
def killed(site, tmp_path):
    """A process that is killed while it fetches net.pth: what it leaves is a part of 131,072 bytes."""
    url = site.put("/net.pth", BODY, hangs_after=150_000)
    process = start(url, tmp_path / "cache", tmp_path / "log")
    part = tmp_path / "cache" / "net" / ".net.pth.part"
    until(lambda: part.is_file() and part.stat().st_size == 131_072)
    process.kill()
    process.wait()
    site.released.set()
    assert listing(part.parent) == [".lock", ".net.pth.part", ".net.pth.part.json"]
    return url


def again(url, tmp_path: Path) -> str:
    """Run the same command once more; return what it logged."""
    assert start(url, tmp_path / "cache", tmp_path / "again.log").wait(30) == 0
    home = tmp_path / "cache" / "net"
    assert (home / "net.pth").read_bytes() == BODY
    assert listing(home) == ["net.pth"]
    return (tmp_path / "again.log").read_text()


def test_after_a_kill_the_same_command_asks_for_the_missing_bytes_alone(site, tmp_path, killed) -> None:
    assert "going on after 0.1 MB" in again(killed, tmp_path)
    assert site.asked == [("/net.pth", None), ("/net.pth", "bytes=131072-")]


def test_a_file_that_changed_after_a_kill_is_fetched_whole(site, tmp_path, killed) -> None:
    part = tmp_path / "cache" / "net" / ".net.pth.part"
    part.write_bytes(b"x" * 131_072)
    site.pages["/net.pth"].etag = '"v2"'
    again(killed, tmp_path)
    assert site.asked == [("/net.pth", None), ("/net.pth", "bytes=131072-")]


def test_a_server_that_sends_the_rest_of_another_version_is_asked_for_all_of_it(
    site, tmp_path, killed
) -> None:
    (tmp_path / "cache" / "net" / ".net.pth.part").write_bytes(b"x" * 131_072)
    site.pages["/net.pth"].etag = '"v2"'
    site.pages["/net.pth"].heeds_if_range = False
    again(killed, tmp_path)
    assert [wanted for _, wanted in site.asked] == [None, "bytes=131072-", None]


def test_a_server_that_has_no_ranges_any_more_sends_all_of_it(site, tmp_path, killed) -> None:
    site.pages["/net.pth"].ranges = False
    again(killed, tmp_path)
    assert site.count("/net.pth") == 2


def test_a_part_that_leads_to_the_wrong_hash_is_thrown_away_once(site, tmp_path, killed) -> None:
    (tmp_path / "cache" / "net" / ".net.pth.part").write_bytes(b"x" * 131_072)
    assert "did not lead to the right file" in again(killed, tmp_path)
    assert [wanted for _, wanted in site.asked] == [None, "bytes=131072-", None]


def test_a_part_without_its_version_is_not_gone_on_with(site, tmp_path, killed) -> None:
    (tmp_path / "cache" / "net" / ".net.pth.part.json").write_text('{"address": "')
    again(killed, tmp_path)
    assert [wanted for _, wanted in site.asked] == [None, None]


def test_a_part_that_was_whole_when_the_process_died_costs_no_request(site, tmp_path, killed) -> None:
    (tmp_path / "cache" / "net" / ".net.pth.part").write_bytes(BODY)
    again(killed, tmp_path)
    assert site.count("/net.pth") == 1


def test_a_part_longer_than_the_file_is_not_gone_on_with(site, tmp_path, killed) -> None:
    (tmp_path / "cache" / "net" / ".net.pth.part").write_bytes(BODY + b"x")
    again(killed, tmp_path)
    assert [wanted for _, wanted in site.asked] == [None, None]


def test_another_address_of_the_same_file_does_not_go_on_with_the_part(site, tmp_path, killed) -> None:
    again(site.put("/copy/net.pth", BODY), tmp_path)
    assert site.asked[-1] == ("/copy/net.pth", None)


def test_an_address_that_does_not_answer_leaves_the_part_of_another_alone(site, tmp_path, killed) -> None:
    sources = [UrlSource(f"{site.root}/gone/net.pth"), UrlSource(killed, digest(BODY))]
    obtain("net", sources, tmp_path / "cache")
    assert site.asked[1:] == [("/gone/net.pth", None), ("/net.pth", "bytes=131072-")]
