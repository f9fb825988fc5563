"""The manifest of a benchmark: every pair and what is judged of it, and one hash over all that counts."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.benchmarks.contract import Image, ImageSource, Pair


class _Parts(Protocol):
    """What a benchmark has to have so that `Manifested` can do the rest."""

    @property
    def pairs(self) -> Sequence[Pair]:
        """Every pair."""

    @property
    def images(self) -> ImageSource:
        """Where the images come from."""

    @property
    def header(self) -> str:
        """What else determines the scores."""

    @property
    def _fingerprint(self) -> str:
        """The manifest hash."""


class Manifested:
    """The images and the manifest hash of every benchmark whose images come from an `ImageSource`."""

    def image(self: _Parts, key: str) -> Image:
        """Return `[H, W, 3]`, uint8 RGB as written on disk, or float32 RGB in [0, 1] as drawn."""
        return self.images.image(key)

    def fingerprint(self: _Parts) -> str:
        """Return the sha256 over all that determines the scores: header, pairs and every image's digest."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self: _Parts) -> str:
        # once: for a database in files it reads every byte of every image
        return fingerprint(self.header, self.pairs, self.images)


def fingerprint(header: str, pairs: Sequence[Pair], images: ImageSource) -> str:
    """Return the sha256 over `header`, every field of every pair and every image's digest.

    Args:
        header: What else determines the scores: the kind of judgement, its polarity, ladders.
        pairs: In order.
        images: Where the images come from; each is asked for its digest once.
    """
    digest = hashlib.sha256(f"{header}\n".encode())
    for pair in pairs:
        digest.update(f"{line(pair)}\n".encode())
    for key in unique_keys(pairs):
        digest.update(f"{key} {images.digest(key)}\n".encode())
    return digest.hexdigest()


def distinct(pairs: Sequence[Pair]) -> tuple[list[Pair], list[int]]:
    """Return each two images once, in order, and where every pair is among them: some are judged twice."""
    first: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        first.setdefault((pair.reference, pair.distorted), pair)
    places = {images: place for place, images in enumerate(first)}
    return list(first.values()), [places[pair.reference, pair.distorted] for pair in pairs]


def unique_keys(pairs: Sequence[Pair]) -> list[str]:
    """Return every image key once, in the order in which the pairs need it."""
    return list(dict.fromkeys(key for pair in pairs for key in (pair.reference, pair.distorted)))


def line(pair: Pair) -> str:
    """Return all of a pair in one line, numbers to the last bit."""
    spread = "-" if pair.spread is None else pair.spread.hex()
    about = (pair.reference, pair.distorted, pair.cluster, pair.kind, pair.level)
    return "\t".join((*about, pair.score.hex(), spread))
