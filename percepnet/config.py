"""Typed settings: what conf/ may say, what identifies a cell, and objects made from `_target_` nodes."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from percepnet.errors import InputError, nearest

APART = ("results", "retry", "sources", "tracking", "invocation", "study", "benchmark", "baseline")
RUN_TIME_COMPUTE_KEYS = ("device", "batch", "workers", "threads", "channels_last", "image_cache")
RETRIES = (False, True, "failed")
IDENTITY_VERSION = 2
"""Raised when the meaning of a setting changes, so that finished cells of older versions are run again."""


@dataclass
class GoalConfig:
    """What the network was trained to do."""

    name: str = MISSING


@dataclass
class DatasetConfig:
    """The images it was trained on."""

    name: str = MISSING


@dataclass
class ArchConfig:
    """The architecture; `variant` is its size, `taps` the places that are read, `tokens` which of a sequence.

    `custom` describes a network of your own (arch=custom).
    """

    name: str = MISSING
    variant: str = ""
    taps: list[str] = field(default_factory=list)
    tokens: str = "patches"
    custom: dict[str, Any] = field(default_factory=dict)


@dataclass
class AgreementConfig:
    """The cluster bootstrap (`method`: expanded, bca, percentile) and the curve of plcc_logistic."""

    resamples: int = 1000
    level: float = 0.95
    seed: int = 0
    method: str = "expanded"
    logistic: int = 5


@dataclass
class ComputeConfig:
    """How forward passes are run."""

    device: str = "auto"
    precision: str = "fp32"
    batch: int | str = "auto"
    workers: int = 0
    threads: int | None = None
    channels_last: bool = True
    compile: bool = False
    image_cache: bool = False


@dataclass
class SourcesConfig:
    """Where weights and data come from."""

    cache: str | None = None
    mirrors: list[str] = field(default_factory=list)
    network: bool = True
    accept: list[str] = field(default_factory=list)


@dataclass
class TrackingConfig:
    """Weights and Biases."""

    mode: str = "offline"
    project: str = "percepnet"
    entity: str | None = None
    timeout_s: float = 60.0


@dataclass
class SweepConfig:
    """Everything one cell of a sweep is told."""

    study: str = "default"
    goal: GoalConfig = field(default_factory=GoalConfig)
    dataset: DatasetConfig = field(default_factory=DatasetConfig)
    arch: ArchConfig = field(default_factory=ArchConfig)
    recipe: str | None = None
    weights: str = "pretrained"
    weights_seed: int = 0
    readout: dict[str, Any] = field(default_factory=dict)
    benchmark: dict[str, Any] = field(default_factory=dict)
    baseline: dict[str, Any] = field(default_factory=dict)
    statistics: list[str] = field(default_factory=list)
    agreement: AgreementConfig = field(default_factory=AgreementConfig)
    compute: ComputeConfig = field(default_factory=ComputeConfig)
    sources: SourcesConfig = field(default_factory=SourcesConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    results: str = "results"
    retry: bool | str = False
    invocation: str = ""


def conf_folder() -> Path:
    """Return the folder of the YAML files: inside an installed wheel, else at the top of the checkout."""
    packaged = Path(__file__).resolve().parent / "conf"
    return packaged if packaged.is_dir() else packaged.parents[1] / "conf"


def is_untrained(settings: Mapping[str, Any]) -> bool:
    """Tell whether the network has random weights: weights=random and goal=untrained say the same."""
    return bool(settings["weights"] == "random" or settings["goal"]["name"] == "untrained")


def benchmark_nodes(settings: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the benchmarks that were asked for, by name."""
    return {name: node for name, node in settings["benchmark"].items() if isinstance(node, Mapping)}


def baseline_nodes(settings: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the baselines that were asked for, by name."""
    return dict(settings["baseline"])


def identity(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tells one cell from another: the resolved settings without those of the run's time.

    Folders of data are left out too: what lies in them is told apart by each benchmark's fingerprint. So are
    baselines: they are cells of their own.
    """
    kept = {key: value for key, value in settings.items() if key not in APART}
    # what came after the first cells is left out where it is as in those
    compute = dict(settings["compute"].items() - {("compile", False)})
    kept["compute"] = {key: x for key, x in compute.items() if key not in RUN_TIME_COMPUTE_KEYS}
    kept["agreement"] = dict(settings["agreement"].items() - {("method", "expanded"), ("logistic", 5)})
    kept["benchmark"] = _rootless(settings)
    kept["version"] = IDENTITY_VERSION
    if is_untrained(settings):
        del kept["goal"], kept["dataset"]  # an untrained network has neither
        kept["weights"] = "random"
    else:
        del kept["weights_seed"]
    return kept


def _rootless(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: {key: value for key, value in node.items() if key != "root"}
        for name, node in benchmark_nodes(settings).items()
    }


def readout_name(settings: Mapping[str, Any]) -> str:
    """Return what the readout is called: a name in its YAML, else that of its class."""
    readout = settings["readout"]
    return str(readout.get("name") or str(readout.get("_target_", "")).rpartition(".")[2].lower())


def run_id(settings: Mapping[str, Any]) -> str:
    """Return 12 hexadecimal digits that name a cell."""
    return _digits(identity(settings))


def run_folder(settings: Mapping[str, Any]) -> str:
    """Return a folder name of at most 64 characters: readable factors, then the run id."""
    arch = settings["arch"]
    parts = [
        f"{arch['name']}{arch['variant']}",
        "untrained" if is_untrained(settings) else settings["goal"]["name"],
        readout_name(settings),
        *benchmark_nodes(settings),
    ]
    return _folder(parts, run_id(settings))


def baseline_id(settings: Mapping[str, Any], name: str) -> str:
    """Return 12 hexadecimal digits that name the cell of a baseline; no network's setting changes them."""
    return _digits(
        {
            "baseline": baseline_nodes(settings)[name],
            "benchmark": _rootless(settings),
            "agreement": identity(settings)["agreement"],
            "version": IDENTITY_VERSION,
        }
    )


def baseline_folder(settings: Mapping[str, Any], name: str) -> str:
    """Return a folder name of at most 64 characters: the baseline and its benchmarks, then its id."""
    return _folder(["baseline", name, *benchmark_nodes(settings)], baseline_id(settings, name))


def _digits(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _folder(parts: list[str], digits: str) -> str:
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in "-".join(parts))
    return f"{safe[:51]}-{digits}"


def make(node: Mapping[str, Any], **given: Any) -> Any:  # noqa: ANN401 (the node says what comes out)
    """Return the frozen dataclass that `_target_` names, its fields filled from the node and checked by type.

    Raises:
        InputError: An unknown target, key or a value of the wrong type; tells the nearest key.
    """
    values = {**node, **given}
    target = _import(str(values.pop("_target_", "")))
    known = {item.name for item in fields(target)}
    for key in values:
        if key not in known:
            raise InputError(f"{target.__name__} has no setting {key!r}", remedy=nearest(key, known))
    try:
        typed = OmegaConf.merge(OmegaConf.structured(target), values)
        return target(**OmegaConf.to_container(typed, resolve=True))  # type: ignore[arg-type]
    except OmegaConfBaseException as error:
        found = str(error).splitlines()[0]
        raise InputError(f"a setting of {target.__name__} is wrong", found=found) from error


def _import(path: str) -> Any:  # noqa: ANN401
    module, _, name = path.rpartition(".")
    if not module.startswith("percepnet."):
        raise InputError(f"_target_ {path!r} is outside percepnet", expected="percepnet.module.Class")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InputError(f"_target_ {path!r} cannot be imported", found=str(error)) from error
    if not is_dataclass(found):
        raise InputError(f"_target_ {path!r} is no dataclass")
    return found


def plain(config: DictConfig) -> dict[str, Any]:
    """Return the resolved settings as plain dicts and lists, without Hydra's own node."""
    resolved = {}
    for key in (str(key) for key in config if key != "hydra"):
        value = "???" if OmegaConf.is_missing(config, key) else config[key]
        resolved[key] = OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
    return resolved
