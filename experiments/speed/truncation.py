"""An extraction beside the usual measuring code, which truncates the network at every layer.

    python -m experiments.speed.truncation --networks alexnet --repeats 5

On the same pairs take turns: for every layer a network that ends there, run on both images of every pair in
batches of at most 8 pairs, and a Euclidean distance; and the whole extraction of all 20 pairs, every tap and
statistic, stored. Both use the memory format of an extraction. VGG-16's truncations take long: each repeat
truncates for other 4 of the 20 pairs. What is compared are the seconds a pair.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.speed.goals import Goal, tell
from experiments.speed.measured import PER_REFERENCE, alternating, apart, asked, judged, network_called
from experiments.speed.passes import truncated_distances, whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

PARTS = {"alexnet": PER_REFERENCE, "vgg16": 4}
"""Pairs of a repeat for which the network is truncated."""
GOAL = Goal(20.0, at_least=True)


def truncate(name: str, first: int, pairs: int) -> None:
    """Run the truncated networks on so many of the pairs, from the first on."""
    every = judged(PER_REFERENCE)
    truncated_distances(network_called(name), replace(every, pairs=every.pairs[first : first + pairs]))


def runs(name: str, folder: Path, other: Executor) -> dict[str, Callable[[], object]]:
    """Return what takes turns; every extraction has a store of its own in the folder."""
    firsts = cycle(range(0, PER_REFERENCE, PARTS[name]))
    return {
        "truncated": lambda: other.submit(truncate, name, next(firsts), PARTS[name]).result(),
        "whole": lambda: whole(
            network_called(name), judged(PER_REFERENCE), Path(tempfile.mkdtemp(dir=folder))
        ),
    }


def main() -> None:
    """Print a line per network."""
    chosen = asked(__doc__)
    with apart() as other, tempfile.TemporaryDirectory() as folder:
        for name in chosen.networks:
            other.submit(truncate, name, 0, 1).result()
            whole(network_called(name), judged(2), Path(tempfile.mkdtemp(dir=folder)))
            spent = alternating(runs(name, Path(folder), other), chosen.repeats)
            ratios = (spent["truncated"] / PARTS[name]) / (spent["whole"] / PER_REFERENCE)
            tell(f"{name}: truncating at every layer / whole extraction, a pair", ratios, GOAL)


if __name__ == "__main__":
    main()
