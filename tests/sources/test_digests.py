import json
import os
import shutil
import time

import pytest

from percepnet.benchmarks.files import ImageFiles
from percepnet.errors import InputError
from percepnet.sources import digests as module
from percepnet.sources.cache import sha256
from percepnet.sources.digests import digests


@pytest.fixture
def read(monkeypatch):
    """The names of the files whose bytes are read."""
    names = []

    def counted(path):
        names.append(path.name)
        return sha256(path)

    monkeypatch.setattr(module, "sha256", counted)
    return names


@pytest.fixture
def later(monkeypatch):
    """Files are as old as one likes."""
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 60_000_000_000)


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "database"
    (folder / "sub").mkdir(parents=True)
    paths = [folder / "a.bmp", folder / "b.bmp", folder / "sub" / "a.bmp"]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number]) * 100)
    return paths


def test_a_second_load_reads_no_bytes(files, tmp_path, read, later):
    known = digests(files, tmp_path / "memory")
    assert known == {path: sha256(path) for path in files}
    assert sorted(read) == ["a.bmp", "a.bmp", "b.bmp"]
    assert digests(files, tmp_path / "memory") == known
    assert len(read) == 3


def test_the_images_of_a_benchmark_remember_their_digests(files, tmp_path, read, later):
    paths = {path.name + path.parent.name: path for path in files}
    for _ in range(2):
        images = ImageFiles(paths, remember=tmp_path / "memory")
        assert [images.digest(key) for key in paths] == [sha256(path) for path in files]
    assert len(read) == 3


def grow(path):
    path.write_bytes(b"x" * 101)


def rewrite_and_turn_back_the_clock(path):
    kept = path.stat()
    path.write_bytes(b"y" * 100)
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))


def replace(path):
    shutil.copy2(path, path.with_name("new"))
    path.with_name("new").write_bytes(b"z" * 100)
    path.with_name("new").replace(path)


@pytest.mark.parametrize("change", [grow, rewrite_and_turn_back_the_clock, replace])
def test_a_changed_file_is_noticed(files, tmp_path, read, later, change):
    digests(files, tmp_path / "memory")
    change(files[1])
    assert digests(files, tmp_path / "memory")[files[1]] == sha256(files[1])
    assert read[3:] == ["b.bmp"]


def test_two_files_that_changed_names_are_noticed(files, tmp_path, later):
    digests(files, tmp_path / "memory")
    files[0].rename(files[0].with_name("x"))
    files[1].rename(files[0])
    files[0].with_name("x").rename(files[1])
    assert digests(files, tmp_path / "memory") == {path: sha256(path) for path in files}


def test_a_file_modified_just_now_is_not_remembered(files, tmp_path, read):
    digests(files, tmp_path / "memory")
    digests(files, tmp_path / "memory")
    assert len(read) == 6


def test_a_file_that_changes_while_it_is_read_is_not_remembered(files, tmp_path, later, monkeypatch):
    def late(path):
        digest = sha256(path)
        grow(path)
        return digest

    monkeypatch.setattr(module, "sha256", late)
    digests(files, tmp_path / "memory")
    assert not (tmp_path / "memory").exists()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"folder": "x"}', '{"files": 3}', '{"folder": 0, "files": {}}']
)
def test_a_damaged_memory_is_no_memory(files, tmp_path, read, later, content):
    known = digests(files, tmp_path / "memory")
    for page in (tmp_path / "memory").iterdir():
        page.write_text(content)
    assert digests(files, tmp_path / "memory") == known
    assert len(read) == 6


def test_what_another_process_learnt_meanwhile_is_kept(files, tmp_path, read, later, monkeypatch):
    def other_first(path):
        monkeypatch.setattr(module, "sha256", sha256)
        digests([files[1]], tmp_path / "memory")
        return sha256(path)

    monkeypatch.setattr(module, "sha256", other_first)
    digests([files[0]], tmp_path / "memory")
    [page] = (tmp_path / "memory").iterdir()
    assert set(json.loads(page.read_text())["files"]) == {"a.bmp", "b.bmp"}


def test_a_memory_that_cannot_be_written_is_no_error(files, tmp_path, later):
    (tmp_path / "memory").touch()
    assert digests(files, tmp_path / "memory") == {path: sha256(path) for path in files}


def test_a_file_that_is_missing_is_a_message(tmp_path):
    with pytest.raises(InputError, match=r"gone.bmp cannot be read"):
        digests([tmp_path / "gone.bmp"], tmp_path / "memory")
