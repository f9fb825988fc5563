"""An extraction beside its limit and beside LPIPS's loop, and ten further readouts beside the extraction.

    python -m experiments.speed.bench --networks alexnet --repeats 5

On the same pairs take turns:

- the bare forward pass over every image once, decoded before, as torch makes it: the limit
- the same with memory that is kept as in an extraction: a stricter limit
- the whole extraction, from files to the store, every tap and statistic
- ten further readouts of what it stored
- the loop of the package `lpips`: both images of every pair decoded and passed, batches of 8 pairs
- decoding every image once, to tell what part of an extraction that is

The first and the loop have a process of their own, where no extraction leaves memory behind. Untrained
trunks: speed does not depend on weights.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from experiments.speed.goals import Goal, tell
from experiments.speed.measured import NETWORKS, alternating, apart, asked, judged, network_called
from experiments.speed.passes import bare, decoded, further_readouts, lpips_distances, whole
from percepnet.baselines.learned import TRUNKS, lpips_with
from percepnet.heap import kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from torch import nn

    from percepnet.benchmarks.contract import Image
    from percepnet.responses.store import Entry

PAIRS = {"alexnet": 80, "vgg16": 20}
"""Enough that the start of an extraction, a tenth of a second, does not weigh."""
WARMING = 7
LIMIT, FIELD, READING = Goal(1.25), Goal(1.6, at_least=True), Goal(5.0)


@cache
def images_of(pairs: int) -> Image:
    """Return every image of so many pairs, decoded."""
    return decoded(judged(pairs))


@cache
def model_of(name: str) -> nn.Module:
    """Return the package's model of a network."""
    package = next(trunk for trunk, factors in TRUNKS.items() if factors == NETWORKS[name])
    return lpips_with(network_called(name), package)


def pass_bare(name: str, pairs: int) -> None:
    """Pass every image of so many pairs once."""
    bare(network_called(name), images_of(pairs))


def pass_kept(name: str, pairs: int) -> None:
    """Do the same with memory that is kept."""
    with kept():
        pass_bare(name, pairs)


def pass_pairs(name: str, pairs: int) -> None:
    """Run the package's loop over so many pairs."""
    lpips_distances(model_of(name), judged(pairs))


def runs(name: str, pairs: int, folder: Path, other: Executor) -> dict[str, Callable[[], object]]:
    """Return what takes turns; every extraction has a store of its own in the folder."""
    network, readouts = network_called(name), further_readouts()
    entries: list[Entry] = []

    def extraction() -> None:
        entries.append(whole(network, judged(pairs), Path(tempfile.mkdtemp(dir=folder)))[0])

    def reading() -> None:
        for readout in readouts.values():
            readout.read(entries[-1])

    return {
        "bare": lambda: other.submit(pass_bare, name, pairs).result(),
        "kept": lambda: pass_kept(name, pairs),
        "whole": extraction,
        "readouts": reading,
        "lpips": lambda: other.submit(pass_pairs, name, pairs).result(),
        "decoding": lambda: decoded(judged(pairs)),
    }


def main() -> None:
    """Print a line per network and goal."""
    chosen = asked(__doc__)
    with apart() as other:
        for name in chosen.networks:
            tell_network(name, chosen.repeats, other)
    print("further readouts: " + ", ".join(further_readouts()))


def tell_network(name: str, repeats: int, other: Executor) -> None:
    """Print the lines of one network."""
    pairs = PAIRS[name]
    other.submit(pass_bare, name, pairs).result()  # decodes
    images = len(images_of(pairs))
    with tempfile.TemporaryDirectory() as folder:
        alternating(runs(name, WARMING, Path(folder), other), 1)
        spent = alternating(runs(name, pairs, Path(folder), other), repeats)
    costs = ", ".join(f"{run} {1000 * median(values) / images:.1f}" for run, values in spent.items())
    print(f"{name}: {images} images of {judged(pairs).name}, ms an image: {costs}")
    tell(f"{name}: whole extraction / bare forward pass", spent["whole"] / spent["bare"], LIMIT)
    limit = f"{name}: whole extraction / bare forward pass in memory that is kept"
    tell(limit, spent["whole"] / spent["kept"], LIMIT)
    tell(f"{name}: the lpips package's loop / whole extraction", spent["lpips"] / spent["whole"], FIELD)
    share = 100.0 * spent["readouts"] / spent["whole"]
    tell(f"{name}: {len(further_readouts())} further readouts / whole extraction", share, READING, "%")


if __name__ == "__main__":
    main()
