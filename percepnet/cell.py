"""What one job does: network x readout x benchmarks -> result rows. Safe to repeat after any interruption."""

from __future__ import annotations

import json
import logging
import os
import platform
import time
import traceback
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from percepnet import __version__
from percepnet.agreement.contract import Bootstrap, Score
from percepnet.benchmarks.image_cache import Decoded
from percepnet.benchmarks.manifest import distinct
from percepnet.config import benchmark_nodes, is_untrained, make, run_id
from percepnet.errors import NothingThereError, PercepnetError
from percepnet.networks.lookup import choose, own_folder
from percepnet.results import status as states
from percepnet.results.rows import read_run, write_distances, write_rows
from percepnet.results.status import Status
from percepnet.results.tables import print_layers, terminal
from percepnet.results.tracking import track
from percepnet.sources.cache import cache_root, lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from percepnet.benchmarks.contract import Benchmark
    from percepnet.networks.catalogue import Checkpoint
    from percepnet.networks.network import Network
    from percepnet.readouts.contract import Distances, Readout

log = logging.getLogger(__name__)


def run_cell(settings: Mapping[str, Any], folder: Path) -> None:
    """Run one cell and leave its status in `folder`; a failure is written down, never raised."""
    began = time.monotonic()
    with lock(folder / "cell.lock"):
        status = Status(states.RUNNING, describe(settings), settings["invocation"])
        _leave(status, folder)
        try:
            end = _Cell(settings, folder).run()
            status = status.now(states.DONE, reason=end.remark, images_passed=end.images_passed)
        except NothingThereError as error:
            log.warning("%s", error)
            status = status.now(states.SKIPPED, reason=str(error))
        except PercepnetError as error:
            log.error("%s", error)  # noqa: TRY400 (the message is complete; a traceback would bury it)
            status = status.now(states.FAILED, reason=str(error))
        except Exception:
            log.exception("unexpected error")
            status = status.now(states.FAILED, reason=traceback.format_exc(limit=-3))
        except BaseException:
            _leave(status.now(states.FAILED, reason="interrupted"), folder)
            raise
        _leave(status.now(status.state, seconds=time.monotonic() - began), folder)


def _leave(status: Status, folder: Path) -> None:
    """Write a status; where even that fails (a full disk), say so on the screen."""
    try:
        status.write(folder)
    except PercepnetError as error:
        log.error("the status of %s could not be written: %s", folder.name, error)  # noqa: TRY400


def describe(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the factors of a cell, for people."""
    arch = settings["arch"]
    is_random = is_untrained(settings)
    return {
        "goal": "untrained" if is_random else settings["goal"]["name"],
        "dataset": f"seed {settings['weights_seed']}" if is_random else settings["dataset"]["name"],
        "arch": arch["name"],
        "variant": arch["variant"],
        "readout": str(settings["readout"].get("_target_", "")).rpartition(".")[2].lower(),
    }


@dataclass(frozen=True, slots=True)
class _End:
    """How a cell ended."""

    images_passed: int = 0
    remark: str = ""


@dataclass(frozen=True)
class _Cell:
    settings: Mapping[str, Any]
    folder: Path

    def run(self) -> _End:
        row = self._checkpoint()
        readout: Readout = make(self.settings["readout"])
        benchmarks = self._benchmarks()
        if not self.settings["retry"] and self._finished(benchmarks):
            return _End(remark=states.FINISHED_BEFORE)
        return self._measure(row, readout, benchmarks)

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
        rows = read_run(self.folder)
        if rows is None:
            return False
        then = dict(zip(rows["benchmark"], rows["manifest_hash"], strict=True))
        return then == {benchmark.name: benchmark.fingerprint() for benchmark in benchmarks}

    def _measure(self, row: Checkpoint, readout: Readout, benchmarks: Sequence[Benchmark]) -> _End:
        network = self._network(row)
        rows: list[dict[str, Any]] = []
        passed = 0
        for benchmark in benchmarks:
            began = time.monotonic()
            distances, images = self._distances(network, readout, benchmark)
            scores = benchmark.agreement(distances.values, Bootstrap(**self.settings["agreement"]))
            passed += images
            cost = {"images_passed": images, "seconds": time.monotonic() - began}
            rows += _rows(self._about(row, network, readout, benchmark) | cost, distances, scores)
            write_distances(self.folder, benchmark.name, _columns(benchmark, distances))
        write_rows(self.folder, rows)
        frame = read_run(self.folder)
        if frame is None:
            raise RuntimeError(f"the rows just written to {self.folder} are not there")
        print_layers(frame, terminal())
        return _End(passed, track(frame, self.folder, self.settings["tracking"]))

    def _network(self, row: Checkpoint) -> Network:
        from percepnet.networks.build import Place, build

        _use_threads(self.settings["compute"]["threads"])
        sources = self.settings["sources"]
        mirrors = (*own_folder(self.settings["arch"]), *(Path(mirror) for mirror in sources["mirrors"]))
        place = Place(self._cache / "weights", mirrors, sources["network"])
        network = build(row, place, taps=self.settings["arch"]["taps"], seed=self.settings["weights_seed"])
        log.info("%s: %d taps, %s", network.id, len(network.taps), network.origin)
        return network

    def _distances(self, network: Network, readout: Readout, benchmark: Benchmark) -> tuple[Distances, int]:
        from percepnet.responses.extraction import Compute, extract

        compute = {key: value for key, value in self.settings["compute"].items() if key != "threads"}
        if compute.pop("image_cache"):
            benchmark = Decoded(benchmark, self._cache / "images")
        statistics = sorted({*self.settings["statistics"], *readout.statistics})
        store = self._cache / "responses"
        entry, passed = extract(network, benchmark, statistics, Compute(**compute), store)
        distances = readout.read(entry)
        _, places = distinct(benchmark.pairs)
        return replace(distances, values=distances.values[:, places]), passed

    def _about(
        self, row: Checkpoint, network: Network, readout: Readout, benchmark: Benchmark
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
            "distance": readout.distance,
            "benchmark": benchmark.name,
            "manifest_hash": benchmark.fingerprint(),
            "ci_method": f"percentile bootstrap over clusters, {self.settings['agreement']['level']:g}",
            "versions": json.dumps(_versions()),
        }


def _rows(
    about: Mapping[str, Any], distances: Distances, scores: Sequence[Score]
) -> Iterator[dict[str, Any]]:
    for score in scores:
        yield {
            **about,
            "layer": distances.layers[score.tap],
            "layer_index": score.tap,
            "depth": distances.depths[score.tap],
            **{name: getattr(score, name) for name in Score.__slots__ if name != "tap"},
        }


def _columns(benchmark: Benchmark, distances: Distances) -> dict[str, Any]:
    pairs = benchmark.pairs
    about = {
        name: [getattr(pair, name) for pair in pairs]
        for name in ("reference", "distorted", "cluster", "kind", "level", "score", "spread")
    }
    return about | dict(zip(distances.layers, np.asarray(distances.values), strict=True))


def _use_threads(threads: int | None) -> None:
    """Set torch's threads: as told, else SLURM's share, else every core that the process may use."""
    import torch

    share = os.environ.get("SLURM_CPUS_PER_TASK")
    torch.set_num_threads(threads or (int(share) if share else len(os.sched_getaffinity(0))))


def _versions() -> dict[str, str]:
    packages = ("torch", "torchvision", "timm", "lightning", "numpy", "scipy")
    return {
        "percepnet": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }
