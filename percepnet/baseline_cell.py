"""The cells of baselines: each metric that a sweep names, judged once per results folder."""

from __future__ import annotations

import json
import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from percepnet.agreement.contract import Bootstrap
from percepnet.benchmarks.image_cache import Decoded
from percepnet.benchmarks.manifest import distinct
from percepnet.config import baseline_folder, baseline_id, baseline_nodes, benchmark_nodes, make
from percepnet.job import End, about_pairs, finished_rows, resamples_of, rows_of, told, use_threads, versions
from percepnet.results import status as states
from percepnet.results.resamples import write_resamples
from percepnet.results.rows import read_run, write_distances, write_rows
from percepnet.results.status import STATUS, Status
from percepnet.results.tables import print_layers, terminal
from percepnet.results.tracking import track
from percepnet.sources.cache import cache_root, lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from percepnet.agreement.contract import FloatArray
    from percepnet.baselines.contract import Baseline, Ready
    from percepnet.benchmarks.contract import Benchmark
    from percepnet.results.resamples import Key

BASELINE = "baseline"
"""What stands for goal and readout in the rows of a baseline."""


def run_baselines(settings: Mapping[str, Any], folder: Path) -> None:
    """Run the cell of every baseline that the settings name, each in a run folder beside `folder`.

    A baseline that this command has dealt with already, for another network, is left alone; one of an earlier
    command is kept. Of two processes the second waits for the first. A failure is written down in the
    baseline's own status, never raised: the network's cell goes on.

    Args:
        settings: Of a network's cell.
        folder: The run folder of that cell.
    """
    bench = _Bench(settings)
    for name in baseline_nodes(settings):
        place = folder.parent / baseline_folder(settings, name)
        with lock(place / "cell.lock"), _logged(place / "job.log"):
            if not _dealt_with(place, settings["invocation"]):
                cell = _Cell(name, bench, place)
                told(Status(states.RUNNING, cell.described, settings["invocation"]), place, cell.run)


def _dealt_with(folder: Path, invocation: str) -> bool:
    """Tell whether this very command has run the cell to its end."""
    path = folder / STATUS
    if not invocation or not path.exists():
        return False
    status = json.loads(path.read_text(encoding="utf-8"))
    return bool(status["invocation"] == invocation and status["state"] != states.RUNNING)


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Write what is logged meanwhile to the run's own file too."""
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("[%(asctime)s][%(name)s][%(levelname)s] - %(message)s"))
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


@dataclass(frozen=True)
class _Bench:
    """What all baselines of a cell share: the settings, and the benchmarks, loaded once."""

    settings: Mapping[str, Any]

    @property
    def cache(self) -> Path:
        return cache_root(self.settings["sources"]["cache"])

    @property
    def mirrors(self) -> tuple[Path, ...]:
        return tuple(Path(mirror) for mirror in self.settings["sources"]["mirrors"])

    @cached_property
    def benchmarks(self) -> list[Benchmark]:
        network = self.settings["sources"]["network"]
        nodes = benchmark_nodes(self.settings).values()
        loaded: list[Benchmark] = [
            make(node).load(self.cache, list(self.mirrors), network=network) for node in nodes
        ]
        if self.settings["compute"]["image_cache"]:
            return [Decoded(benchmark, self.cache / "images") for benchmark in loaded]
        return loaded


@dataclass(frozen=True)
class _Cell:
    name: str
    bench: _Bench
    folder: Path

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.bench.settings

    @property
    def described(self) -> dict[str, str]:
        """The factors of the cell, for people."""
        about = {"goal": BASELINE, "dataset": "", "arch": self.name, "variant": ""}
        return about | {"readout": BASELINE}

    def run(self) -> End:
        """Return how it ended, its rows written."""
        baseline: Baseline = make(baseline_nodes(self.settings)[self.name])
        if not self.settings["retry"] and self._finished(baseline):
            return End(remark=states.FINISHED_BEFORE)
        return self._measure(baseline)

    def _finished(self, baseline: Baseline) -> bool:
        """Tell whether the rows are there and stem from the data and the library that are there now."""
        rows = finished_rows(self.folder)
        if rows is None or {*rows["variant"]} != {baseline.variant}:
            return False
        then = dict(zip(rows["benchmark"], rows["manifest_hash"], strict=True))
        return then == {one.name: one.fingerprint() for one in self.bench.benchmarks}

    def _measure(self, baseline: Baseline) -> End:
        from percepnet.baselines.measuring import OUTPUT, measure
        from percepnet.networks.place import Place

        use_threads(self.settings["compute"]["threads"])
        benchmarks = self.bench.benchmarks  # what is not there is known before weights are fetched
        sources = self.settings["sources"]
        ready = baseline.prepare(Place(self.bench.cache / "weights", self.bench.mirrors, sources["network"]))
        bootstrap = Bootstrap(**self.settings["agreement"])
        rows: list[dict[str, Any]] = []
        resamples: list[tuple[Key, int, FloatArray]] = []
        total = 0
        for benchmark in benchmarks:
            began = time.monotonic()
            found, images = measure(ready, benchmark, self.bench.cache / "responses")
            values = found[None, distinct(benchmark.pairs)[1]]
            scores = benchmark.agreement(values, bootstrap)
            total += images
            cost = {"images_passed": images, "seconds": time.monotonic() - began}
            rows += rows_of(self._about(baseline, ready, benchmark) | cost, [OUTPUT], [1.0], scores)
            resamples += resamples_of(benchmark.name, scores, bootstrap)
            write_distances(self.folder, benchmark.name, about_pairs(benchmark) | {OUTPUT: values[0]})
        write_resamples(self.folder, resamples)
        write_rows(self.folder, rows)
        frame = read_run(self.folder)
        if frame is None:
            raise RuntimeError(f"the rows just written to {self.folder} are not there")
        print_layers(frame, terminal())
        return End(total, track(frame, self.folder, self.settings["tracking"]))

    def _about(self, baseline: Baseline, ready: Ready, benchmark: Benchmark) -> dict[str, Any]:
        return {
            "study": self.settings["study"],
            "run_id": baseline_id(self.settings, self.name),
            "goal": BASELINE,
            "dataset": baseline.trained_on,
            "arch": self.name,
            "variant": baseline.variant,
            "weights": "pretrained" if ready.weights_hash else "none",
            "network": f"{BASELINE}.{self.name}",
            "weights_hash": ready.weights_hash,
            "readout": BASELINE,
            "distance": self.name,
            "benchmark": benchmark.name,
            "manifest_hash": benchmark.fingerprint(),
            "versions": json.dumps(versions("piq", "lpips")),
        }
