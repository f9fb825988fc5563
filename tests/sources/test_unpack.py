import io
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from percepnet.errors import InputError
from percepnet.sources.unpack import unpack
from tests.sources.conftest import listing, sdist, wheel
from tests.sources.test_processes import until

FILES = {"data/a/1.png": b"one", "data/a/2.png": b"two" * 500_000, "data/scores.csv": b"1,2\n"}


def tree(folder) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def put(tmp_path: Path, body) -> Path:
    (tmp_path / "archive").write_bytes(body)
    return tmp_path / "archive"


@pytest.mark.parametrize("pack", [wheel, sdist], ids=["zip", "tar.gz"])
def test_all_files_are_laid_out_as_they_were_packed(tmp_path, pack) -> None:
    unpack(put(tmp_path, pack(FILES)), tmp_path / "files", limit=10_000_000)
    assert tree(tmp_path / "files") == FILES
    assert listing(tmp_path) == ["archive", "files"]


@pytest.mark.parametrize("pack", [wheel, sdist], ids=["zip", "tar.gz"])
@pytest.mark.parametrize("inside", ["data", "DATA"])
def test_a_leading_folder_that_holds_everything_is_left_off(tmp_path, pack, inside) -> None:
    unpack(put(tmp_path, pack(FILES)), tmp_path / "files", limit=10_000_000, inside=inside)
    assert tree(tmp_path / "files") == {name[5:]: body for name, body in FILES.items()}


@pytest.mark.parametrize("more", [{"readme": b""}, {"other/x": b""}])
def test_a_leading_folder_that_does_not_hold_everything_stays(tmp_path, more) -> None:
    unpack(put(tmp_path, wheel(FILES | more)), tmp_path / "files", limit=10_000_000, inside="data")
    assert tree(tmp_path / "files") == FILES | more


def test_what_an_archiver_adds_for_its_own_system_is_left_out(tmp_path) -> None:
    added = {"__MACOSX/data/._1.png": b"x"}
    unpack(put(tmp_path, wheel(FILES | added)), tmp_path / "files", limit=10_000_000, inside="data")
    assert set(tree(tmp_path / "files")) == {"a/1.png", "a/2.png", "scores.csv"}


@pytest.mark.parametrize("pack", [wheel, sdist], ids=["zip", "tar.gz"])
@pytest.mark.parametrize("name", ["/etc/evil", "../evil", "data/../../evil", "C:/evil", "a\\..\\evil"])
def test_a_path_that_leads_outside_is_refused(tmp_path, pack, name) -> None:
    archive = put(tmp_path, pack({"data/good": b"good", name: b"evil"}))
    with pytest.raises(InputError, match=r"(?s)reaches outside its folder.*evil"):
        unpack(archive, tmp_path / "files", limit=1000)
    assert listing(tmp_path) == ["archive"]
    assert not Path("/etc/evil").exists()


def tape(info, body=b"") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(info, io.BytesIO(body))
    return packed.getvalue()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind) -> None:
    info = tarfile.TarInfo("data/thing")
    info.type, info.linkname = kind, "/etc/passwd"
    with pytest.raises(InputError, match="link or a device"):
        unpack(put(tmp_path, tape(info)), tmp_path / "files", limit=1000)
    assert listing(tmp_path) == ["archive"]


def test_a_link_in_a_zip_is_refused(tmp_path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        info = zipfile.ZipInfo("data/link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(InputError, match="link or a device"):
        unpack(put(tmp_path, packed.getvalue()), tmp_path / "files", limit=1000)
    assert listing(tmp_path) == ["archive"]


def squeezed(members) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return packed.getvalue()


@pytest.mark.parametrize("pack", [squeezed, sdist], ids=["zip", "tar.gz"])
def test_more_than_the_stated_size_is_refused_before_it_fills_the_disk(tmp_path, pack, monkeypatch) -> None:
    archive = put(tmp_path, pack({"bomb": bytes(50_000_000)}))
    assert archive.stat().st_size < 60_000
    largest: list[int] = []
    monkeypatch.setattr("percepnet.sources.unpack.shutil.rmtree", watched(largest))
    with pytest.raises(InputError, match="more than it should"):
        unpack(archive, tmp_path / "files", limit=1_000_000)
    monkeypatch.undo()
    assert 0 < max(largest) <= 1_000_000 + 2 * (1 << 20)


def watched(largest):
    """Note how much lies in a folder that is removed, then remove it."""
    remove = shutil.rmtree

    def rmtree(folder, **how) -> None:
        largest.append(sum(len(body) for body in tree(folder).values()) if folder.exists() else 0)
        remove(folder, **how)

    return rmtree


def test_a_size_that_the_directory_of_a_zip_lies_about_does_not_help(tmp_path) -> None:
    body = squeezed({"bomb": bytes(5_000_000)})
    lie = body.replace((5_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lie != body
    with pytest.raises(InputError, match=r"cannot be unpacked|more than it should"):
        unpack(put(tmp_path, lie), tmp_path / "files", limit=1_000_000)
    assert listing(tmp_path) == ["archive"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["a", "./a", "a/b"])
def test_two_files_at_one_place_are_refused(tmp_path, second) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr(second, b"2")
    with pytest.raises(InputError, match="holds two files at one place"):
        unpack(put(tmp_path, packed.getvalue()), tmp_path / "files", limit=1000)


@pytest.mark.parametrize("damage", ["cut", "garbage", "flipped"])
@pytest.mark.parametrize("pack", [wheel, sdist], ids=["zip", "tar.gz"])
def test_a_damaged_archive_leaves_nothing(tmp_path, pack, damage) -> None:
    noise = os.urandom(100_000)
    body = bytearray(pack({"data/a": noise, "data/b": noise[::-1]}))
    if damage == "cut":
        del body[len(body) // 2 :]
    elif damage == "garbage":
        body = bytearray(b"no archive")
    else:
        body[len(body) // 3] ^= 0xFF
    with pytest.raises(InputError, match="cannot be unpacked"):
        unpack(put(tmp_path, bytes(body)), tmp_path / "files", limit=10_000_000)
    assert listing(tmp_path) == ["archive"]


PROGRAM = """
import pathlib, sys
from percepnet.sources import unpack as module
def sync():
    print("synced", flush=True)
    sys.stdin.read()
module.os.sync = sync
module.unpack(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), limit=10_000_000)
"""


def test_a_killed_unpacking_leaves_no_folder_and_the_next_one_makes_it_whole(tmp_path) -> None:
    archive = put(tmp_path, wheel(FILES))
    command = [sys.executable, "-c", PROGRAM, str(archive), str(tmp_path / "files")]
    root, pipe = Path(__file__).parents[2], subprocess.PIPE
    with subprocess.Popen(command, cwd=root, stdin=pipe, stdout=pipe) as process:
        assert process.stdout
        assert process.stdout.readline() == b"synced\n"
        process.kill()
    until(lambda: process.poll() is not None)
    assert listing(tmp_path) == [".files.unpacking", "archive"]
    unpack(archive, tmp_path / "files", limit=10_000_000)
    assert tree(tmp_path / "files") == FILES
    assert listing(tmp_path) == ["archive", "files"]
