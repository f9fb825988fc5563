"""How much memory this process may still take, on its device, within the limits that its job has."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

_GROUPS = Path("/sys/fs/cgroup")
_V2 = ("memory.max", "memory.current")
_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes")


def available(device: torch.device) -> int | None:
    """Return the bytes that are free on a device, None where nobody can tell.

    On a CPU: what the host has, or the job's control group (SLURM, a container) leaves, whichever is less.
    """
    if device.type == "cuda":
        import torch

        return torch.cuda.mem_get_info(device)[0]
    if device.type != "cpu":
        return None
    return min((*_host(), *_groups(Path("/proc/self/cgroup"), _GROUPS)), default=None)


def _host() -> Iterator[int]:
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                yield 1024 * int(line.split()[1])


def _groups(membership: Path, root: Path) -> Iterator[int]:
    """Yield what each control group above this process leaves; `membership` lists them."""
    with suppress(OSError):
        for line in membership.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                yield from _chain(root, path, _V2)
            elif "memory" in controllers.split(","):
                yield from _chain(root / "memory", path, _V1)


def _chain(root: Path, path: str, names: tuple[str, str]) -> Iterator[int]:
    lowest = root / path.lstrip("/")
    for group in (lowest, *lowest.parents):
        with suppress(OSError, ValueError):  # "max", or a group that cannot be seen from in here
            limit, used = (int((group / name).read_text(encoding="ascii")) for name in names)
            yield max(limit - used + _given_back(group), 0)
        if group == root:
            return


def _given_back(group: Path) -> int:
    """Return the bytes of the page cache that the kernel gives back when they are needed."""
    with suppress(OSError, ValueError):
        for line in (group / "memory.stat").read_text(encoding="ascii").splitlines():
            name, value = line.split()
            if name in ("inactive_file", "total_inactive_file"):
                return int(value)
    return 0
