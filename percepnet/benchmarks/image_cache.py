"""Decode once: the pixels of a benchmark's images on disk, for all networks and workers of a machine."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from percepnet.benchmarks.manifest import unique_keys
from percepnet.benchmarks.pixel_file import DamagedError, PixelFile, write_pixels
from percepnet.errors import InputError
from percepnet.sources.cache import atomic_file, lock, remove_leftovers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from percepnet.agreement.contract import Bootstrap, FloatArray, Score
    from percepnet.benchmarks.contract import Benchmark, Image, Pair

_log = logging.getLogger(__name__)
_SPARE = 500_000_000
"""Bytes that are left free on the disk, for the results of what the images are decoded for."""
_LOOK_EVERY = 64


@dataclass(frozen=True)
class Decoded:
    """A benchmark whose images are decoded once per machine; everything else is the benchmark's own.

    The first image that anybody asks for opens the file of pixels, or makes it. Images that are drawn
    (float32) pass through untouched: there is nothing to decode.

    Attributes:
        benchmark: The benchmark.
        folder: Where the files of pixels of all benchmarks lie, each in a folder named by its fingerprint.
    """

    benchmark: Benchmark
    folder: Path

    @property
    def name(self) -> str:
        """The name in results."""
        return self.benchmark.name

    @property
    def pairs(self) -> Sequence[Pair]:
        """Every pair, references together."""
        return self.benchmark.pairs

    def image(self, key: str) -> Image:
        """Return uint8 RGB `[H, W, 3]` from the file of pixels, or what the benchmark draws.

        Raises:
            InputError: An image cannot be decoded, or the disk has no room for the pixels of all.
        """
        return self.benchmark.image(key) if self._pixels is None else self._pixels.image(key)

    def fingerprint(self) -> str:
        """Return the benchmark's own: where pixels come from changes none of them."""
        return self.benchmark.fingerprint()

    def part(self, clusters: Collection[str]) -> Benchmark:
        """Return the judgements of these clusters alone, decoded as they come."""
        return self.benchmark.part(clusters)

    def agreement(self, distances: FloatArray, bootstrap: Bootstrap) -> list[Score]:
        """Score distances `[R, P]`."""
        return self.benchmark.agreement(distances, bootstrap)

    @cached_property
    def _pixels(self) -> PixelFile | None:
        return pixels_of(self.benchmark, self.folder)

    def __getstate__(self) -> dict[str, Any]:
        # a worker opens the map itself: pickled, the map would be all of its bytes
        return {"benchmark": self.benchmark, "folder": self.folder}


def pixels_of(benchmark: Benchmark, folder: Path) -> PixelFile | None:
    """Return the file with the pixels of all images, made if need be; None where images are drawn.

    Processes that want the same file make it once. A process that dies while it makes one leaves none.

    Raises:
        InputError: An image cannot be decoded, or the disk has no room for the pixels of all.
    """
    identity = benchmark.fingerprint()
    path = folder / identity[:32] / "pixels"
    found = _opened(path, identity)
    if found is None and benchmark.image(benchmark.pairs[0].reference).dtype == np.uint8:
        with lock(path.with_name(".lock")):
            found = _opened(path, identity) or _made(benchmark, path, identity)
    return found


def _opened(path: Path, identity: str) -> PixelFile | None:
    try:
        return PixelFile.opened(path, identity)
    except FileNotFoundError:
        return None
    except DamagedError as error:
        _log.warning("%s is damaged (%s) and is made anew", path, error)
        return None


def _made(benchmark: Benchmark, path: Path, identity: str) -> PixelFile:
    """Return the file, written by whoever holds the folder's lock."""
    remove_leftovers(path.parent)
    _log.info("decoding the images of %s once, into %s", benchmark.name, path)
    with atomic_file(path) as temporary:
        write_pixels(temporary, identity, _all_images(benchmark, path.parent))
    return PixelFile.opened(path, identity)


def _all_images(benchmark: Benchmark, folder: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield every image once, in the order of the pairs, as long as the disk has room for the rest."""
    keys = unique_keys(benchmark.pairs)
    size = 0
    for done, key in enumerate(keys, start=1):
        pixels = benchmark.image(key)
        if pixels.dtype != np.uint8:
            raise InputError(
                f"The images of {benchmark.name} cannot be kept as pixels.",
                expected="8 bits per channel in every image",
                found=f"{pixels.dtype} in {key}",
                remedy="switch the image cache off: compute.image_cache=false",
            )
        size += pixels.nbytes
        if done == 1 or done % _LOOK_EVERY == 0:
            _require_room(benchmark.name, folder, size / done * len(keys), written=size - pixels.nbytes)
        yield key, pixels.astype(np.uint8, copy=False)


def _require_room(name: str, folder: Path, needed: float, written: int) -> None:
    """Raise InputError if the disk cannot take `needed` bytes, of which some are written, and spare some."""
    free = shutil.disk_usage(folder).free + written
    if needed + _SPARE > free:
        raise InputError(
            f"The disk has no room for the decoded images of {name}.",
            expected=f"{(needed + _SPARE) / 1e9:.2f} GB: {needed / 1e9:.2f} of pixels, the rest to spare",
            found=f"{free / 1e9:.2f} GB free at {folder}",
            remedy="switch the image cache off (compute.image_cache=false), or use a larger disk"
            " (sources.cache=DIR)",
        )
