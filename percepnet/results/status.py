"""What became of each cell: one small file per run, readable while the sweep works."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from percepnet.sources.cache import atomic_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STATUS = "status.json"
DONE, SKIPPED, FAILED, RUNNING = "done", "skipped", "failed", "running"
FINISHED_BEFORE = "finished before"
"""The remark of a cell that an earlier command has done."""


@dataclass(frozen=True, slots=True)
class Status:
    """The state of one cell.

    Attributes:
        state: `running`, `done`, `skipped` or `failed`.
        cell: The factors, for people.
        invocation: The command that ran the cell last.
        reason: Why it was skipped or failed, or a remark.
        images_passed: Forward passes that it cost.
        seconds: That it took.
        host: Where.
        pid: The process.
        updated: Seconds since 1970.
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

    def now(self, state: str, **changes: Any) -> Status:  # noqa: ANN401 (the fields' own types)
        """Return the status with another state and the present time."""
        return replace(self, state=state, updated=time.time(), **changes)

    def write(self, folder: Path) -> None:
        """Write the status of the run in `folder`."""
        with atomic_file(folder / STATUS) as path:
            path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def read_statuses(results: Path, invocation: str | None = None) -> list[tuple[Path, Status]]:
    """Return (run folder, status) of every run, or of those that one command has touched."""
    found = []
    for path in sorted((results / "runs").glob(f"*/{STATUS}")):
        loaded: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        status = Status(**loaded)
        if invocation is None or status.invocation == invocation:
            found.append((path.parent, status))
    return found
