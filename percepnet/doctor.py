"""What this machine offers to a sweep, on one screen: what there is, and what is missing."""

from __future__ import annotations

import netrc
import os
import platform
import shutil
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from percepnet import __version__
from percepnet.errors import PercepnetError
from percepnet.responses.hygiene import entries
from percepnet.sources.cache import scratch_file

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARIES = ("torch", "torchvision", "timm", "lightning", "hydra-core")
LAUNCHERS = ("hydra-joblib-launcher", "hydra-submitit-launcher", "submitit")
SLURM = ("sbatch", "squeue", "scancel", "scontrol", "sacct")
LITTLE = 10 * 10**9
"""Bytes; one network's weights and responses to one benchmark fit in less."""
WIDTH = 110
"""Columns when the output is no terminal."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One line of the screen.

    Attributes:
        name: Of what is looked at.
        text: What was found.
        advice: What to do about it, or "".
        fatal: Whether no sweep can work so.
    """

    name: str
    text: str
    advice: str = ""
    fatal: bool = False


def examine(cache: Path) -> bool:
    """Print what this machine offers; return whether a sweep can work here."""
    signs = [*_software(), *_hardware(), *_disk(cache), *_permissions(cache), _wandb(), _slurm()]
    console = Console()
    table = Table(box=None, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for sign in signs:
        advice = (f"\n{sign.advice}", "red" if sign.fatal else "yellow") if sign.advice else ""
        table.add_row(sign.name, Text.assemble(sign.text, advice))
    (console if console.is_terminal else Console(width=WIDTH)).print(table)
    return not any(sign.fatal for sign in signs)


def _software() -> Iterator[Sign]:
    yield Sign("percepnet", f"{__version__}, Python {platform.python_version()}, {platform.platform()}")
    yield Sign("libraries", ", ".join(f"{name} {_version(name)}" for name in LIBRARIES))
    yield Sign("launchers", ", ".join(f"{name} {_version(name)}" for name in LAUNCHERS))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _hardware() -> Iterator[Sign]:
    """Yield cores, memory and the device that compute.device=auto takes, as torch sees it."""
    import torch

    from percepnet.responses.memory import available

    cores = f"{len(os.sched_getaffinity(0))} of {os.cpu_count()} cores"
    share = os.environ.get("SLURM_CPUS_PER_TASK") or os.environ.get("OMP_NUM_THREADS")
    free = available(torch.device("cpu"))
    memory = f", {decimal(free)} of memory free" if free is not None else ""
    yield Sign("processor", cores + (f", {share} threads for a job" if share else "") + memory)
    yield Sign("device", "; ".join(_gpus()) or "no GPU: forward passes run on the processor")


def _gpus() -> Iterator[str]:
    import torch

    for number in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(number)
        yield f"cuda:{number} {about.name}, {decimal(about.total_memory)}"
    if torch.backends.mps.is_available():
        yield "mps"


def _disk(cache: Path) -> Iterator[Sign]:
    """Yield whether the cache can be written, its free space, and what the store takes of it."""
    existing = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    advice, fatal = "", False
    try:
        _try_to_write(existing)
    except (OSError, PercepnetError) as error:
        advice, fatal = f"{error}\nanother folder: PERCEPNET_CACHE=DIR, or sources.cache=DIR", True
    else:
        if free < LITTLE:
            advice = "little; make room: percepnet store gc --days 30"
    yield Sign("cache", f"{cache}, {decimal(free)} free", advice, fatal)
    kept = entries(cache / "responses")
    size = decimal(sum(one.size for one in kept))
    damaged = sum(one.state == "damaged" for one in kept)
    remedy = f"{damaged} damaged: percepnet store verify --delete" if damaged else ""
    yield Sign("store", f"{len(kept)} entries, {size}", remedy)


def _try_to_write(folder: Path) -> None:
    with scratch_file(folder / "doctor") as probe:
        probe.write_bytes(b"x")


def _permissions(cache: Path) -> Iterator[Sign]:
    names = sorted(path.parent.name for path in (cache / "benchmarks").glob("*/accepted.json"))
    yield Sign("terms", f"accepted of {', '.join(names)}" if names else "of no benchmark accepted so far")


def _wandb() -> Sign:
    """Return whether a key for W&B lies here; the server is not asked."""
    host = urlparse(os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai").hostname or ""
    if os.environ.get("WANDB_API_KEY"):
        return Sign("W&B", f"{_version('wandb')}, key for {host} in WANDB_API_KEY")
    place = os.environ.get("NETRC")
    with suppress(OSError, netrc.NetrcParseError):
        files = [Path(place)] if place else [Path.home() / name for name in (".netrc", "_netrc")]
        found = next((one for one in files if one.exists()), None)
        if found and netrc.netrc(str(found)).authenticators(host):
            return Sign("W&B", f"{_version('wandb')}, logged in at {host}")
    advice = "tracking=offline works without; to send: `wandb login`, then `percepnet track sync`"
    return Sign("W&B", f"{_version('wandb')}, not logged in at {host}", advice)


def _slurm() -> Sign:
    missing = [name for name in SLURM if shutil.which(name) is None]
    job = os.environ.get("SLURM_JOB_ID")
    inside = f", inside job {job}" if job else ""
    if len(missing) == len(SLURM):
        return Sign("SLURM", "its commands are not here" + inside)
    advice = f"hydra/launcher=slurm needs {', '.join(missing)} too" if missing else ""
    return Sign("SLURM", "its commands are here" + inside, advice)
