"""Where the time of an extraction goes: its functions on one core, by cProfile.

    taskset -c 0 python -m experiments.speed.costs --networks alexnet vgg16

Prints the functions that take most of the time, their own time without that of those they call, in ms an
image. Images are decoded by a thread beside, which shares the core.
"""

from __future__ import annotations

import cProfile
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from experiments.speed.bench import PAIRS, WARMING
from experiments.speed.measured import asked, judged, network_called
from experiments.speed.passes import whole
from percepnet.benchmarks.manifest import unique_keys

if TYPE_CHECKING:
    from types import CodeType

TOP = 16


def costs(name: str, pairs: int) -> dict[str, float]:
    """Return function -> its own time, ms an image, of those that take longest; `all` is the sum of all."""
    network, benchmark = network_called(name), judged(pairs)
    images = len(unique_keys(benchmark.pairs))
    with tempfile.TemporaryDirectory() as folder:
        whole(network, judged(WARMING), Path(tempfile.mkdtemp(dir=folder)))
        with cProfile.Profile() as profile:
            whole(network, benchmark, Path(tempfile.mkdtemp(dir=folder)))
    spent: Counter[str] = Counter()
    for one in profile.getstats():
        spent[_called(one.code)] += 1000.0 * one.inlinetime / images
    return {"all": sum(spent.values()), **dict(spent.most_common(TOP))}


def _called(code: CodeType | str) -> str:
    """Return module and function; what is not written in Python has a name alone."""
    return code if isinstance(code, str) else f"{Path(code.co_filename).stem}.{code.co_qualname}"


def main() -> None:
    """Print a table for each network."""
    chosen = asked(__doc__)
    torch.set_num_threads(1)
    for name in chosen.networks:
        print(f"\n| {name}, ms an image | own time |\n|---|---|")
        for function, spent in costs(name, PAIRS[name]).items():
            print(f"| {function} | {spent:.1f} |")


if __name__ == "__main__":
    main()
