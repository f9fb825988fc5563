"""`percepnet fetch`: weights and data brought before a sweep starts, carried to a site without a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from percepnet.config import conf_folder, make
from percepnet.errors import InputError, PercepnetError, nearest
from percepnet.networks.listing import filtered
from percepnet.networks.place import Place
from percepnet.networks.prefetch import Delivery, carry, deliver

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from percepnet.networks.catalogue import Checkpoint

BENCHMARK = "benchmark="


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be brought, from where, to where.

    Attributes:
        rows: Networks.
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
    """Return the order that words make: `arch=vgg,resnet goal=jigsaw benchmark=modelfest`.

    Raises:
        InputError: Nothing was named, or a name does not exist; tells the nearest.
    """
    benchmarks = [name for word in words if word.startswith(BENCHMARK) for name in word[10:].split(",")]
    filters = [word for word in words if not word.startswith(BENCHMARK)]
    if not words:
        raise InputError(
            "nothing was named",
            expected="networks and benchmarks, as a sweep names them",
            remedy="percepnet fetch arch=alexnet,vgg benchmark=modelfest",
        )
    known = {path.stem for path in (conf_folder() / "benchmark").glob("*.yaml")}
    for name in benchmarks:
        if name not in known:
            raise InputError(f"{BENCHMARK}{name} does not exist", remedy=nearest(name, known))
    return Order(filtered(filters) if filters else [], benchmarks, **places)  # type: ignore[arg-type]


def fetch(wanted: Order, console: Console) -> int:
    """Bring everything, show the progress and what could not be had; return the number of failures."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    failed: list[Delivery] = []
    total = len([row for row in wanted.rows if row.sources]) + len(wanted.benchmarks)
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("files", total=total)
        for delivery in _all(wanted):
            bar.update(task, advance=1, description=delivery.id)
            failed += [delivery] if delivery.problem else []
    for delivery in failed:
        console.print(f"{delivery.id}: {delivery.problem}\n", markup=False, highlight=False, soft_wrap=True)
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
    """Return what became of a benchmark's published files, at CACHE/benchmarks/NAME or MIRROR/NAME."""
    kept = wanted.cache / "benchmarks" / name
    try:
        if wanted.source:
            carry(wanted.source / name, kept)
        node = yaml.safe_load((conf_folder() / "benchmark" / f"{name}.yaml").read_text(encoding="utf-8"))
        make({**node, "root": None}).load(wanted.cache, [], network=wanted.source is None)
        if wanted.mirror:
            carry(kept, wanted.mirror / name)
    except PercepnetError as error:
        return Delivery(f"{BENCHMARK}{name}", problem=str(error))
    return Delivery(f"{BENCHMARK}{name}", kept)
