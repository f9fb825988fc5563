"""What one job does: network x readout x benchmarks -> result rows. Safe to repeat after any interruption."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from percepnet.agreement.contract import Bootstrap
from percepnet.baseline_cell import run_baselines
from percepnet.benchmarks.image_cache import Decoded
from percepnet.benchmarks.manifest import distinct
from percepnet.benchmarks.people import people_of, refuse_shared_references
from percepnet.config import benchmark_nodes, is_untrained, make, readout_name, run_id
from percepnet.errors import InputError
from percepnet.job import End, about_pairs, finished_rows, resamples_of, rows_of, told, use_threads, versions
from percepnet.networks.lookup import choose, own_folder
from percepnet.readouts.contract import Learner, Reader, described
from percepnet.results import status as states
from percepnet.results.resamples import write_resamples
from percepnet.results.rows import read_run, write_distances, write_rows
from percepnet.results.status import Status
from percepnet.results.tables import print_layers, terminal
from percepnet.results.tracking import track, track_failure
from percepnet.sources.cache import cache_root, lock
from percepnet.unit import note, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from percepnet.agreement.contract import FloatArray
    from percepnet.benchmarks.contract import Benchmark
    from percepnet.networks.catalogue import Checkpoint
    from percepnet.networks.network import Network
    from percepnet.readouts.contract import Distances
    from percepnet.responses.store import Entry
    from percepnet.results.pulse import Pulse
    from percepnet.results.resamples import Key

log = logging.getLogger(__name__)


def run_cell(settings: Mapping[str, Any], folder: Path) -> None:
    """Run one cell, then the baselines beside it; each leaves its status, a failure is never raised."""
    with lock(folder / "cell.lock"):
        status = Status(
            states.RUNNING,
            describe(settings),
            settings["invocation"],
            study=settings["study"],
            run_id=run_id(settings),
        )
        ended = told(status, folder, _Cell(settings, folder).run, settings["retry"])
        track_failure(ended, folder, settings["tracking"])
    run_baselines(settings, folder)


def describe(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the factors of a cell, for people."""
    arch = settings["arch"]
    is_random = is_untrained(settings)
    return {
        "goal": "untrained" if is_random else settings["goal"]["name"],
        "dataset": f"seed {settings['weights_seed']}" if is_random else settings["dataset"]["name"],
        "arch": arch["name"],
        "variant": arch["variant"],
        "readout": readout_name(settings),
    }


@dataclass(frozen=True)
class _Cell:
    settings: Mapping[str, Any]
    folder: Path
    lessons: list[tuple[Benchmark, Entry]] = field(default_factory=list)

    def run(self, pulse: Pulse, anew: bool) -> End:
        row = self._checkpoint()
        readout: Reader | Learner = make(self.settings["readout"])
        pulse.stage("benchmarks")
        benchmarks = _teacher_first(readout, self._benchmarks())
        if not anew and self._finished(benchmarks):
            return End(remark=states.FINISHED_BEFORE)
        return self._measure(row, readout, benchmarks, pulse)

    def _checkpoint(self) -> Checkpoint:
        settings = self.settings
        return choose(
            settings["arch"],
            "untrained" if is_untrained(settings) else settings["goal"]["name"],
            settings["dataset"]["name"],
            settings["recipe"],
            weights=settings["weights"],
            accepted=settings["sources"]["accept"],
            seed=settings["weights_seed"],
        )

    def _benchmarks(self) -> list[Benchmark]:
        mirrors = [Path(mirror) for mirror in self.settings["sources"]["mirrors"]]
        network = self.settings["sources"]["network"]
        return [
            make(node).load(self._cache, mirrors, network=network)
            for node in benchmark_nodes(self.settings).values()
        ]

    @property
    def _cache(self) -> Path:
        return cache_root(self.settings["sources"]["cache"])

    def _finished(self, benchmarks: Sequence[Benchmark]) -> bool:
        """Tell whether the rows are there and stem from the data that are there now."""
        rows = finished_rows(self.folder)
        if rows is None:
            return False
        then = dict(zip(rows["benchmark"], rows["manifest_hash"], strict=True))
        return then == {benchmark.name: benchmark.fingerprint() for benchmark in benchmarks}

    def _measure(
        self, row: Checkpoint, readout: Reader | Learner, benchmarks: Sequence[Benchmark], pulse: Pulse
    ) -> End:
        pulse.stage("weights")
        network = self._network(row)
        rows: list[dict[str, Any]] = []
        resamples: list[tuple[Key, int, FloatArray]] = []
        passed = 0
        for benchmark in benchmarks:
            began = time.monotonic()
            pulse.stage(f"extraction, {benchmark.name}")
            entry, images = self._entry(network, readout, benchmark, pulse)
            pulse.stage(f"readout, {benchmark.name}")
            distances = self._distances(readout, entry, benchmark)
            pulse.stage(f"agreement, {benchmark.name}")
            bootstrap = Bootstrap(**self.settings["agreement"], against=distances.against)
            scores = benchmark.agreement(distances.values, bootstrap)
            passed += images
            cost = {"images_passed": images, "seconds": time.monotonic() - began}
            about = self._about(row, network, readout, benchmark) | cost
            rows += rows_of(about, distances.layers, distances.depths, scores)
            resamples += resamples_of(benchmark.name, scores, bootstrap)
            columns = dict(zip(distances.layers, distances.values, strict=True))
            write_distances(self.folder, benchmark.name, about_pairs(benchmark) | columns)
        pulse.stage("results")
        write_resamples(self.folder, resamples)
        write_rows(self.folder, rows)
        frame = read_run(self.folder)
        if frame is None:
            raise RuntimeError(f"the rows just written to {self.folder} are not there")
        print_layers(frame, terminal())
        size = {"parameters": sum(one.numel() for one in network.trunk.parameters())}
        return End(passed, track(frame, self.folder, self.settings["tracking"], size))

    def _network(self, row: Checkpoint) -> Network:
        from percepnet.networks.build import Place, build

        use_threads(self.settings["compute"]["threads"])
        sources = self.settings["sources"]
        mirrors = (*own_folder(self.settings["arch"]), *(Path(mirror) for mirror in sources["mirrors"]))
        place = Place(self._cache / "weights", mirrors, sources["network"])
        network = build(row, place, taps=self.settings["arch"]["taps"], seed=self.settings["weights_seed"])
        log.info("%s: %d taps, %s", network.id, len(network.taps), network.origin)
        return network

    def _entry(
        self, network: Network, readout: Reader | Learner, benchmark: Benchmark, pulse: Pulse
    ) -> tuple[Entry, int]:
        from percepnet.responses.extraction import Compute, extract

        compute = {key: value for key, value in self.settings["compute"].items() if key != "threads"}
        if compute.pop("image_cache"):
            benchmark = Decoded(benchmark, self._cache / "images")
        statistics = sorted({*self.settings["statistics"], *readout.statistics})
        store = self._cache / "responses"
        entry, images = extract(network, benchmark, statistics, Compute(**compute), store, pulse.images)
        note(self._cache, unit_of(self.settings, benchmark.name), entry.folder)
        return entry, images

    def _distances(self, readout: Reader | Learner, entry: Entry, benchmark: Benchmark) -> Distances:
        """Return the distance of every judged pair, `[R, P]`."""
        if isinstance(readout, Learner):
            distances = self._learnt(readout, entry, benchmark)
        else:
            distances = readout.read(entry)
        return replace(distances, values=distances.values[:, distinct(benchmark.pairs)[1]])

    def _learnt(self, readout: Learner, entry: Entry, benchmark: Benchmark) -> Distances:
        if readout.train_on == benchmark.name:
            self.lessons.append((benchmark, entry))
        if readout.train_on in ("", benchmark.name):
            return readout.learn(entry, people_of(benchmark), self.folder / benchmark.name)
        teacher, known = self.lessons[0]
        refuse_shared_references(teacher, benchmark)
        return readout.carry_over(known, people_of(teacher), entry)

    def _about(
        self, row: Checkpoint, network: Network, readout: Reader | Learner, benchmark: Benchmark
    ) -> dict[str, Any]:
        return {
            "study": self.settings["study"],
            "run_id": run_id(self.settings),
            "goal": row.goal,
            "dataset": row.dataset,
            "arch": row.arch,
            "variant": row.variant,
            "weights": "random" if is_untrained(self.settings) else "pretrained",
            "network": row.id,
            "weights_hash": network.weights_hash,
            "readout": readout.name,
            "distance": described(readout),
            "benchmark": benchmark.name,
            "manifest_hash": benchmark.fingerprint(),
            "versions": json.dumps(versions()),
        }


def _teacher_first(readout: Reader | Learner, benchmarks: Sequence[Benchmark]) -> list[Benchmark]:
    """Return the benchmarks in the order of their turn: the one that a readout learns from comes first."""
    teacher = readout.train_on if isinstance(readout, Learner) else ""
    names = [benchmark.name for benchmark in benchmarks]
    if teacher and teacher not in names:
        raise InputError(
            f"readout.train_on={teacher}: this benchmark is not part of the cell",
            expected="one of " + ", ".join(names),
            remedy=f"name it too: 'benchmark=[{','.join([teacher, *names])}]'",
        )
    return sorted(benchmarks, key=lambda benchmark: benchmark.name != teacher)
