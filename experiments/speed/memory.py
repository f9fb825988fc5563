"""Peak memory of an extraction of 480 pairs and of one of 3,000: bounded by a batch, not by the benchmark.

    python -m experiments.speed.memory --networks alexnet --repeats 5

Each extraction is a fresh process with one thread; two run at a time, as memory does not depend on the clock.
The images are those of `tid2013_kodak`, every fourth row and column so that 3,000 pairs take a minute, and in
memory in all processes alike; the longer run meets them again under other keys. What an extraction could keep
of every pair does not depend on the size of the images.
"""

from __future__ import annotations

import resource
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from experiments.speed.goals import Goal, tell

REFERENCES, STRIDE = 24, 4
FEW, MANY = 480, 3000
GOAL = Goal(1.1)


def keep_images(path: Path) -> None:
    """Write the images of every pair, `[24, 21, H, W, 3]`, a reference first and then its distorted ones."""
    from experiments.speed.measured import judged
    from experiments.speed.passes import decoded

    images = decoded(judged(FEW))[:, ::STRIDE, ::STRIDE]
    np.save(path, images.reshape(REFERENCES, -1, *images.shape[1:]))


def peak(path: Path, pairs: int, name: str) -> float:
    """Return the most memory that this process ever held, in MB, once it has extracted so many pairs."""
    import torch

    from experiments.speed.measured import PER_REFERENCE, Pictures, network_called
    from experiments.speed.passes import whole
    from percepnet.benchmarks.contract import Pair

    torch.set_num_threads(1)
    images = np.load(path)
    keys = [(str(place // PER_REFERENCE), f"{place // PER_REFERENCE}_{place}") for place in range(pairs)]
    made = tuple(Pair(reference, distorted, reference, 0.0) for reference, distorted in keys)
    pictures = {}
    for place, (reference, distorted) in enumerate(keys):
        photograph = images[int(reference) % REFERENCES]
        pictures[reference] = photograph[0]
        pictures[distorted] = photograph[1 + place % PER_REFERENCE]
    with tempfile.TemporaryDirectory() as store:
        whole(network_called(name), Pictures(f"{pairs} pairs", made, pictures), Path(store))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def fresh_processes() -> ProcessPoolExecutor:
    """Return two places for processes that end after one task.

    Linux counts the peak of whoever starts a process as the process's own, so this one has to stay smaller.
    """
    return ProcessPoolExecutor(2, get_context("spawn"), max_tasks_per_child=1)


def ratios(name: str, repeats: int, path: Path) -> list[float]:
    """Return the peak of the long extraction / that of the short one, of every repeat."""
    with fresh_processes() as processes:
        tasks = [[processes.submit(peak, path, pairs, name) for pairs in (MANY, FEW)] for _ in range(repeats)]
        peaks = [[task.result() for task in both] for both in tasks]
    for many, few in peaks:
        print(f"{name}: {few:.0f} MB for {FEW:,} pairs, {many:.0f} MB for {MANY:,}")
    return [many / few for many, few in peaks]


def main() -> None:
    """Print a line per network."""
    from experiments.speed.measured import asked

    chosen = asked(__doc__, ["alexnet"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        with fresh_processes() as processes:
            processes.submit(keep_images, path).result()
        for name in chosen.networks:
            found = ratios(name, chosen.repeats, path)
            tell(f"{name}: peak memory, {MANY:,} pairs / {FEW:,} pairs", found, GOAL)


if __name__ == "__main__":
    main()
