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
from percepnet.results.status import Status, read_status
from percepnet.results.tables import print_layers, terminal
from percepnet.results.tracking import track, track_failure
from percepnet.sources.cache import cache_root, lock
from percepnet.sources.lease import BusyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from percepnet.agreement.contract import FloatArray
    from percepnet.baselines.contract import Baseline, Ready
    from percepnet.benchmarks.contract import Benchmark
    from percepnet.results.pulse import Pulse
    from percepnet.results.resamples import Key

BASELINE = "baseline"
"""What stands for goal and readout in the rows of a baseline."""
_LOOK_S = 1.0
"""Between two looks at a baseline that another command is at."""


def run_baselines(settings: Mapping[str, Any], folder: Path) -> None:
    """Run the cell of every baseline that the settings name, each in a run folder beside `folder`.

    A baseline that this command has dealt with already, for another network, is left alone; one of an earlier
    command is kept. Jobs of one command that run side by side deal the baselines out among them: none waits
    for what another is at. What another command is at is waited for, last. A failure is written down in the
    baseline's own status, never raised: the network's cell goes on.

    Args:
        settings: Of a network's cell.
        folder: The run folder of that cell.
    """
    bench = _Bench(settings)
    places = {name: folder.parent / baseline_folder(settings, name) for name in baseline_nodes(settings)}
    left = [_Cell(name, bench, place) for name, place in places.items()]
    while left := [cell for cell in left if not _dealt_out(cell)]:
        time.sleep(_LOOK_S)


def _dealt_out(cell: _Cell) -> bool:
    """Run a cell unless that is done; return whether nothing is left to do, as another of us is at it."""
    try:
        with lock(cell.folder / "cell.lock", wait=False, judge=True), _logged(cell.folder / "job.log"):
            if not _is_ours(cell, *states.ENDED):
                _run(cell)
    except BusyError:
        return _is_ours(cell, states.RUNNING)
    return True


def _run(cell: _Cell) -> None:
    ended = told(cell.status, cell.folder, cell.run, cell.settings["retry"])
    track_failure(ended, cell.folder, cell.settings["tracking"])


def _is_ours(cell: _Cell, *wanted: str) -> bool:
    """Tell whether this very command has brought a cell to one of these states."""
    invocation = cell.settings["invocation"]
    status = read_status(cell.folder) if invocation else None
    return status is not None and status.invocation == invocation and status.state in wanted


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
    def status(self) -> Status:
        """What the cell begins with: its factors, for people, and what it belongs to."""
        about = {"goal": BASELINE, "dataset": "", "arch": self.name, "variant": "", "readout": BASELINE}
        return Status(
            states.RUNNING,
            about,
            self.settings["invocation"],
            study=self.settings["study"],
            run_id=baseline_id(self.settings, self.name),
        )

    def run(self, pulse: Pulse, anew: bool) -> End:
        """Return how it ended, its rows written."""
        baseline: Baseline = make(baseline_nodes(self.settings)[self.name])
        pulse.stage("benchmarks")
        if not anew and self._finished(baseline):
            return End(remark=states.FINISHED_BEFORE)
        return self._measure(baseline, pulse)

    def _finished(self, baseline: Baseline) -> bool:
        """Tell whether the rows are there and stem from the data and the library that are there now."""
        rows = finished_rows(self.folder)
        if rows is None or {*rows["variant"]} != {baseline.variant}:
            return False
        then = dict(zip(rows["benchmark"], rows["manifest_hash"], strict=True))
        return then == {one.name: one.fingerprint() for one in self.bench.benchmarks}

    def _measure(self, baseline: Baseline, pulse: Pulse) -> End:
        from percepnet.baselines.measuring import OUTPUT, measure
        from percepnet.networks.place import Place

        use_threads(self.settings["compute"]["threads"])
        benchmarks = self.bench.benchmarks  # what is not there is known before weights are fetched
        sources = self.settings["sources"]
        pulse.stage("weights")
        ready = baseline.prepare(Place(self.bench.cache / "weights", self.bench.mirrors, sources["network"]))
        bootstrap = Bootstrap(**self.settings["agreement"])
        rows: list[dict[str, Any]] = []
        resamples: list[tuple[Key, int, FloatArray]] = []
        total = 0
        for benchmark in benchmarks:
            began = time.monotonic()
            pulse.stage(f"measures {benchmark.name}")
            found, images = measure(ready, benchmark, self.bench.cache / "responses")
            pulse.stage(f"agreement, {benchmark.name}")
            values = found[None, distinct(benchmark.pairs)[1]]
            scores = benchmark.agreement(values, bootstrap)
            total += images
            cost = {"images_passed": images, "seconds": time.monotonic() - began}
            rows += rows_of(self._about(baseline, ready, benchmark) | cost, [OUTPUT], [1.0], scores)
            resamples += resamples_of(benchmark.name, scores, bootstrap)
            write_distances(self.folder, benchmark.name, about_pairs(benchmark) | {OUTPUT: values[0]})
        pulse.stage("results")
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
