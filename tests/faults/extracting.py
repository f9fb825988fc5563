"""Extractions in processes of their own, to be hit; forked from one that has everything imported."""

import multiprocessing
import os
import time
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from percepnet.networks.taps import expand
from percepnet.responses import plan
from percepnet.responses.extraction import Compute, extract
from percepnet.sources import lease
from percepnet.sources.process import Process
from tests.fakes import memory_benchmark, tiny_network
from tests.slow_network import PAUSE, WITNESS, build

REFERENCES = 48
SHARD = 6
"""Images of a shard: a reference and its five distorted ones."""
IMAGES = REFERENCES * SHARD
STATISTICS = ["squared_difference", "unit_squared_difference"]

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


def network():
    one = tiny_network()
    one.trunk = build().eval().requires_grad_(requires_grad=False)
    one.trunk.load_state_dict(_weights())
    one.taps, one.stages = expand(one.trunk, ["features.*"]), ("features.1", "features.3")
    return one


@cache
def _weights():
    """Return the same weights in every process."""
    generator = np.random.default_rng(0)
    import torch

    shapes = build().state_dict().items()
    return {name: torch.from_numpy(generator.normal(size=one.shape)).float() for name, one in shapes}


def pairs():
    return memory_benchmark(references=REFERENCES, distorted=5)


def once(root, batch=4):
    """Extract in this process; return the entry's folder and the images that passed."""
    plan.shards.__defaults__ = (5,)
    entry, passed = extract(network(), pairs(), STATISTICS, replace(Compute(device="cpu"), batch=batch), root)
    return entry.folder, passed


def _work(root: Path, options: dict[str, object], said) -> None:
    os.environ[WITNESS] = str(root.parent / "witness")
    os.environ[PAUSE] = str(options.get("pause", 0.004))
    if options.get("elsewhere"):  # as if on another host: who waits can go by the renewals alone
        setattr(Process, "is_near", lambda _: False)  # noqa: B010 (for mypy)
        lease.BEAT_S, lease.LEASE_S, lease.LOOK_S = 0.1, 1.0, 0.05
    if options.get("clock"):
        _disturb_the_clock()
    try:
        said.put((os.getpid(), once(root)))
    except Exception as error:  # noqa: BLE001 (the test looks at it)
        said.put((os.getpid(), f"{type(error).__name__}: {error}"))


def _disturb_the_clock() -> None:
    """Let every look at the clock jump by hours, back and forth."""
    steps = iter(range(10**9))
    real, real_ns = time.time, time.time_ns
    time.time = lambda: real() + (-1) ** next(steps) * 36_000.0
    time.time_ns = lambda: real_ns() + (-1) ** next(steps) * 36_000 * 10**9


class Workers:
    """Processes that extract into one store.

    Attributes:
        root: The store.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.said = _CONTEXT.Queue()
        self.processes: list[multiprocessing.process.BaseProcess] = []

    def start(self, **options: object):
        """Start one more, and return it."""
        process = _CONTEXT.Process(target=_work, args=(self.root, options, self.said))
        process.start()
        self.processes.append(process)
        return process

    def results(self, count: int) -> dict[int, object]:
        """Wait for so many of them, and return what each has said, by its number."""
        return dict(self.said.get(timeout=90) for _ in range(count))

    def passed(self) -> int:
        """Return how many images have passed in all, in processes that were killed too."""
        with suppress(FileNotFoundError):
            return (self.root.parent / "witness").stat().st_size
        return 0

    def end(self) -> None:
        for process in self.processes:
            if process.is_alive():
                process.kill()
            process.join()


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all shards."""
    return {path.name: path.read_bytes() for path in folder.glob("shard-*")}
