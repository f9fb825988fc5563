"""What the framework costs beside the forward pass: many tiny cells, one after the other, in one process.

    python -m experiments.speed.sweep --cells 1000

Cells of a tiny untrained network with two readouts each, judged by a miniature of TID2013 of 3 references and
36 distorted images, with 100 resamples. Goal: everything but the forward passes in less than 0.3 s a cell,
and from the command to the first image less than 10 s, on 2 cores. The first is told for a sweep of 1,000
cells: a sweep of one cell, and what each further cell of the long sweep adds. Both by the wall clock; the
processor's seconds are told beside it, for machines that do other work too.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from experiments.speed.goals import Goal, tell

ROOT = Path(__file__).parents[2]
CLOCK = "PERCEPNET_SPEED_CLOCK"
"""Names the file in which the process under test leaves its times."""
GOAL_CELL, GOAL_START = Goal(0.3), Goal(10.0)
CELLS = 1000
REFERENCES, TYPES, LEVELS, SIZE = 3, 4, 3, 32
READOUTS = ("layerwise", "last")


class Timed(nn.Module):
    """A tiny network that knows how long its forward passes took and when the first of them began."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the last layer's response."""
        at, began, busy = time.time(), time.perf_counter(), time.process_time()
        try:
            response: torch.Tensor = self.features(images)
            return response
        finally:  # a pass is broken off after the last place that is read
            if not images.is_meta:
                with Path(os.environ[CLOCK]).open("a", encoding="ascii") as file:
                    spent = [time.perf_counter() - began, time.process_time() - busy, busy]
                    file.write(json.dumps([at, *spent]) + "\n")


def build() -> nn.Module:
    """Return the network; named by arch.custom.module."""
    return Timed()


@dataclass(frozen=True)
class Seconds:
    """A duration."""

    clock: float
    processor: float

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(self.clock + other.clock, self.processor + other.processor)

    def __mul__(self, factor: float) -> Seconds:
        return Seconds(self.clock * factor, self.processor * factor)

    def __sub__(self, other: Seconds) -> Seconds:
        return self + other * -1

    def shown(self, digits: int = 1) -> str:
        """Return it as text."""
        clock, processor = (f"{value:.{digits}f}" for value in (self.clock, self.processor))
        return f"{clock} s ({processor} s of the processor)"


@dataclass(frozen=True)
class Cost:
    """What one command took: seconds by the clock, and of the processor, all threads together.

    Attributes:
        start: From the command to the first image.
        whole: From the command to its end.
        beside: Of these, all but the forward passes; the reduction at each tap is part of a pass.
        memory: Most of it at any time, in bytes, of this command and those before it.
    """

    start: Seconds
    whole: Seconds
    beside: Seconds
    memory: int


def miniature(folder: Path) -> list[str]:
    """Write TID2013's layout in small; return the words that make a sweep accept it."""
    generator = np.random.default_rng(0)
    lines = []
    for name in ("reference_images", "distorted_images"):
        (folder / name).mkdir(parents=True)
    for reference in range(1, REFERENCES + 1):
        base = generator.integers(40, 216, (SIZE, SIZE, 3))
        _save(base, folder / "reference_images" / f"I{reference:02}.BMP")
        for kind in range(1, TYPES + 1):
            for level in range(1, LEVELS + 1):
                name = f"i{reference:02}_{kind:02}_{level}.bmp"
                noisy = base + generator.normal(0, 4 * level + kind, base.shape)
                _save(noisy.clip(0, 255), folder / "distorted_images" / name)
                lines.append(f"{8 - 2 * level - 0.3 * kind:.5f} {name}\n")
    (folder / "mos_with_names.txt").write_text("".join(lines), encoding="utf-8")
    (folder / "mos_std.txt").write_text("0.1\n" * len(lines), encoding="utf-8")
    counts = {"references": REFERENCES, "types": TYPES, "levels": LEVELS, "height": SIZE, "width": SIZE}
    settings = [f"benchmark.tid2013.{name}={count}" for name, count in counts.items()]
    return ["benchmark=tid2013", f"benchmark.root={folder}", *settings]


def _save(values: Any, path: Path) -> None:  # noqa: ANN401 (an array of either type)
    Image.fromarray(values.astype(np.uint8)).save(path)


def swept(folder: Path, cells: int) -> Cost:
    """Run a sweep of so many cells, in a folder of its own; return what it cost."""
    network = [
        "arch=custom",
        "arch.custom.module=experiments.speed.sweep:build",
        "arch.custom.stages=[features.1,features.3]",
    ]
    seeds = ",".join(str(seed) for seed in range(max(cells // len(READOUTS), 1)))
    axes = ["weights=random", f"weights_seed={seeds}", f"readout={','.join(READOUTS[:cells])}"]
    places = [f"results={folder / 'results'}", f"sources.cache={folder / 'cache'}"]
    quick = ["agreement.resamples=100", "agreement.logistic=0", "tracking=disabled"]
    words = [*network, *axes, *miniature(folder / "tid"), *places, *quick]
    clock = folder / "clock"
    environment = {**os.environ, CLOCK: str(clock), "PYTHONPATH": str(ROOT)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.time()
    ended = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-m", "percepnet.sweep", "-m", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    wall = time.time() - began
    if ended.returncode:
        raise RuntimeError(ended.stdout[-2000:] + ended.stderr[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    whole = Seconds(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    passes = [json.loads(line) for line in clock.read_text(encoding="ascii").splitlines()]
    start = Seconds(passes[0][0] - began, passes[0][3])
    forward = Seconds(sum(one[1] for one in passes), sum(one[2] for one in passes))
    return Cost(start, whole, whole - forward, 1024 * after.ru_maxrss)


def main() -> None:
    """Print what one cell and many cells cost, then whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cells", type=int, default=200, help="of the long sweep (%(default)s)")
    cells = parser.parse_args().cells
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        swept(folder / "warm", 1)  # the files of the libraries are in memory afterwards
        one = swept(folder / "one", 1)
        many = swept(folder / "many", cells)
    further = (many.beside - one.beside) * (1 / (cells - 1))
    if further.clock <= 0.0:
        raise SystemExit(
            "more cells took no longer than one: measure with more, or with nothing else running"
        )
    each = (one.beside + further * (CELLS - 1)) * (1 / CELLS)
    print(f"one cell: {one.start.shown()} to the first image, {one.whole.shown()} in all")
    print(
        f"{cells} cells: {many.whole.shown()}; memory {one.memory / 1e9:.2f} GB, then {many.memory / 1e9:.2f}"
    )
    print(f"beside the forward passes, each of {CELLS:,} cells: {each.shown(3)}")
    tell(f"a cell of a sweep of {CELLS:,}, beside its forward passes", [each.clock], GOAL_CELL, "s")
    tell("from the command to the first image", [one.start.clock], GOAL_START, "s")


if __name__ == "__main__":
    main()
