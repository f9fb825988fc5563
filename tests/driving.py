"""Sweeps as a user types them, of a network that counts its images and can be held up: to be hit half-way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from percepnet.results.rows import RUN_TIME_COLUMNS, read_results
from tests.fakes import miniature_tid2013
from tests.slow_network import GATE, PAUSE, WITNESS

ROOT = Path(__file__).parents[1]
IMAGES = 192
"""Of the miniature: 12 references, 180 distorted images; in shards of four references: 64 images each."""
SHARD = 64
SPILT = 20
"""Images of the second shard that have passed when an extraction is hit: all that may have to pass again."""


@dataclass(frozen=True)
class Sweep:
    """A sweep in a folder of its own: data, results, cache and the witness of every image that passed."""

    folder: Path
    words: tuple[str, ...]

    @classmethod
    def at(cls, folder: Path, *words: str) -> "Sweep":
        data = miniature_tid2013(folder / "tid", references=12, types=5, levels=3, size=(24, 24))
        network = ["arch=custom", "arch.custom.module=tests.slow_network:build", "weights=random"]
        network += ["arch.custom.stages=[features.1,features.3]"]
        quick = ["tracking=disabled", "agreement.resamples=20", "agreement.logistic=0", "compute.batch=4"]
        places = [f"results={folder / 'results'}", f"sources.cache={folder / 'cache'}"]
        return cls(folder, (*network, *quick, *data, *places, *words))

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def store(self) -> Path:
        return self.folder / "cache" / "responses"

    @property
    def gate(self) -> Path:
        return self.folder / "gate"

    def command(self, *more: str) -> list[str]:
        """Return the command line; of two words for one option the later counts."""
        words = {word.partition("=")[0]: word for word in (*self.words, *more)}
        return [sys.executable, "-m", "percepnet.sweep", "-m", *words.values()]

    def environment(self, pause: float = 0.0) -> dict[str, str]:
        own = {WITNESS: str(self.folder / "witness"), GATE: str(self.gate), PAUSE: str(pause)}
        return {**os.environ, **own, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}

    def start(self, *more: str, pause: float = 0.0) -> subprocess.Popen[str]:
        """Start the command in a process group of its own; what it prints is read by `finish`."""
        return subprocess.Popen(
            self.command(*more),
            cwd=self.folder,
            env=self.environment(pause),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *more: str, pause: float = 0.0) -> tuple[int, str]:
        """Return the exit status of the command, and what it printed."""
        return finish(self.start(*more, pause=pause))

    def start_to_the_middle(self, *more: str) -> subprocess.Popen[str]:
        """Start the command; return it when a shard is finished and `SPILT` images of the next have passed.

        There it stands still until the gate is opened.
        """
        self.gate.write_text(str(SHARD + SPILT))
        process = self.start(*more)
        eventually(lambda: self.passed() == SHARD + SPILT or process.poll() is not None, 120.0)
        assert process.poll() is None, process.communicate()[0]
        return process

    def open_gate(self) -> None:
        self.gate.unlink()

    def passed(self) -> int:
        """Return how many images have passed networks in all, in processes that were killed too."""
        witness = self.folder / "witness"
        return witness.stat().st_size if witness.exists() else 0

    def leftovers(self) -> list[Path]:
        """Return what processes that died left in cache and results, and no later one took up or away."""
        kinds = {".partial", ".tmp", ".lock", ".claim"}
        return [path for path in self.folder.rglob("*") if path.suffix in kinds]

    def scores(self, *run_ids: str) -> str:
        """Return everything in the result rows that two runs of one sweep must share, byte for byte."""
        rows = read_results(self.results).drop(columns=list(RUN_TIME_COLUMNS))
        chosen = rows[rows["run_id"].isin(run_ids)] if run_ids else rows
        order = ["run_id", "benchmark", "layer_index", "subset", "metric"]
        return chosen.sort_values(order).to_csv(index=False)

    def run_ids(self) -> tuple[str, ...]:
        return tuple(sorted(set(read_results(self.results)["run_id"])))


def finish(process: "subprocess.Popen[str]", seconds: float = 240.0) -> tuple[int, str]:
    """Return the exit status of a command and what it printed; one that hangs fails the test."""
    try:
        shown, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill(process)
        raise
    return process.returncode, shown


def kill(process: "subprocess.Popen[str]") -> None:
    """Kill a command and all that it started, with no time to tidy up."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def eventually(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something is true."""
    limit = time.monotonic() + seconds
    while not true():
        if time.monotonic() > limit:
            raise TimeoutError(f"not so after {seconds:g} s")
        time.sleep(0.05)
