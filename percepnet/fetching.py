"""`percepnet fetch`: weights and data brought before a sweep starts, carried to a site without a network."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from percepnet.benchmarks.fetched import Errand
from percepnet.benchmarks.files import not_here
from percepnet.benchmarks.offers import Offer, files_folder, offers
from percepnet.benchmarks.terms import accepted
from percepnet.config import conf_folder, make
from percepnet.errors import InputError, NothingThereError, PercepnetError, nearest
from percepnet.networks.listing import filtered
from percepnet.networks.place import Place
from percepnet.networks.prefetch import Delivery, deliver
from percepnet.sources.copying import carry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import Console
    from rich.progress import Task

    from percepnet.networks.catalogue import Checkpoint

BENCHMARK, BASELINE = "benchmark=", "baseline="


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be brought, from where, to where.

    Attributes:
        rows: Networks, and what baselines stand on.
        benchmarks: Names of benchmarks whose publisher offers their files.
        cache: The cache's folder.
        source: Folder of a mirror that is used instead of the network.
        mirror: Folder that is filled as a mirror.
        workers: Files that are brought at the same time.
        accepted: Licences that the user has accepted.
    """

    rows: Sequence[Checkpoint]
    benchmarks: Sequence[str]
    cache: Path
    source: Path | None = None
    mirror: Path | None = None
    workers: int = 4
    accepted: Sequence[str] = ()


def order(words: Sequence[str], **places: object) -> Order:
    """Return the order that words make: `arch=vgg,resnet goal=jigsaw benchmark=modelfest baseline=dists`.

    What a baseline and a network, or two baselines, have in common is brought once.

    Raises:
        InputError: Nothing was named, or a name does not exist; tells the nearest.
    """
    if not words:
        raise InputError(
            "nothing was named",
            expected="networks, benchmarks and baselines, as a sweep names them",
            remedy="percepnet fetch arch=alexnet,vgg benchmark=modelfest",
        )
    benchmarks, baselines = (_named(words, option) for option in (BENCHMARK, BASELINE))
    filters = [word for word in words if not word.startswith((BENCHMARK, BASELINE))]
    rows = filtered(filters) if filters else []
    for name in baselines:
        rows += make(_node(BASELINE, name)).rows
    return Order([*{row.id: row for row in rows}.values()], benchmarks, **places)  # type: ignore[arg-type]


def _named(words: Sequence[str], option: str) -> list[str]:
    """Return the names that words give to an option, `benchmark=` or `baseline=`."""
    given = [word.removeprefix(option) for word in words if word.startswith(option)]
    names = [name for word in given for name in word.split(",")]
    known = {path.stem for path in (conf_folder() / option.rstrip("=")).glob("*.yaml")}
    for name in names:
        if name not in known:
            raise InputError(f"{option}{name} does not exist", remedy=nearest(name, known))
    return names


def _node(option: str, name: str) -> dict[str, Any]:
    path = conf_folder() / option.rstrip("=") / f"{name}.yaml"
    node: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return node


class _Arriving(ProgressColumn):
    """Shows how much of the file in transfer has come."""

    max_refresh = 0.5

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__()
        self._folders = folders

    def render(self, task: Task) -> Text:
        """Return the megabytes of the parts that lie in the folders of the cache."""
        del task
        sizes = []
        for part in (part for folder in self._folders for part in folder.glob("*/.*.part")):
            with suppress(OSError):  # it may be whole by now
                sizes.append(part.stat().st_size)
        return Text(f"{sum(sizes) / 1e6:.1f} MB arriving" if sizes else "")


def fetch(wanted: Order, console: Console) -> int:
    """Bring everything, show the progress and what could not be had; return the number of failures."""
    folders = [wanted.cache / "weights", wanted.cache / "benchmarks"]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    failed: list[Delivery] = []
    total = len([row for row in wanted.rows if row.sources]) + len(wanted.benchmarks)
    with Progress(*columns, _Arriving(folders), console=console) as bar:
        task = bar.add_task("files", total=total)
        for delivery in _all(wanted):
            bar.update(task, advance=1, description=delivery.id)
            failed += [delivery] if delivery.problem else []
    for delivery in failed:
        console.print(f"{delivery.id}: {delivery.problem}\n", markup=False, highlight=False, soft_wrap=True)
    for line in _remarks(wanted, {delivery.id for delivery in failed}):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(f"{total - len(failed)} of {total} are there; {len(failed)} could not be had")
    return len(failed)


def _all(wanted: Order) -> Iterator[Delivery]:
    mirrors = (wanted.source,) if wanted.source else ()
    weights = wanted.cache / "weights"
    place = Place(weights, mirrors, network=wanted.source is None)
    yield from deliver(
        wanted.rows, place, wanted.mirror or weights, workers=wanted.workers, accepted=wanted.accepted
    )
    for name in wanted.benchmarks:
        yield _benchmark(name, wanted)


def _benchmark(name: str, wanted: Order) -> Delivery:
    """Return what became of a benchmark's published files."""
    row = offers().get(name)
    try:
        place = _by_itself(name, wanted) if row is None or row.itself else _offered(row, wanted)
    except PercepnetError as error:
        return Delivery(f"{BENCHMARK}{name}", problem=str(error))
    return Delivery(f"{BENCHMARK}{name}", place)


def _offered(row: Offer, wanted: Order) -> Path:
    """Return the folder of files that a publisher offers, once they are there."""
    folder = files_folder(row.name, wanted.cache)
    if not (row.files or row.nothing or folder.is_dir()):
        raise not_here(row.name, "the database as its publisher packs it", folder)
    if not accepted(row, wanted.cache):
        raise NothingThereError(
            f"the terms of {row.name} have not been accepted", remedy=f"percepnet data fetch {row.name}"
        )
    return _errand(row, wanted).run() if row.files else folder


def _errand(row: Offer, wanted: Order) -> Errand:
    mirrors = (wanted.source,) if wanted.source else ()
    return Errand(row, wanted.cache, mirrors, wanted.source is None, wanted.mirror)


def _by_itself(name: str, wanted: Order) -> Path:
    """Return the folder of files that a benchmark fetches itself: CACHE/benchmarks/NAME, MIRROR/NAME."""
    kept = wanted.cache / "benchmarks" / name
    if wanted.source:
        carry(wanted.source / name, kept)
    make({**_node(BENCHMARK, name), "root": None}).load(wanted.cache, [], network=wanted.source is None)
    if wanted.mirror:
        carry(kept, wanted.mirror / name)
    return kept


def _remarks(wanted: Order, failed: set[str]) -> Iterator[str]:
    """Yield what is to be known of what came: hashes that nobody states, and what is left to do by hand."""
    for row in (offers()[name] for name in wanted.benchmarks if name in offers()):
        if f"{BENCHMARK}{row.name}" in failed:
            continue
        if row.nothing:
            yield f"{row.name}: nothing to fetch, {row.nothing}"
        for name, digest in _errand(row, wanted).unverified().items():
            yield f"{row.name}: {name} came with sha256 {digest}; its publisher states none, it is remembered"
        if row.files and row.by_hand:
            by_hand = row.by_hand.format(files=files_folder(row.name, wanted.cache))
            yield f"{row.name}: by hand, if it is not done: {by_hand}"
