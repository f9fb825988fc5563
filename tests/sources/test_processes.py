"""What must hold when several processes fetch, and when one of them is killed."""

import subprocess
import sys
import time
from pathlib import Path

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


def test_a_killed_download_leaves_no_file_and_the_next_one_succeeds_and_tidies_up(site, tmp_path) -> None:
    url = site.put("/net.pth", BODY, hangs_after=150_000)
    process = start(url, tmp_path / "cache", tmp_path / "log")
    home = tmp_path / "cache" / "net"
    until(lambda: any(path.stat().st_size > 0 for path in home.glob(".*.tmp")))
    process.kill()
    process.wait()
    assert not (home / "net.pth").exists()
    assert list(home.glob(".*.tmp"))
    site.released.set()
    found = obtain("net", [UrlSource(url, digest(BODY))], tmp_path / "cache")
    assert found.path.read_bytes() == BODY
    assert listing(home) == [".lock", "net.pth"]
