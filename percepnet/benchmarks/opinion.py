"""Opinion scores: image pairs with a mean opinion score each, whatever their images come from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from percepnet.agreement import opinion
from percepnet.benchmarks.decode import read_rgb8
from percepnet.errors import InputError, nearest
from percepnet.sources.cache import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from percepnet.agreement.contract import Bootstrap, FloatArray, Score
    from percepnet.benchmarks.contract import Image, Pair


class ImageSource(Protocol):
    """Where the images of a benchmark come from."""

    def image(self, key: str) -> Image:
        """Return the image `[H, W, 3]` of a key."""

    def digest(self, key: str) -> str:
        """Return a sha256 that changes whenever the image may."""


@dataclass(frozen=True)
class ImageFiles:
    """Images that lie in files.

    Attributes:
        paths: File of each key.
        size: Height and width that every image must have, None for any.
    """

    paths: Mapping[str, Path]
    size: tuple[int, int] | None = None

    def image(self, key: str) -> Image:
        """Return uint8 RGB `[H, W, 3]`, exactly as written on disk."""
        if key not in self.paths:
            raise InputError(f"There is no image {key}.", found=key, remedy=nearest(key, self.paths))
        return read_rgb8(self.paths[key], self.size)

    def digest(self, key: str) -> str:
        """Return the sha256 of the file's bytes."""
        return sha256(self.paths[key])


@dataclass(frozen=True)
class OpinionScores:
    """A benchmark of mean opinion scores.

    Attributes:
        name: The name in results.
        pairs: Every pair, references together.
        images: Where the images come from.
        higher_is_better: Whether a higher score means a better image (MOS) or a worse one (DMOS).
    """

    name: str
    pairs: Sequence[Pair]
    images: ImageSource
    higher_is_better: bool

    def image(self, key: str) -> Image:
        """Return uint8 RGB `[H, W, 3]`."""
        return self.images.image(key)

    def fingerprint(self) -> str:
        """Return the sha256 over every pair's keys, cluster, score and spread and every image's digest."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        # once: for a database in files it reads every byte of every image
        digest = hashlib.sha256(f"opinion {self.higher_is_better}\n".encode())
        for pair in self.pairs:
            digest.update(f"{_line(pair)}\n".encode())
        for key in unique_keys(self.pairs):
            digest.update(f"{key} {self.images.digest(key)}\n".encode())
        return digest.hexdigest()

    def agreement(self, distances: FloatArray, bootstrap: Bootstrap) -> list[Score]:
        """Score distances `[R, P]` against the opinion scores; clusters are references."""
        known = [pair.spread for pair in self.pairs if pair.spread is not None]
        return opinion.rate(
            distances,
            np.array([pair.score for pair in self.pairs]),
            [pair.cluster for pair in self.pairs],
            np.array(known) if len(known) == len(self.pairs) else None,
            bootstrap,
            higher_is_better=self.higher_is_better,
        )


def unique_keys(pairs: Sequence[Pair]) -> list[str]:
    """Return every image key once, in the order in which the pairs need it."""
    return list(dict.fromkeys(key for pair in pairs for key in (pair.reference, pair.distorted)))


def _line(pair: Pair) -> str:
    spread = "-" if pair.spread is None else pair.spread.hex()
    return f"{pair.reference} {pair.distorted} {pair.cluster} {pair.score.hex()} {spread}"
