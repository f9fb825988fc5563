"""The memory that glibc gives out: kept for the next response, not asked for anew.

A response takes tens of megabytes. As it comes, glibc gives each back to the kernel, which fills the next one
with zeros, page by page: an eighth of VGG-16's forward pass. Other C libraries are left as they are.
"""

from __future__ import annotations

import ctypes
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TRIM_THRESHOLD, MMAP_THRESHOLD, MMAP_MAX, ARENA_MAX = -1, -3, -4, -8
"""Options of mallopt, as glibc's malloc.h counts them."""
LARGEST = 32 << 20
"""Bytes from which on a block is the kernel's own: the most that may be, which glibc comes to by itself."""
BLOCKS = 1 << 16
"""Such blocks that there may be, as it comes."""
NEVER = 2**31 - 1


def _call(name: str, *arguments: int) -> None:
    """Call a function of the C library; nothing happens where it has none of this name."""
    with suppress(AttributeError, OSError, TypeError):
        getattr(ctypes.CDLL(None), name)(*arguments)


def share() -> None:
    """Let all threads that begin from now on use one heap: the only one that can hold large blocks."""
    _call("mallopt", ARENA_MAX, 1)


def trim() -> None:
    """Give back to the kernel what is free: it counts as available memory then."""
    _call("malloc_trim", 0)


@contextmanager
def kept() -> Iterator[None]:
    """Keep what is freed for what is needed next; afterwards give all that is free back to the kernel."""
    _call("mallopt", MMAP_MAX, 0)
    _call("mallopt", TRIM_THRESHOLD, NEVER)
    try:
        yield
    finally:
        _call("mallopt", MMAP_MAX, BLOCKS)
        _call("mallopt", MMAP_THRESHOLD, LARGEST)
        _call("mallopt", TRIM_THRESHOLD, 2 * LARGEST)
        trim()
