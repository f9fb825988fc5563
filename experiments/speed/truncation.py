"""An extraction beside the usual measuring code, which truncates the network at every layer.

    python -m experiments.speed.truncation --networks alexnet --repeats 5

On the same pairs take turns: for every layer a network that ends there, run on both images of every pair in
batches of 8 pairs, and a Euclidean distance; and the whole extraction, every tap and statistic, stored. Both
use the memory format of an extraction. VGG-16 is measured on few pairs of one reference, as its truncations
take half a minute a pair. This favours truncation: an extraction passes the reference once for all pairs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.speed.goals import Goal, tell
from experiments.speed.measured import alternating, asked, judged, network_called
from experiments.speed.passes import truncated_distances, whole

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = {"alexnet": 20, "vgg16": 3}
GOAL = Goal(20.0, at_least=True)


def runs(name: str, pairs: int, folder: Path) -> dict[str, Callable[[], object]]:
    """Return what takes turns; every extraction has a store of its own in the folder."""
    network, benchmark = network_called(name), judged(pairs)
    return {
        "truncated": lambda: truncated_distances(network, benchmark),
        "whole": lambda: whole(network, benchmark, Path(tempfile.mkdtemp(dir=folder))),
    }


def main() -> None:
    """Print a line per network."""
    chosen = asked(__doc__)
    for name in chosen.networks:
        with tempfile.TemporaryDirectory() as folder:
            whole(network_called(name), judged(2), Path(folder))
            spent = alternating(runs(name, PAIRS[name], Path(folder)), chosen.repeats)
        ratios = spent["truncated"] / spent["whole"]
        tell(f"{name}: truncating at every layer / whole extraction, {PAIRS[name]} pairs", ratios, GOAL)


if __name__ == "__main__":
    main()
