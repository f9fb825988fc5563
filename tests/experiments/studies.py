"""The studies in `experiments/`, as the command line would expand them, without running a cell."""

from __future__ import annotations

import re
import shlex
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser

from percepnet.config import conf_folder, is_untrained, plain
from percepnet.networks.lookup import choose
from percepnet.sweep import register

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from percepnet.networks.catalogue import Checkpoint

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
FACTORS = ("goal", "dataset", "arch", "arch.variant", "recipe", "weights", "weights_seed")
IMAGES = {
    "tid2013": 3025,
    "kadid10k": 10206,
    "tid2013_kodak": 504,
    "modelfest": 388,
    "csf": 710,
    "nights": 5472,
}
"""How many images of a benchmark pass a network."""

Overrides = dict[str, str]


@dataclass(frozen=True)
class Study:
    """One YAML with a sweep, and the lines that its header adds to the command."""

    folder: Path
    name: str

    @cached_property
    def header(self) -> str:
        """The comment at its top."""
        lines = (self.folder / f"{self.name}.yaml").read_text(encoding="utf-8").splitlines()
        return "\n".join(line for line in lines if line.startswith("#"))

    @property
    def added(self) -> list[tuple[str, ...]]:
        """The overrides of every line that the header adds to the command, the command alone first."""
        lines = re.findall(r"^#   \+ (.+)$", self.header, re.MULTILINE)
        return [(), *(tuple(shlex.split(line)) for line in lines)]

    @cached_property
    def base(self) -> Any:
        """The composed settings, with Hydra's own."""
        with self._composing():
            return compose(self.name, self._where, return_hydra_config=True)

    def settings(self, *overrides: str) -> dict[str, Any]:
        """Return the settings of one cell."""
        with self._composing():
            return plain(compose(self.name, [*self._where, *overrides]))

    @cache  # noqa: B019 (a handful of studies)
    def sweep(self, added: tuple[str, ...]) -> list[Overrides]:
        """Return the overrides of every cell that the command with `added` makes."""
        given = [f"{key}={value}" for key, value in self.base.hydra.sweeper.params.items()]
        parsed = OverridesParser.create().parse_overrides([*given, *added])
        [batch] = BasicSweeper.split_arguments(parsed, None)
        return [_overrides(job) for job in batch]

    @cache  # noqa: B019
    def networks(self, added: tuple[str, ...]) -> dict[str, Checkpoint]:
        """Return the network of every combination of factors of one command, by its overrides.

        Raises:
            NothingThereError: Nobody has published one of them.
        """
        jobs = {_factors(job): job for job in self.sweep(added)}
        return {text: self.network(job) for text, job in jobs.items()}

    def network(self, job: Mapping[str, str]) -> Checkpoint:
        """Return the network of a cell."""
        arch = option("arch", job.get("arch", self.base.arch.name))
        arch = {
            "tokens": "patches",
            "custom": {},
            **arch,
            "variant": job.get("arch.variant", arch["variant"]),
        }
        goal = job.get("goal", self.base.goal.name)
        recipe = job.get("recipe", str(self.base.recipe))
        weights = job.get("weights", self.base.weights)
        untrained = is_untrained({"weights": weights, "goal": {"name": goal}})
        return choose(
            arch,
            "untrained" if untrained else goal,
            job.get("dataset", self.base.dataset.name),
            None if recipe == "None" else recipe,
            seed=int(job.get("weights_seed", self.base.weights_seed)),
        )

    def benchmarks(self, job: Mapping[str, str]) -> tuple[str, ...]:
        """Return the benchmarks that judge a cell."""
        if "benchmark" in job:
            return tuple(re.findall(r"\w+", job["benchmark"]))
        return tuple(name for name in self.base.benchmark if name != "root")

    @property
    def _where(self) -> list[str]:
        return [f"hydra.searchpath=[file://{conf_folder()}]"]

    @contextmanager
    def _composing(self) -> Iterator[None]:
        register()
        with initialize_config_dir(str(self.folder), version_base="1.3"):
            yield


def _overrides(job: Sequence[str]) -> Overrides:
    """Return the value of every key as Hydra reads it: a bare 1_0 is the number 10."""
    return dict(_read(override) for override in job)


@cache
def _read(override: str) -> tuple[str, str]:
    parsed = OverridesParser.create().parse_override(override)
    return parsed.key_or_group, str(parsed.value())


def _factors(job: Mapping[str, str]) -> str:
    return " ".join(f"{key}={job[key]}" for key in FACTORS if key in job)


def option(group: str, name: str) -> dict[str, Any]:
    """Return what an option of `conf/` says itself."""
    loaded: dict[str, Any] = yaml.safe_load((conf_folder() / group / f"{name}.yaml").read_text("utf-8"))
    return loaded


@dataclass(frozen=True)
class Size:
    """What a study costs in all its commands: distinct networks, controls, cells and forward passes."""

    networks: int
    controls: int
    cells: int
    passes: int

    @classmethod
    def of(cls, study: Study) -> Size:
        """Return the size of a study."""
        networks: dict[str, Checkpoint] = {}
        cells: set[tuple[object, ...]] = set()
        passed: dict[tuple[str, str], int] = {}
        for added in study.added:
            chosen = study.networks(added)
            for job in study.sweep(added):
                row, judges = chosen[_factors(job)], study.benchmarks(job)
                networks[row.id] = row
                cells.add((row.id, judges, job["readout"], job.get("readout.distance", "")))
                passed |= {(row.id, judge): IMAGES[judge] for judge in judges}
        controls = sum(row.goal == "untrained" for row in networks.values())
        return cls(len(networks) - controls, controls, len(cells), sum(passed.values()))

    def __str__(self) -> str:
        return (
            f"{self.networks} networks, {self.controls} controls, {self.cells:,} cells, "
            f"{self.passes:,} forward passes"
        )
