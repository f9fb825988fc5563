"""Every image of a benchmark looked at once: what each is, what is wrong, and how far the pairs are apart."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from percepnet.benchmarks.files import ImageFiles
from percepnet.errors import PercepnetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from percepnet.benchmarks.contract import Benchmark, Image, Pair


class Facts(NamedTuple):
    """What an image is: its height and width in pixels, the type of its values, the sha256 of its pixels."""

    height: int
    width: int
    dtype: str
    digest: str

    @property
    def scale(self) -> float:
        """The value of white."""
        return 255.0 if self.dtype == "uint8" else 1.0


@dataclass
class Inspection:
    """What looking at every image has brought.

    Attributes:
        images: Of each image that could be decoded, by key.
        problems: What is wrong with images and pairs, each in words.
        rmse: Of each pair in order, in shares of white; NaN where an image is broken.
    """

    images: dict[str, Facts] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    rmse: list[float] = field(default_factory=list)


def inspect(benchmark: Benchmark, tick: Callable[[], object]) -> Inspection:
    """Decode every image, one reference in memory at a time; `tick` is called after each pair.

    An image that several references share is decoded for each of them.
    """
    found = Inspection()
    latest: tuple[str, Image | None] = "", None
    for pair in benchmark.pairs:
        if pair.reference != latest[0]:
            latest = pair.reference, _look(benchmark, pair.reference, found)
        found.rmse.append(_apart(pair, latest[1], _look(benchmark, pair.distorted, found), found))
        tick()
    return found


def identical(benchmark: Benchmark, images: dict[str, Facts]) -> list[Pair]:
    """Return the pairs whose two images are the same, pixel by pixel."""
    known = [pair for pair in benchmark.pairs if {pair.reference, pair.distorted} <= images.keys()]
    return [pair for pair in known if images[pair.reference] == images[pair.distorted]]


def duplicates(benchmark: Benchmark, images: dict[str, Facts]) -> list[list[str]]:
    """Return the keys that have the same pixels, group by group; a pair of identical images is none."""
    same_as_reference = {pair.distorted for pair in identical(benchmark, images)}
    groups: dict[Facts, list[str]] = defaultdict(list)
    for key, facts in images.items():
        if key not in same_as_reference:
            groups[facts].append(key)
    return [keys for keys in groups.values() if len(keys) > 1]


def byte_identical(benchmark: Benchmark, groups: list[list[str]]) -> list[list[str]]:
    """Return the groups whose files are the same byte by byte; none where images lie in no files."""
    images = getattr(benchmark, "images", None)
    if not isinstance(images, ImageFiles):
        return []
    return [keys for keys in groups if len({images.digest(key) for key in keys}) == 1]


def breach(image: Image) -> str:
    """Return what an image lacks to be uint8 or float32 in [0, 1], `[H, W, 3]`; "" if it lacks nothing."""
    if image.ndim != 3 or image.shape[2] != 3 or not image.size:
        return f"its shape is {[*image.shape]}, not [H, W, 3]"
    if image.dtype not in (np.uint8, np.float32):
        return f"its values are {image.dtype}, neither uint8 nor float32"
    if not np.isfinite(image).all():
        return "it has values that are no numbers"
    low, high = float(image.min()), float(image.max())
    if image.dtype == np.float32 and (low < 0.0 or high > 1.0):
        return f"its values go from {low:g} to {high:g}, beyond [0, 1]"
    return ""


def _look(benchmark: Benchmark, key: str, found: Inspection) -> Image | None:
    """Return an image and write down what it is; None if it is broken."""
    if key in found.problems:
        return None
    try:
        image = benchmark.image(key)
    except (PercepnetError, OSError) as error:
        found.problems[key] = str(error)
        return None
    if problem := breach(image):
        found.problems[key] = f"The image {key} is against the contract: {problem}"
        return None
    if key not in found.images:
        digest = hashlib.sha256(image.tobytes()).hexdigest()
        found.images[key] = Facts(image.shape[0], image.shape[1], str(image.dtype), digest)
    return image


def _apart(pair: Pair, reference: Image | None, distorted: Image | None, found: Inspection) -> float:
    if reference is None or distorted is None:
        return float("nan")
    if reference.shape != distorted.shape:
        sizes = " and ".join(f"{image.shape[1]} x {image.shape[0]}" for image in (reference, distorted))
        name = f"{pair.reference} - {pair.distorted}"
        found.problems[name] = f"The images of the pair {name} differ in size: {sizes}"
        return float("nan")
    difference = reference.astype(np.float64) - distorted
    return float(np.sqrt(np.mean(difference**2))) / found.images[pair.reference].scale
