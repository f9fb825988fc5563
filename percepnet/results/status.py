"""What became of each cell: one small file per run, readable while the sweep works.

A command that runs many cells writes down beforehand which, in `sweeps/INVOCATION.json`, so that what is
waiting can be told from what nobody wants.
"""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from percepnet.sources.cache import atomic_file
from percepnet.sources.process import Process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

STATUS, SWEEPS = "status.json", "sweeps"
DONE, SKIPPED, FAILED, RUNNING = "done", "skipped", "failed", "running"
WAITING, LOST = "waiting", "lost"
"""Its turn has not come, as seen from outside; its process died, as seen from outside, or was told to end."""
INTERRUPTED = "interrupted"
"""The reason of a cell whose process was told to end: after a scheduler's requeue the same job goes on."""
ENDED = (DONE, SKIPPED, FAILED)
CRASHED = (FAILED, LOST)
FINISHED_BEFORE = "finished before"
"""The remark of a cell that an earlier command has done."""

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Status:
    """The state of one cell.

    Attributes:
        state: `running`, `done`, `skipped`, `failed`, or `lost` when it was interrupted.
        cell: The factors, for people.
        invocation: The command that ran the cell last.
        reason: Why it was skipped or failed, or a remark.
        images_passed: Forward passes that it cost.
        seconds: That it took.
        host: Where.
        pid: The process.
        updated: Seconds since 1970.
        place: Where `pid` has a meaning.
        born: When the process began, as its host counts.
        study: That it belongs to.
        run_id: Of the cell: the same for every command that runs it.
        stage: What a running cell does at present.
        images_done: Images that have passed in the present extraction.
        images_total: Images that it has to pass.
        speed: Images per second of the present extraction.
    """

    state: str
    cell: dict[str, str] = field(default_factory=dict)
    invocation: str = ""
    reason: str = ""
    images_passed: int = 0
    seconds: float = 0.0
    host: str = field(default_factory=platform.node)
    pid: int = field(default_factory=os.getpid)
    updated: float = field(default_factory=time.time)
    place: str = field(default_factory=lambda: Process.here().place)
    born: str = field(default_factory=lambda: Process.here().born)
    study: str = ""
    run_id: str = ""
    stage: str = ""
    images_done: int = 0
    images_total: int = 0
    speed: float = 0.0

    @property
    def owner(self) -> Process:
        """The process that runs it, or has run it."""
        return Process(self.host, self.place, self.pid, self.born)

    def now(self, state: str, **changes: Any) -> Status:  # noqa: ANN401 (the fields' own types)
        """Return the status with another state and the present time."""
        return replace(self, state=state, updated=time.time(), **changes)

    def write(self, folder: Path) -> None:
        """Write the status of the run in `folder`."""
        _write(asdict(self), folder / STATUS)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one command has set out to run.

    Attributes:
        invocation: The command.
        folders: Names of the run folders, in the order of their turn.
        study: That they belong to.
        host: Where the command was typed.
        pid: Its process.
        place: Where `pid` has a meaning.
        born: When that began, as its host counts.
        started: Seconds since 1970.
        ended: Whether it came to its end.
    """

    invocation: str
    folders: tuple[str, ...]
    study: str = ""
    host: str = field(default_factory=platform.node)
    pid: int = field(default_factory=os.getpid)
    place: str = field(default_factory=lambda: Process.here().place)
    born: str = field(default_factory=lambda: Process.here().born)
    started: float = field(default_factory=time.time)
    ended: bool = False

    @property
    def is_over(self) -> bool:
        """Tell whether the command will start no cell any more: it has ended, or is known to be dead."""
        return self.ended or Process(self.host, self.place, self.pid, self.born).is_gone()


def plan(results: Path, invocation: str, folders: Sequence[str], study: str = "") -> None:
    """Write down which run folders a command will run, so that `percepnet status` knows what is waiting."""
    _write(asdict(Plan(invocation, tuple(dict.fromkeys(folders)), study)), _plan_file(results, invocation))


def end_plan(results: Path, invocation: str) -> None:
    """Write down that a command came to its end, if it had a plan."""
    known = read_plan(results, invocation)
    if known is not None and not known.ended:
        _write(asdict(replace(known, ended=True)), _plan_file(results, invocation))


def read_plan(results: Path, invocation: str) -> Plan | None:
    """Return what a command has set out to run; None if it had no plan."""
    return _read(Plan, _plan_file(results, invocation))


def read_plans(results: Path) -> list[Plan]:
    """Return what every command has set out to run, the latest last."""
    found = [_read(Plan, path) for path in (results / SWEEPS).glob("*.json")]
    return sorted((one for one in found if one is not None), key=lambda one: (one.started, one.invocation))


def read_status(folder: Path) -> Status | None:
    """Return the status of a run; None where there is none that can be read."""
    return _read(Status, folder / STATUS)


def read_statuses(results: Path, invocation: str | None = None) -> list[tuple[Path, Status]]:
    """Return (run folder, status) of every run, or of those that one command has touched."""
    found = []
    for path in sorted((results / "runs").glob(f"*/{STATUS}")):
        status = read_status(path.parent)
        if status is not None and invocation in (None, status.invocation):
            found.append((path.parent, status))
    return found


def _plan_file(results: Path, invocation: str) -> Path:
    return results / SWEEPS / f"{invocation}.json"


def _read(kind: type[_Kind], path: Path) -> _Kind | None:
    """Return what a file holds; keys of other versions are left out, a damaged file is as good as none."""
    known = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    try:
        loaded: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kind(**{key: value for key, value in loaded.items() if key in known})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def _write(content: Mapping[str, Any], path: Path) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
