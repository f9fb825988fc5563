"""An extraction beside its limit and beside LPIPS's loop, and ten further readouts beside the extraction.

    python -m experiments.speed.bench --networks alexnet --repeats 5

On the same pairs take turns:

- the bare forward pass over every image once, decoded before: the limit
- the whole extraction, from files to the store, every tap and statistic
- ten further readouts of what it stored
- the loop of the package `lpips`: both images of every pair decoded and passed, batches of 8 pairs
- decoding every image once, to tell what part of an extraction that is

Untrained trunks: speed does not depend on weights.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from experiments.speed.goals import Goal, tell
from experiments.speed.measured import NETWORKS, alternating, asked, judged, network_called
from experiments.speed.passes import bare, decoded, further_readouts, lpips_distances, whole
from percepnet.baselines.learned import TRUNKS, lpips_with
from percepnet.benchmarks.manifest import unique_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from percepnet.benchmarks.contract import Benchmark
    from percepnet.responses.store import Entry

PAIRS = {"alexnet": 80, "vgg16": 20}
"""Enough that the start of an extraction, a tenth of a second, does not weigh."""
WARMING = 7
LIMIT, FIELD, READING = Goal(1.25), Goal(1.6, at_least=True), Goal(5.0)


def runs(name: str, benchmark: Benchmark, folder: Path) -> dict[str, Callable[[], object]]:
    """Return what takes turns; every extraction has a store of its own in the folder."""
    network, images, readouts = network_called(name), decoded(benchmark), further_readouts()
    package = next(trunk for trunk, factors in TRUNKS.items() if factors == NETWORKS[name])
    model = lpips_with(network, package)
    entries: list[Entry] = []

    def extraction() -> None:
        entries.append(whole(network, benchmark, Path(tempfile.mkdtemp(dir=folder)))[0])

    def reading() -> None:
        for readout in readouts.values():
            readout.read(entries[-1])

    return {
        "bare": lambda: bare(network, images),
        "whole": extraction,
        "readouts": reading,
        "lpips": lambda: lpips_distances(model, benchmark),
        "decoding": lambda: decoded(benchmark),
    }


def main() -> None:
    """Print a line per network and goal."""
    chosen = asked(__doc__)
    for name in chosen.networks:
        benchmark = judged(PAIRS[name])
        with tempfile.TemporaryDirectory() as folder:
            alternating(runs(name, judged(WARMING), Path(folder)), 1)
            spent = alternating(runs(name, benchmark, Path(folder)), chosen.repeats)
        images = len(unique_keys(benchmark.pairs))
        costs = ", ".join(f"{run} {1000 * median(values) / images:.1f}" for run, values in spent.items())
        print(f"{name}: {images} images of {benchmark.name}, ms an image: {costs}")
        tell(f"{name}: whole extraction / bare forward pass", spent["whole"] / spent["bare"], LIMIT)
        tell(f"{name}: the lpips package's loop / whole extraction", spent["lpips"] / spent["whole"], FIELD)
        share = 100.0 * spent["readouts"] / spent["whole"]
        tell(f"{name}: {len(further_readouts())} further readouts / whole extraction", share, READING, "%")
    print("further readouts: " + ", ".join(further_readouts()))


if __name__ == "__main__":
    main()
