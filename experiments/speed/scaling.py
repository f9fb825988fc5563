"""What more of everything costs: processes, images, readouts.

    python -m experiments.speed.scaling --networks alexnet --repeats 5

Processes: two networks on two references (four cells of 21 images) by one process on one core, then shared by
two processes, one thread and one core each; both are warm. Images: the seconds of whole extractions of 21 to
105 images, a straight line through each repeat. Readouts: the images that pass for one readout and for ten.
"""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from experiments.speed.goals import Goal, tell
from experiments.speed.measured import PER_REFERENCE, alternating, asked, judged, network_called
from experiments.speed.passes import further_readouts, whole

Cells = list[tuple[int, int]]
"""Seed of the network's weights, number of the reference."""

THROUGHPUT, STRAIGHT, SAME = Goal(1.7, at_least=True), Goal(0.99, at_least=True), Goal(1.0)
REFERENCES = range(1, 6)


def settle(core: int) -> None:
    """Bind this process to one core and one thread."""
    os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)


def cells_done(name: str, cells: Cells) -> None:
    """Extract every cell, in a store of its own."""
    with tempfile.TemporaryDirectory() as store:
        for seed, reference in cells:
            pairs = judged(PER_REFERENCE, PER_REFERENCE * reference)
            whole(network_called(name, seed), pairs, Path(store))


def tell_processes(name: str, repeats: int) -> None:
    """Print the throughput of two processes on two cores / that of one on one core."""
    cells = list(product(range(2), range(2)))
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        print("two processes need two cores: not measured")
        return
    one, other = (
        ProcessPoolExecutor(1, get_context("spawn"), initializer=settle, initargs=(core,)) for core in cores
    )

    def both(share: Cells, rest: Cells) -> None:
        running: list[Future[None]] = [
            one.submit(cells_done, name, share),
            other.submit(cells_done, name, rest),
        ]
        for future in running:
            future.result()

    with one, other:
        both(cells, cells)
        runs = {
            "one": lambda: one.submit(cells_done, name, cells).result(),
            "two": lambda: both(cells[:2], cells[2:]),
        }
        spent = alternating(runs, repeats)
    tell(
        f"{name}: throughput, two processes on two cores / one on one",
        spent["one"] / spent["two"],
        THROUGHPUT,
    )


def tell_images(name: str, repeats: int) -> None:
    """Print the straight line through the seconds of extractions of more and more images."""
    network = network_called(name)
    benchmarks = {str(count): judged(PER_REFERENCE * count) for count in REFERENCES}
    images = np.array([(1 + PER_REFERENCE) * count for count in REFERENCES])

    def extraction(count: str) -> None:
        with tempfile.TemporaryDirectory() as store:
            whole(network, benchmarks[count], Path(store))

    extraction("1")
    runs = {count: (lambda count=count: extraction(count)) for count in benchmarks}
    spent = np.stack(list(alternating(runs, repeats).values()))
    slopes, starts = np.polyfit(images, spent, 1)
    residual = spent - (images[:, None] * slopes + starts)
    straight = 1.0 - (residual**2).sum(axis=0) / ((spent - spent.mean(axis=0)) ** 2).sum(axis=0)
    tell(f"{name}: seconds of {images[0]} to {images[-1]} images, slope", 1000.0 * slopes, unit="ms an image")
    tell(f"{name}: the same, intercept", starts, unit="s")
    tell(f"{name}: the same, R^2 of the straight line", straight, STRAIGHT)


def passed(name: str, readouts: int) -> int:
    """Return how many images pass for so many readouts of one benchmark, as cells of a sweep ask for them."""
    network, benchmark, total = network_called(name), judged(PER_REFERENCE), 0
    with tempfile.TemporaryDirectory() as store:
        for readout in list(further_readouts().values())[:readouts]:
            entry, images = whole(network, benchmark, Path(store))
            readout.read(entry)
            total += images
    return total


def tell_readouts(name: str) -> None:
    """Print the images that passed for ten readouts / for one."""
    one, ten = passed(name, 1), passed(name, 10)
    tell(f"{name}: images passed for ten readouts ({ten}) / for one ({one})", [ten / one], SAME)


def main() -> None:
    """Print the lines of every network."""
    chosen = asked(__doc__, ["alexnet"])
    for name in chosen.networks:
        tell_processes(name, chosen.repeats)
        tell_images(name, chosen.repeats)
        tell_readouts(name)


if __name__ == "__main__":
    main()
