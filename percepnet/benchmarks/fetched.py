"""A benchmark's published files, brought into the cache: verified, unpacked, in their publisher's layout.

CACHE/benchmarks/NAME/ holds `files/` (the layout), a note about each archive and each file whose publisher
states no hash (FILE.note.json: address, sha256, date) and, until it is unpacked, the archive. A process may
be killed anywhere: the same call goes on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from percepnet.benchmarks.offers import Offer, OfferedFile, files_folder
from percepnet.errors import InputError
from percepnet.sources.cache import atomic_file, lock, sha256
from percepnet.sources.copying import copy
from percepnet.sources.fetch import Obtained, obtain
from percepnet.sources.unpack import unpack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_RATIO = 20  # images are packed already; a table of numbers shrinks to a tenth


@dataclass(frozen=True, slots=True)
class Errand:
    """One benchmark's files, from where and to where.

    Attributes:
        row: What its publisher offers.
        cached: The cache's folder.
        mirrors: Folders that are searched before the network is: DIR/NAME/FILE or DIR/FILE.
        network: Whether the network may be used.
        mirror: Folder that gets a copy of every file as it was published, DIR/NAME/FILE.
    """

    row: Offer
    cached: Path
    mirrors: Sequence[Path] = ()
    network: bool = True
    mirror: Path | None = None

    @property
    def home(self) -> Path:
        """The benchmark's folder in the cache."""
        return self.cached / "benchmarks" / self.row.name

    def run(self) -> Path:
        """Bring what is missing; return the folder with the publisher's layout.

        Raises:
            InputError: A file is not the one it should be, cannot be unpacked, or the disk is full.
            UnreachableError: A file can be had from nowhere.
        """
        with lock(self.home / ".fetch.lock"):
            for file in self.row.files:
                if file.unpack:
                    self._archive(file)
                else:
                    self._plain(file)
        return files_folder(self.row.name, self.cached)

    def _plain(self, file: OfferedFile) -> None:
        """Leave a file that is used as it is at files/INTO/FILE."""
        place = PurePosixPath(self.row.name, "files", file.into)
        got = self._obtain(file, place)
        target = self.cached / "benchmarks" / place / got.path.name
        if got.path != target:
            copy(got.path, target, got.sha256)
        self._copy_to_mirror(file, got)

    def _archive(self, file: OfferedFile) -> None:
        """Leave what is in an archive in files/INTO, and remove the archive."""
        target = files_folder(self.row.name, self.cached) / file.into
        noted = self._noted(file)
        there = target.is_dir() and any(target.iterdir())
        if there and not noted:
            raise _not_ours(target, file)
        if not (there and self._in_mirror(file, noted)):
            got = self._obtain(file, PurePosixPath(self.row.name))
            self._copy_to_mirror(file, got)
            if not there:
                self._unpack(file, got.path, target, known=bool(noted))
        (self.home / file.name).unlink(missing_ok=True)

    def _unpack(self, file: OfferedFile, archive: Path, target: Path, *, known: bool) -> None:
        # The note is there before the folder: a process that dies in between has unpacked nothing.
        limit = file.unpacked or _RATIO * archive.stat().st_size + (1 << 20)
        try:
            unpack(archive, target, limit=limit, inside=file.inside)
        except InputError:
            if not known:
                self._note(file).unlink(missing_ok=True)
            raise

    def _obtain(self, file: OfferedFile, place: PurePosixPath) -> Obtained:
        """Return the file, the same as ever, from CACHE/benchmarks/PLACE, a mirror or its publisher."""
        named = [mirror / self.row.name for mirror in self.mirrors]
        mirrors = [*(folder for folder in named if folder.is_dir()), *self.mirrors]
        got = obtain(str(place), file.sources, self.cached / "benchmarks", mirrors, network=self.network)
        noted = self._noted(file)
        if noted and noted != got.sha256:
            raise _changed(got, noted, self._note(file))
        if not noted and (file.unpack or file.sha256 is None):
            self._write_note(file, got)
        return got

    def _note(self, file: OfferedFile) -> Path:
        return self.home / f"{file.name}.note.json"

    def _noted(self, file: OfferedFile) -> str:
        """Return the sha256 that the file had when it came first, "" if it has not come."""
        try:
            noted = json.loads(self._note(file).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ""
        return str(noted.get("sha256", "")) if isinstance(noted, dict) else ""

    def _write_note(self, file: OfferedFile, got: Obtained) -> None:
        came = datetime.now(UTC).isoformat(timespec="seconds")
        note = {"file": file.name, "from": got.source.origin, "sha256": got.sha256, "came": came}
        with atomic_file(self._note(file)) as temporary:
            temporary.write_text(json.dumps(note, indent=1), encoding="utf-8")

    def _in_mirror(self, file: OfferedFile, digest: str) -> bool:
        """Tell whether the mirror that is filled has the file; so it has where none is filled."""
        if self.mirror is None:
            return True
        copied = self.mirror / self.row.name / file.name
        return copied.is_file() and sha256(copied) == digest

    def _copy_to_mirror(self, file: OfferedFile, got: Obtained) -> None:
        if self.mirror is not None and not self._in_mirror(file, got.sha256):
            copy(got.path, self.mirror / self.row.name / file.name, got.sha256)

    def unverified(self) -> dict[str, str]:
        """Return the sha256 that came of each file whose publisher states none."""
        return {file.name: self._noted(file) for file in self.row.files if file.sha256 is None}


def _not_ours(folder: Path, file: OfferedFile) -> InputError:
    return InputError(
        f"{folder} holds files that do not come from {file.name}",
        expected="no folder, or what percepnet unpacked there",
        found="files, and no note that they were fetched",
        remedy="if they are the benchmark's, they are used as they are; else move them away and fetch again",
    )


def _changed(got: Obtained, noted: str, note: Path) -> InputError:
    return InputError(
        f"{got.path} is not the file that came the first time",
        expected=f"sha256 {noted}",
        found=f"sha256 {got.sha256} ({got.source.origin})",
        remedy=f"if its publisher has changed it, delete {note} and fetch again; else delete the file",
    )
