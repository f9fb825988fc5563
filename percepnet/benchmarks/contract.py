"""The contract between human data and everything else: image pairs in, agreement out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from percepnet.agreement.contract import Bootstrap, FloatArray, Score

Image = NDArray[np.uint8] | NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images that people have judged.

    Attributes:
        reference: Key of the undistorted image.
        distorted: Key of the image it is compared with.
        cluster: What the bootstrap resamples: the reference image, the stimulus.
        score: The human judgement, in the benchmark's own unit and polarity.
        spread: Standard deviation of `score`, None where unknown.
        kind: What breakdowns go by: the type of distortion, the direction in colour space; "" for none.
        level: How strong it is within its kind; "" for none.
    """

    reference: str
    distorted: str
    cluster: str
    score: float
    spread: float | None = None
    kind: str = ""
    level: str = ""


class ImageSource(Protocol):
    """Where the images of a benchmark come from."""

    def image(self, key: str) -> Image:
        """Return `[H, W, 3]`, uint8 RGB as written on disk, or float32 RGB in [0, 1]."""

    def digest(self, key: str) -> str:
        """Return a sha256 that changes whenever the image may."""


class Benchmark(Protocol):
    """Human judgements of image pairs."""

    @property
    def name(self) -> str:
        """The name in results, which is that of its config option."""

    @property
    def pairs(self) -> Sequence[Pair]:
        """Every pair, references together (all pairs of one reference are neighbours)."""

    def image(self, key: str) -> Image:
        """Return `[H, W, 3]`, uint8 RGB as written on disk, or float32 RGB in [0, 1]."""

    def fingerprint(self) -> str:
        """Return the sha256 of all that determines images, pairs and scores (the manifest hash)."""

    def agreement(self, distances: FloatArray, bootstrap: Bootstrap) -> list[Score]:
        """Score distances `[R, P]`, one row per tap, one column per pair in the order of `pairs`."""

    def part(self, clusters: Collection[str]) -> Benchmark:
        """Return the judgements of these clusters alone."""


class BenchmarkConfig(Protocol):
    """A benchmark that is described but not yet read: a frozen dataclass whose fields are its config."""

    @property
    def name(self) -> str:
        """The name in results."""

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> Benchmark:
        """Return the benchmark, with all checked that can be checked without decoding every image.

        Args:
            cache: Folder where downloads are kept.
            mirrors: Folders that are asked before the network.
            network: Whether anything may be downloaded.

        Raises:
            NothingThereError: Files that only the user can supply were not named.
            InputError: Files are missing, damaged or of another release.
            UnreachableError: A download could be had from none of its sources.
        """
