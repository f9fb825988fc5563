import socket

import pytest

from percepnet.errors import UnreachableError
from percepnet.sources.http import download
from tests.sources.conftest import Page

BODY = bytes(range(256)) * 1200  # 307,200 bytes: several chunks


def test_a_file_comes_as_it_is(site, tmp_path) -> None:
    download(site.put("/file", BODY), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY


def test_what_lay_in_the_temporary_before_does_not_matter(site, tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 400_000)
    download(site.put("/file", BODY), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY


def test_a_broken_download_goes_on_where_it_broke(site, tmp_path) -> None:
    download(site.put("/file", BODY, breaks=[150_000]), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY
    assert site.asked == [("/file", None), ("/file", "bytes=131072-")]


@pytest.mark.parametrize("how", [{"ranges": False}, {"etag": None}, {"etag": 'W/"weak"'}])
def test_a_broken_download_starts_anew_where_it_cannot_go_on(site, tmp_path, how) -> None:
    download(site.put("/file", BODY, breaks=[150_000], **how), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY


def test_a_later_call_goes_on_where_an_earlier_one_gave_up(site, tmp_path) -> None:
    url = site.put("/file", BODY, breaks=[70_000, 70_000, 70_000])
    with pytest.raises(UnreachableError):
        download(url, tmp_path / "file")
    assert download(url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY
    assert [wanted for _, wanted in site.asked] == [
        None,
        "bytes=65536-",
        "bytes=131072-",
        "bytes=196608-",
    ]


def test_what_is_remembered_of_an_address_does_not_tell_its_password(site, tmp_path) -> None:
    url = site.put("/file", BODY, breaks=[70_000] * 3).replace("//", "//someone:secret@")
    with pytest.raises(UnreachableError):
        download(url, tmp_path / "file")
    assert "secret" not in (tmp_path / "file.json").read_text()


def test_a_server_that_knows_no_such_range_is_asked_for_the_whole_file(site, tmp_path) -> None:
    url = site.put("/file", BODY, breaks=[70_000] * 3)
    with pytest.raises(UnreachableError):
        download(url, tmp_path / "file")
    site.pages["/file"] = Page(BODY, refuses_ranges=True)
    assert not download(url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY


def test_a_download_that_breaks_every_time_is_an_error_after_three_attempts(site, tmp_path) -> None:
    url = site.put("/file", BODY, breaks=[100, 100, 100, 100])
    with pytest.raises(UnreachableError, match="the connection broke"):
        download(url, tmp_path / "file")
    assert site.count("/file") == 3


def test_a_hanging_server_is_an_error_and_not_a_wait(site, tmp_path) -> None:
    url = site.put("/file", BODY, hangs_after=0)
    with pytest.raises(UnreachableError, match="timed out"):
        download(url, tmp_path / "file", timeout=0.2)
    assert site.count("/file") == 1


def test_a_server_that_falls_silent_midway_is_asked_for_the_rest(site, tmp_path) -> None:
    url = site.put("/file", BODY, hangs_after=90_000)
    with pytest.raises(UnreachableError, match="timed out"):
        download(url, tmp_path / "file", timeout=0.2)
    assert [wanted for _, wanted in site.asked] == [None, "bytes=65536-", "bytes=131072-"]


@pytest.mark.parametrize(("status", "attempts"), [(404, 1), (403, 1), (503, 3), (429, 3)])
def test_only_a_passing_refusal_is_tried_again(site, tmp_path, status, attempts) -> None:
    url = site.put("/file", b"no", status=status)
    with pytest.raises(UnreachableError, match=f"HTTP {status}"):
        download(url, tmp_path / "file")
    assert site.count("/file") == attempts


def test_a_web_page_is_not_taken_for_a_file(site, tmp_path) -> None:
    url = site.put("/file", b"<html>log in first</html>", kind="text/html; charset=utf-8")
    with pytest.raises(UnreachableError, match="web page"):
        download(url, tmp_path / "file")


def test_a_closed_port_is_named_as_such(tmp_path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(UnreachableError, match="connection was refused"):
        download(f"http://127.0.0.1:{port}/file", tmp_path / "file")


def test_a_name_and_password_in_the_address_stay_out_of_the_message(site, tmp_path) -> None:
    url = site.root.replace("//", "//someone:secret@") + "/missing?token=secret"
    with pytest.raises(UnreachableError, match="HTTP 404") as caught:
        download(url, tmp_path / "file")
    assert "secret" not in str(caught.value)


def test_an_address_that_is_none_is_an_error(tmp_path) -> None:
    with pytest.raises(UnreachableError, match="file:"):
        download("file:///etc/hostname", tmp_path / "file")
