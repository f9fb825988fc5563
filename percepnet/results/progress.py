"""Where a sweep stands: what waits, runs, is done, was skipped, has failed or is lost."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from percepnet.errors import NothingThereError
from percepnet.results.pulse import STALE_S
from percepnet.results.status import (
    DONE,
    FAILED,
    INTERRUPTED,
    LOST,
    RUNNING,
    SKIPPED,
    STATUS,
    SWEEPS,
    WAITING,
    Status,
    read_plans,
    read_statuses,
)
from percepnet.sources.cache import scratch_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from percepnet.results.status import Plan

STATES = (WAITING, RUNNING, DONE, SKIPPED, FAILED, LOST)
"""In the order in which they are told."""

NEVER_BEGUN = "its command has ended or died before its turn came"


@dataclass(frozen=True, slots=True)
class Seen:
    """A cell as it can be seen from outside.

    Attributes:
        folder: Of the run.
        status: Its state may be `waiting` or `lost` too.
        silent: Seconds since it last gave a sign of life; 0 unless it is running.
    """

    folder: Path
    status: Status
    silent: float = 0.0

    def told(self) -> dict[str, Any]:
        """Return everything, flat, for programs."""
        log = self.folder / "job.log"
        place = {"folder": str(self.folder), "log": str(log) if log.exists() else ""}
        return asdict(self.status) | place | {"silent": round(self.silent, 1)}


def look(results: Path, study: str | None = None) -> list[Seen]:
    """Return every cell that a results folder knows of: run, running or planned; by state, then by name.

    Raises:
        NothingThereError: It knows of none.
    """
    plans = [one for one in read_plans(results) if study in (None, one.study)]
    statuses = {path.name: (path, status) for path, status in read_statuses(results)}
    now = _file_system_time(results, any(status.state == RUNNING for _, status in statuses.values()))
    found = {
        name: _seen(path, status, now)
        for name, (path, status) in statuses.items()
        if study in (None, status.study)
    }
    for one in plans:
        found |= {seen.folder.name: seen for seen in _planned(results, one, found)}
    if not found:
        raise NothingThereError(
            f"no cell in {results}",
            expected="a sweep that has begun" + (f", of study {study}" if study else ""),
            remedy="run `python -m percepnet.sweep` first, or name the folder: --results DIR",
        )
    return sorted(found.values(), key=lambda one: (STATES.index(one.status.state), one.folder.name))


def _planned(results: Path, one: Plan, found: dict[str, Seen]) -> Iterable[Seen]:
    """Yield the cells of a plan whose turn has not come; those done or at work stay what they are."""
    over = one.is_over
    for name in one.folders:
        status = found[name].status if name in found else None
        if status is None:
            blank = Status(WAITING, invocation=one.invocation, host="", pid=0, updated=one.started)
            reason = NEVER_BEGUN if over else ""
            state = LOST if over else WAITING
            yield Seen(results / "runs" / name, replace(blank, state=state, study=one.study, reason=reason))
        elif not over and _will_come(status, one):
            yield Seen(found[name].folder, replace(status, state=WAITING))


def _will_come(status: Status, one: Plan) -> bool:
    """Tell whether a live command has yet to deal with a cell, perhaps again: one that was interrupted."""
    if status.invocation == one.invocation:
        return status.state == LOST and status.reason == INTERRUPTED
    return status.state not in (DONE, RUNNING)


def as_seen(status: Status | None, folder: Path) -> Status | None:
    """Return a run's status as it can be seen from outside: one that says running may be lost."""
    if status is None or status.state != RUNNING:
        return status
    return _seen(folder, status, _file_system_time(folder, needed=True)).status


def _seen(folder: Path, status: Status, now: float) -> Seen:
    if status.state != RUNNING:
        return Seen(folder, status)
    try:
        silent = max(now - (folder / STATUS).stat().st_mtime, 0.0)
    except OSError:
        silent = 0.0  # replaced or removed at this moment
    if status.owner.is_gone():
        reason = f"its process {status.pid} on {status.host} has died"
    elif silent > STALE_S:
        reason = f"no sign of life from {status.host} for {silent:.0f} s"
    else:
        return Seen(folder, replace(status, seconds=status.seconds + silent), silent)
    return Seen(folder, replace(status, state=LOST, reason=reason), silent)


def _file_system_time(folder: Path, needed: bool) -> float:
    """Return the time by the clock that dates the status files: that of the file server, if there is one."""
    try:
        if needed and os.access(folder, os.W_OK):
            with scratch_file(folder / SWEEPS) as probe:
                return probe.stat().st_mtime
    except Exception:  # noqa: BLE001 (a full or read-only disk: looking must not need to write)
        return time.time()
    return time.time()


def counts(seen: Sequence[Seen]) -> dict[str, int]:
    """Return how many cells are in each state."""
    found = Counter(one.status.state for one in seen)
    return {state: found[state] for state in STATES}


def is_over(seen: Sequence[Seen]) -> bool:
    """Tell whether nothing runs and nothing waits."""
    return not any(one.status.state in (WAITING, RUNNING) for one in seen)
