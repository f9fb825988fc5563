"""Rebuilt TID2013 images, made on demand, and the proof that they are the right ones."""

from __future__ import annotations

import csv
import functools
import hashlib
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from percepnet.benchmarks.decode import read_rgb8
from percepnet.benchmarks.files import some
from percepnet.benchmarks.opinion import tid_recipe
from percepnet.benchmarks.opinion.tid_scores import Place
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from percepnet.benchmarks.contract import Image
    from percepnet.benchmarks.opinion.tid_recipe import Pixels

TOLERANCE = 0.002
"""Largest accepted difference to the listed PSNR, in dB."""

_OWN_LIST = Path(__file__).with_name("tid2013_kodak_psnr.csv")
_SIZES = ((512, 768), (768, 512))


@dataclass(frozen=True)
class RebuiltImages:
    """The images of the reconstruction: the last reference is kept, all else is made when asked for.

    Attributes:
        photographs: The 24 Kodak files, in order.
        digests: sha256 of the pixels of every image that exists, by key.
    """

    photographs: Sequence[Path]
    digests: Mapping[str, str]
    _latest: dict[str, Pixels] = field(default_factory=dict, repr=False, compare=False)

    def image(self, key: str) -> Image:
        """Return uint8 RGB `[384, 512, 3]` of `i01` or `i01_10_5`."""
        if key not in self.digests:
            raise InputError(f"There is no image {key}.", found=key, remedy=nearest(key, self.digests))
        name, *distortion = key.split("_")
        reference = self._reference(name)
        return tid_recipe.distort(reference, *map(int, distortion)) if distortion else reference.copy()

    def digest(self, key: str) -> str:
        """Return the sha256 of the pixels."""
        return self.digests[key]

    def _reference(self, name: str) -> Pixels:
        kept = self._latest.get(name)
        if kept is None:
            number = int(name[1:])
            kept = read_reference(self.photographs[number - 1], number)
            self._latest.clear()
            self._latest[name] = kept
        return kept


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file as it was when looked at, so that a changed file is not taken for a known one."""

    path: Path
    size: int
    modified: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """Return the stamp of `path` now."""
        status = path.stat()
        return cls(path.resolve(), status.st_size, status.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Proof:
    """What checking every rebuilt image brought: the pixels' sha256 by key, the worst deviation in dB."""

    digests: Mapping[str, str]
    worst_psnr_deviation: float


@functools.lru_cache(maxsize=1)  # seconds of work, and every cell of a sweep loads the benchmark anew
def verify(photographs: tuple[Stamp, ...], listed: tuple[float, ...]) -> Proof:
    """Return the proof that every rebuilt pair has its listed PSNR.

    Args:
        photographs: The 24 Kodak files.
        listed: PSNR in dB of the 480 pairs, in the order of reference, type and level.

    Raises:
        InputError: Pairs are off by more than 0.002 dB; the first five are named.
    """
    digests: dict[str, str] = {}
    deviations: dict[str, float] = {}
    expected = iter(listed)
    for number, stamp in enumerate(photographs, start=1):
        reference = read_reference(stamp.path, number)
        digests[f"i{number:02d}"] = _pixel_digest(reference)
        for place, distorted in _distorted(reference, number):
            digests[place.key] = _pixel_digest(distorted)
            deviations[place.key] = abs(tid_recipe.psnr(reference, distorted) - next(expected))
    _refuse_deviating(deviations)
    return Proof(digests, max(deviations.values()))


def read_reference(photograph: Path, number: int) -> Pixels:
    """Return reference `[384, 512, 3]` number 1..24, cut from its Kodak photograph.

    Raises:
        InputError: The file is not an 8-bit RGB image of the Kodak set's size.
    """
    pixels = read_rgb8(photograph)
    reference = tid_recipe.crop(pixels, number)
    if pixels.shape[:2] not in _SIZES or reference.shape[:2] != (tid_recipe.HEIGHT, tid_recipe.WIDTH):
        raise InputError(
            f"{photograph.name} is not the Kodak photograph of that number.",
            expected="768 x 512 or 512 x 768 pixels, turned as the Kodak set has it",
            found=f"{pixels.shape[1]} x {pixels.shape[0]}: {photograph}",
            remedy="supply the Kodak set as published, neither scaled nor turned",
        )
    return reference


def published_psnr(path: Path | None, places: Sequence[Place]) -> dict[Place, float]:
    """Return the PSNR in dB that each of `places` must have.

    Args:
        path: The published list (`psnr.csv`: columns `dis`, `pred`); None for percepnet's own list, which was
            computed once from the recipe after all 480 pairs had agreed with the published one.
        places: What the list must hold.

    Raises:
        InputError: The list is not readable or lacks a pair.
    """
    column = "psnr" if path is None else "pred"
    try:
        with (path or _OWN_LIST).open(newline="", encoding="utf-8") as stream:
            listed = {row["dis"].lower(): float(row[column]) for row in csv.DictReader(stream)}
        values = {place: listed[f"{place.key}.bmp"] for place in places}
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(
            "The list of PSNR values that proves the rebuilt images cannot be used.",
            expected=f"columns dis and {column} with {len(places)} rebuilt images among the rows",
            found=f"{path or _OWN_LIST}: {type(error).__name__} {error}",
            remedy="remove it to use the list that comes with percepnet, or put the original there",
        ) from error
    return values


def _distorted(reference: Pixels, number: int) -> Iterator[tuple[Place, Pixels]]:
    for kind in tid_recipe.TYPES:
        for level in tid_recipe.LEVELS:
            yield Place(number, kind, level), tid_recipe.distort(reference, kind, level)


def _refuse_deviating(deviations: Mapping[str, float]) -> None:
    wrong = {key: off for key, off in deviations.items() if not (math.isfinite(off) and off <= TOLERANCE)}
    if wrong:
        raise InputError(
            f"{len(wrong)} of {len(deviations)} rebuilt TID2013 images are not the original ones.",
            expected=f"the PSNR of the original pair within {TOLERANCE} dB",
            found=some(f"{key} off by {off:.4f} dB" for key, off in wrong.items()),
            remedy="check that the Kodak photographs are the published PNG files, unchanged",
        )


def _pixel_digest(pixels: Pixels) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()
