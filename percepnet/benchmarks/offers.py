"""What each benchmark's publisher offers, and on which terms: the rows of `offers.yaml`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml

from percepnet.errors import InputError, nearest
from percepnet.sources.source import UrlSource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PACKINGS = ("zip", "tar")


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """One published file.

    Attributes:
        url: Its address, or equivalent ones, the best first.
        sha256: Of the whole file, None where none is known.
        size: In bytes, about; None where it is not known.
        unpack: `zip` or `tar`; "" for a file that is used as it is.
        inside: A folder of the archive that is left off if everything lies in it.
        into: Folder that the file, or what is in the archive, goes to; relative to the benchmark's files.
        unpacked: Bytes that the unpacked files may have; None for twenty times the archive.
    """

    url: tuple[str, ...]
    sha256: str | None = None
    size: int | None = None
    unpack: str = ""
    inside: str = ""
    into: str = "."
    unpacked: int | None = None

    @property
    def sources(self) -> tuple[UrlSource, ...]:
        """The addresses as equivalent sources."""
        return tuple(UrlSource(address, self.sha256) for address in self.url)

    @property
    def name(self) -> str:
        """The last part of the address."""
        return self.sources[0].file_name


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be had for one benchmark.

    Attributes:
        name: Of the benchmark.
        publisher: Who offers it.
        page: Where the publisher says so.
        citation: What a publication has to name.
        terms: Of use, in short.
        files: What is fetched.
        by_hand: What only a person can do; `{files}` is the folder that is looked in.
        itself: What the benchmark fetches by itself when it is first used.
        nothing: Why there is nothing to fetch.
    """

    name: str
    publisher: str = ""
    page: str = ""
    citation: str = ""
    terms: str = ""
    files: tuple[OfferedFile, ...] = field(default=())
    by_hand: str = ""
    itself: str = ""
    nothing: str = ""

    @property
    def terms_hash(self) -> str:
        """The sha256 of the terms: who accepted them has not accepted others."""
        return hashlib.sha256(f"{self.publisher}\n{self.terms}".encode()).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of the files whose size is known."""
        return sum(file.size or 0 for file in self.files)

    def remedy(self, folder: Path | str) -> str:
        """Return what to do to have the files in `folder`; "" where there is nothing to do."""
        fetch = f"percepnet data fetch {self.name}" if self.files else ""
        by_hand = f"{self.by_hand.format(files=folder)} ({self.page})" if self.by_hand else ""
        return "; then ".join(part for part in (fetch, by_hand) if part)


def files_folder(name: str, cached: Path) -> Path:
    """Return where a benchmark's files lie in the cache, in their publisher's layout."""
    return cached / "benchmarks" / name / "files"


@cache
def offers() -> Mapping[str, Offer]:
    """Return every row by the name of its benchmark.

    Raises:
        InputError: A row is wrong.
    """
    text = (files("percepnet.benchmarks") / "offers.yaml").read_text(encoding="utf-8")
    return read_offers(text)


def offer(name: str) -> Offer:
    """Return the row of one benchmark.

    Raises:
        InputError: There is none; tells the nearest.
    """
    if name not in offers():
        raise InputError(f"there is no benchmark {name!r} to fetch", remedy=nearest(name, offers()))
    return offers()[name]


def read_offers(text: str) -> dict[str, Offer]:
    """Return the rows of a YAML text.

    Raises:
        InputError: A key that does not exist, or a row that says nothing or contradicts itself.
    """
    return {name: _row(name, node) for name, node in yaml.safe_load(text).items()}


def _row(name: str, node: Mapping[str, Any]) -> Offer:
    _check_keys(name, node, Offer, "name")
    offered = tuple(_file(name, item) for item in node.get("files", ()))
    row = Offer(**{**node, "name": name, "files": offered})
    problem = _problem(row)
    if problem:
        raise InputError(f"the offer of {name} is wrong", found=problem, remedy="correct offers.yaml")
    return row


def _file(name: str, node: Mapping[str, Any]) -> OfferedFile:
    _check_keys(name, node, OfferedFile)
    address = node.get("url", ())
    return OfferedFile(**{**node, "url": (address,) if isinstance(address, str) else tuple(address)})


def _check_keys(name: str, node: Mapping[str, Any], kind: type, *not_keys: str) -> None:
    known = {item.name for item in fields(kind)} - set(not_keys)
    for key in node:
        if key not in known:
            raise InputError(f"the offer of {name} has no key {key!r}", remedy=nearest(key, known))


def _problem(row: Offer) -> str:
    """Return the first thing that is wrong with a row, "" if nothing is."""
    if row.nothing:
        return "nothing to fetch, and yet something" if row.files or row.by_hand or row.itself else ""
    if not (row.files or row.by_hand or row.itself):
        return "neither files, by_hand, itself nor nothing"
    for key in ("publisher", "page", "citation", "terms"):
        if not getattr(row, key):
            return f"no {key}"
    names = [file.name for file in row.files if file.url]
    if len(names) != len(set(names)):
        return "two files of one name"
    return next((words for file in row.files if (words := _wrong(file))), "") or _clash(row.files)


def _wrong(file: OfferedFile) -> str:
    places = (PurePosixPath(file.into), PurePosixPath(file.inside))
    if not file.url or len({source.file_name for source in file.sources}) > 1:
        return "a file without an address, or with addresses of different names"
    if file.unpack and file.unpack not in PACKINGS:
        return f"unpack: {file.unpack}, which is none of {', '.join(PACKINGS)}"
    if any(place.is_absolute() or ".." in place.parts for place in places):
        return f"{file.name} goes outside the benchmark's files"
    return ""


def _clash(offered: tuple[OfferedFile, ...]) -> str:
    """Return which archive's folder holds other files too: it could not be put there as a whole."""
    for archive in (file for file in offered if file.unpack):
        place = PurePosixPath(archive.into)
        others = [PurePosixPath(file.into) for file in offered if file is not archive]
        if any(other.is_relative_to(place) for other in others):
            return f"{archive.name} and another file go to {archive.into}"
    return ""
