"""How close an extraction comes to its limit: the bare forward pass over the same images.

    make bench

Both run in turn, five times, on the same images in the same memory format and precision; the median and the
range of the ratio are printed. Untrained weights: speed does not depend on them.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from percepnet.benchmarks.contract import Pair
from percepnet.networks.build import Place, build
from percepnet.networks.catalogue import untrained
from percepnet.networks.network import unit_range
from percepnet.responses.extraction import Compute, extract
from percepnet.responses.statistics import STATISTICS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from percepnet.agreement.contract import Bootstrap, FloatArray, Score
    from percepnet.networks.network import Network

IMAGES = 21
BATCH = 8
SIZE = (384, 512)
REPEATS = 5
GOAL = 1.25
"""Whole extraction / bare forward pass, at most."""
NETWORKS = (("alexnet", ""), ("vgg", "16"))


class Noise:
    """One reference and its distorted images, of TID2013's size, in memory."""

    name = "noise"
    pairs = tuple(Pair("0", str(index), "0", 0.0) for index in range(1, IMAGES))

    def __init__(self) -> None:
        generator = np.random.default_rng(0)
        self.images = generator.integers(0, 256, (IMAGES, *SIZE, 3), dtype=np.uint8)

    def image(self, key: str) -> NDArray[np.uint8]:
        """Return one image."""
        return np.asarray(self.images[int(key)])

    def fingerprint(self) -> str:
        """Return a constant: every repeat has a store of its own."""
        return "noise"

    def agreement(self, distances: FloatArray, bootstrap: Bootstrap) -> list[Score]:
        """Return nothing: nobody has judged noise."""
        del distances, bootstrap
        return []


def bare(network: Network, noise: Noise, batch: int) -> float:
    """Return the seconds of the bare forward passes of every image, preprocessing included."""
    began = time.perf_counter()
    with torch.inference_mode():
        for start in range(0, IMAGES, batch):
            images = torch.from_numpy(noise.images[start : start + batch])
            network.trunk(network.preprocessing(unit_range(images)))
    return time.perf_counter() - began


def whole(network: Network, noise: Noise, compute: Compute) -> float:
    """Return the seconds of a whole extraction: every tap, every statistic, stored."""
    with tempfile.TemporaryDirectory() as store:
        began = time.perf_counter()
        extract(network, noise, list(STATISTICS), compute, Path(store))
        return time.perf_counter() - began


def main() -> None:
    """Print a line per network."""
    compute, noise = Compute(device="cpu", batch=BATCH), Noise()
    print(f"{torch.get_num_threads()} threads, {IMAGES} images of {SIZE[0]} x {SIZE[1]}, {REPEATS} repeats")
    for arch, variant in NETWORKS:
        network = build(untrained(arch, variant, 0), Place(Path()))
        network.trunk.to(memory_format=torch.channels_last)
        bare(network, noise, BATCH)  # once unmeasured, as loops are compiled at their first call
        whole(network, noise, compute)
        pairs = [(bare(network, noise, BATCH), whole(network, noise, compute)) for _ in range(REPEATS)]
        ratios = sorted(extraction / limit for limit, extraction in pairs)
        rate = IMAGES / statistics.median(limit for limit, _ in pairs)
        print(
            f"{network.id}: {rate:.2f} images/s bare; whole extraction / bare forward pass "
            f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}), goal {GOAL}: "
            f"{'met' if statistics.median(ratios) <= GOAL else 'not met'}; "
            f"{len(network.taps)} taps x {len(STATISTICS)} statistics"
        )


if __name__ == "__main__":
    main()
