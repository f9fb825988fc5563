"""What the speed scripts share: images of the benchmark, untrained networks, runs that take turns."""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from experiments.speed.goals import REPEATS
from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.opinion.tid2013_kodak import TID2013Kodak
from percepnet.networks.build import Place, build
from percepnet.networks.catalogue import untrained
from percepnet.responses.extraction import Compute

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from percepnet.agreement.contract import Bootstrap, FloatArray, Score
    from percepnet.benchmarks.opinion.tid2013_kodak import RebuiltTID2013
    from percepnet.networks.network import Network

Pixels = NDArray[np.uint8]

THREADS = 2
BATCH = 8
COMPUTE = Compute(device="cpu", batch=BATCH)
"""fp32, channels_last, at most 8 images in a forward pass, decoded in the main process."""
NETWORKS = {"alexnet": ("alexnet", ""), "vgg16": ("vgg", "16")}
"""Name on the command line -> arch and variant."""
PER_REFERENCE = 20
"""Distorted images of each reference of `tid2013_kodak`."""
SIZE = (384, 512)


@dataclass(frozen=True)
class Pictures:
    """A benchmark in memory that nobody has judged.

    Attributes:
        name: In the store.
        pairs: References together.
        images: `[H, W, 3]`, uint8 RGB, by key.
    """

    name: str
    pairs: tuple[Pair, ...]
    images: Mapping[str, Pixels]

    def image(self, key: str) -> Pixels:
        """Return one image."""
        return self.images[key]

    def fingerprint(self) -> str:
        """Return the name: every run has a store of its own."""
        return self.name

    def agreement(self, distances: FloatArray, bootstrap: Bootstrap) -> list[Score]:
        """Return nothing: there are no scores."""
        del distances, bootstrap
        return []

    def part(self, clusters: Collection[str]) -> Pictures:
        """Return the pairs of these clusters alone."""
        return replace(self, pairs=tuple(pair for pair in self.pairs if pair.cluster in clusters))


@cache
def judged(pairs: int, skipped: int = 0) -> RebuiltTID2013 | Pictures:
    """Return consecutive pairs of `tid2013_kodak`, read as a sweep reads them; noise where it is not at hand.

    Its files are looked for as the tests do: in PERCEPNET_SHARED, else in `../shared/data`.
    """
    root = Path(os.environ.get("PERCEPNET_SHARED", Path(__file__).parents[3] / "shared" / "data"))
    if (root / "tid2013" / "mos_with_names.txt").exists():
        whole = TID2013Kodak(root=str(root)).load(Path(), (), network=False)
        return replace(whole, pairs=tuple(whole.pairs[skipped : skipped + pairs]))
    return noise(pairs, skipped)


def noise(pairs: int, skipped: int = 0, size: tuple[int, int] = SIZE) -> Pictures:
    """Return as many pairs of noise, 20 to a reference."""
    places = range(skipped, skipped + pairs)
    made = tuple(Pair(f"r{i // PER_REFERENCE}", f"d{i}", f"r{i // PER_REFERENCE}", 0.0) for i in places)
    generator = np.random.default_rng(skipped)
    keys = dict.fromkeys(key for pair in made for key in (pair.reference, pair.distorted))
    pixels = {key: generator.integers(0, 256, (*size, 3), dtype=np.uint8) for key in keys}
    return Pictures("noise", made, pixels)


@cache
def network_called(name: str, seed: int = 0) -> Network:
    """Return an untrained network in the memory format that an extraction gives it."""
    network = build(untrained(*NETWORKS[name], seed), Place(Path()), seed=seed)
    network.lay_out(channels_last=True)
    return network


def apart() -> ProcessPoolExecutor:
    """Return a process of its own with as many threads: what one run leaves behind does not reach it."""
    return ProcessPoolExecutor(
        1, get_context("spawn"), initializer=torch.set_num_threads, initargs=(THREADS,)
    )


def seconds(run: Callable[[], object]) -> float:
    """Return how long a run takes, by the wall clock."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def alternating(runs: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, FloatArray]:
    """Return the seconds of every run, `[repeats]` each; they take turns, so all see the same machine."""
    spent = np.array([[seconds(run) for run in runs.values()] for _ in range(repeats)])
    return dict(zip(runs, spent.T, strict=True))


def asked(about: str | None, networks: Sequence[str] = tuple(NETWORKS)) -> argparse.Namespace:
    """Return `repeats` and `networks` as the command line has them; sets torch's threads to two."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=REPEATS, help="alternating runs (%(default)s)")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=networks)
    torch.set_num_threads(THREADS)
    return parser.parse_args()
