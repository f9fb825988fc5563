import errno
import hashlib
import multiprocessing
import os
from pathlib import Path

import pytest

from percepnet.errors import InputError
from percepnet.sources import cache
from percepnet.sources.cache import atomic_file, cache_root, lock, remove_leftovers, sha256
from tests.sources.conftest import listing


def test_the_setting_wins_over_the_variables_and_those_over_home(monkeypatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.delenv("PERCEPNET_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_root() == Path("/home/someone/.cache/percepnet")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_root() == Path("/xdg/percepnet")
    monkeypatch.setenv("PERCEPNET_CACHE", "~/files")
    assert cache_root() == Path("/home/someone/files")
    assert cache_root("here") == Path.cwd() / "here"


def test_the_cache_folder_is_not_created_by_asking_for_it(tmp_path) -> None:
    assert not cache_root(str(tmp_path / "new")).exists()


def test_an_atomic_file_appears_whole_and_alone(tmp_path) -> None:
    path = tmp_path / "deep" / "file"
    with atomic_file(path) as temporary:
        assert temporary.parent == path.parent
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert listing(path.parent) == ["file"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_a_failure_the_old_file_is_as_it_was_and_nothing_is_left(tmp_path, error) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail() -> None:
        with atomic_file(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text() == "old"
    assert listing(tmp_path) == ["file"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's device that is always full")
def test_a_full_disk_is_a_message_that_names_the_folder_and_leaves_nothing(tmp_path) -> None:
    def fill() -> None:
        with atomic_file(tmp_path / "file"), Path("/dev/full").open("w") as full:
            full.write("x")

    with pytest.raises(
        InputError, match=r"(?s)disk is full.*MB free.*sources.cache=DIR.*PERCEPNET_CACHE"
    ) as caught:
        fill()
    assert str(tmp_path) in str(caught.value)
    assert listing(tmp_path) == []


def test_a_read_only_folder_is_a_message_that_names_the_variable_to_set(tmp_path, monkeypatch) -> None:
    def refuse(path, **_how) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(InputError, match=r"(?s)cannot be written.*PERCEPNET_CACHE"):
        atomic_file(tmp_path / "file").__enter__()


def test_a_folder_below_a_file_is_a_message(tmp_path) -> None:
    (tmp_path / "file").touch()
    for manager in (atomic_file, lock):
        with pytest.raises(InputError, match="cannot be written"):
            manager(tmp_path / "file" / "below" / "x").__enter__()


def test_an_error_that_is_not_about_the_folder_stays_what_it_is(tmp_path) -> None:
    def read_elsewhere() -> None:
        with atomic_file(tmp_path / "file"):
            raise PermissionError(errno.EACCES, "no", "/elsewhere")

    with pytest.raises(PermissionError):
        read_elsewhere()


def test_leftovers_go_and_files_stay(tmp_path) -> None:
    for name in (".file.12-ab.tmp", "file", ".lock", "file.tmp"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert listing(tmp_path) == [".lock", "file", "file.tmp"]


def test_the_hash_is_that_of_the_bytes(tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"abc" * 1000)
    assert sha256(tmp_path / "file") == hashlib.sha256(b"abc" * 1000).hexdigest()


def test_a_file_that_cannot_be_read_is_a_message(tmp_path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        sha256(tmp_path)


def hold(path, held) -> None:
    with lock(path):
        held.set()
        multiprocessing.Event().wait()


def test_a_lock_excludes_until_its_owner_is_killed(tmp_path, monkeypatch) -> None:
    spawn = multiprocessing.get_context("spawn")
    held = spawn.Event()
    owner = spawn.Process(target=hold, args=(tmp_path / "lock", held))
    owner.start()
    assert held.wait(30)
    # The message comes once the wait has begun, so whoever hears of it can end the wait.
    said = []

    def kill(*message) -> None:
        said.append(message)
        owner.kill()

    monkeypatch.setattr(cache.logger, "info", kill)
    with lock(tmp_path / "lock"):
        owner.join(10)
    assert owner.exitcode == -9
    owner.close()
    assert len(said) == 1
