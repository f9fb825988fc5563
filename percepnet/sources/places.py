"""Files that lie on a disk already: in the cache, in a mirror folder; verified before each use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from percepnet.errors import InputError
from percepnet.sources.cache import sha256
from percepnet.sources.source import Source, admits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Obtained:
    """A verified file.

    Attributes:
        path: Where it lies.
        source: What it is, whether it came from there or from a mirror.
        sha256: Its whole hash.
    """

    path: Path
    source: Source
    sha256: str


def find(name: str, sources: Sequence[Source], folder: Path, mirrors: Sequence[Path]) -> Obtained | None:
    """Return the first file at hand: in the cache before the mirrors, in the order of the sources.

    Raises:
        InputError: A file is there but is not the one that its name promises. It is neither used nor
            replaced: it may be the only copy of something.
    """
    for path in _candidates(name, sources, folder, mirrors):
        if path.is_file():
            return verified(path, [source for source in sources if source.file_name == path.name])
    return None


def verified(path: Path, sources: Sequence[Source]) -> Obtained:
    """Return the file with the first of the sources that its hash fits.

    Raises:
        InputError: It fits none of them.
    """
    digest = sha256(path)
    for source in sources:
        if admits(source, digest):
            return Obtained(path, source, digest)
    raise InputError(
        f"{path} is corrupt, or not the file that its name promises",
        expected=" or ".join(f"sha256 {source.expected}" for source in sources),
        found=f"sha256 {digest} ({path.stat().st_size} bytes)",
        remedy="delete it or put the right file there",
    )


def _candidates(
    name: str, sources: Sequence[Source], folder: Path, mirrors: Sequence[Path]
) -> Iterator[Path]:
    files = list(dict.fromkeys(source.file_name for source in sources))
    yield from (folder / name / file for file in files)
    for mirror in mirrors:
        for file in files:
            yield mirror.expanduser() / name / file
            yield mirror.expanduser() / file
