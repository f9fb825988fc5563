"""What a sweep needs, brought before it starts: for nodes without a network, and for sites without one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING

from percepnet.errors import PercepnetError
from percepnet.networks.lookup import require_acceptance
from percepnet.sources.cache import sha256
from percepnet.sources.copying import copy
from percepnet.sources.fetch import obtain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from percepnet.networks.catalogue import Checkpoint
    from percepnet.networks.place import Place


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one checkpoint's file.

    Attributes:
        id: Of the checkpoint.
        path: Where the file lies now; None if it could not be had.
        problem: Why not, in full; "" when it is there.
    """

    id: str
    path: Path | None = None
    problem: str = ""


def deliver(
    rows: Sequence[Checkpoint], place: Place, to: Path, *, workers: int = 4, accepted: Sequence[str] = ()
) -> Iterator[Delivery]:
    """Yield, as they come, the verified files of every row, each at `to/ID/FILE`.

    What lies there already is verified and kept, so that an interrupted call goes on where it stopped. One
    file's failure leaves the others alone.

    Args:
        rows: Checkpoints; those without sources (untrained) need nothing and are passed over.
        place: Where the files are looked for.
        to: The cache's own folder to fetch, another one to fill a mirror.
        workers: Files that are brought at the same time.
        accepted: Licences that the user has accepted, where the publisher asks for it.
    """
    with ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(bring, row, place, to, accepted): row for row in rows if row.sources}
        for done in as_completed(running):
            try:
                yield Delivery(running[done].id, done.result())
            except PercepnetError as error:
                yield Delivery(running[done].id, problem=str(error))


def bring(row: Checkpoint, place: Place, to: Path, accepted: Sequence[str] = ()) -> Path:
    """Return the row's verified file at `to/ID/FILE`, copied there if it lies elsewhere.

    Raises:
        NothingThereError: Its licence asks to be accepted.
        UnreachableError: No source has it.
        InputError: A file at hand is not the right one, or the disk is full.
    """
    require_acceptance(row, accepted)
    got = obtain(row.id, row.sources, place.folder, place.mirrors, network=place.network)
    target = to / row.id / got.path.name
    if not (target.is_file() and sha256(target) == got.sha256):
        copy(got.path, target, got.sha256)
    return target
