"""ModelFest's published files: 16 observers' thresholds, and the two stimuli that are pictures."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from percepnet.benchmarks.files import entries, require, user_folder
from percepnet.benchmarks.psychophysics.modelfest_catalogue import NOISE, SCENE, STIMULI
from percepnet.errors import InputError
from percepnet.sources.fetch import PypiSource, obtain_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from percepnet.agreement.contract import FloatArray

SIZE = 256
"""Height and width of every stimulus in pixels."""

_THRESHOLDS = "modelfest_data.csv"
_PICTURES = {NOISE: "modelfest_noise.tif", SCENE: "modelfest_natural_scene.tif"}
_REPEATS = 4
_GREY = 128.0  # the 8-bit value of the mean luminance in both pictures; 255 is modulation 1
_PACKAGE = ("stimupy", "1.2.0", "9a5142bf65457a405a982f4ff7b6dfa3c5bf6f36eb315faa85e354ceb14b19b3")
_HASHES = {
    _THRESHOLDS: "c70ae939cf7213cb408b6aea1fcd69214540e81c89635fc2526a44e8774888c5",
    _PICTURES[NOISE]: "c97edb42b59508decdb454a26a1731500113079c57047b6fbf917c325e66ce11",
    _PICTURES[SCENE]: "f699196a8b410a2129743ada257ac28ba511af7ee3800b9a0a7a8b2d3d43611f",
}
_REMEDY = "remove it so that it is fetched again, or put the original there"


@dataclass(frozen=True)
class Published:
    """What was measured and shown.

    Attributes:
        human: log10 contrast thresholds, `[16 observers, 43 stimuli]`.
        pictures: Modulations `[256, 256]` in [-1, 1] of stimuli 35 and 43, by number.
    """

    human: FloatArray
    pictures: Mapping[int, FloatArray]


def published(root: str | None, cache: Path, mirrors: Sequence[Path], *, network: bool) -> Published:
    """Return ModelFest's data from the folder `root`, else from a package archive that is only read.

    Raises:
        InputError: `root` lacks a file, or a file is not what it has to be.
        UnreachableError: The package can be had from nowhere.
    """
    files = _supplied(root) if root is not None else _fetched(cache, mirrors, network=network)
    pictures = {number: read_picture(files[name]) for number, name in _PICTURES.items()}
    return Published(read_thresholds(files[_THRESHOLDS]), pictures)


def read_thresholds(path: Path) -> FloatArray:
    """Return log10 contrast thresholds `[observers, 43]`: minus the mean of four -log10 contrasts.

    Stimulus k has columns 4 (k - 1) + 1 .. 4 k after the observer's name; no header.

    Raises:
        InputError: Rows are missing, short or undefined.
    """
    expected = f"rows of an observer and {STIMULI} x {_REPEATS} numbers"
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            measured = np.array([row[1:] for row in csv.reader(stream) if row], dtype=np.float64)
        per_stimulus = measured.reshape(len(measured), STIMULI, _REPEATS)
    except (OSError, ValueError) as error:
        raise _refusal(path, expected, str(error)) from error
    if len(measured) < 2 or not np.isfinite(measured).all():
        undefined = int(np.sum(~np.isfinite(measured)))
        raise _refusal(path, expected, f"{len(measured)} observers, {undefined} undefined numbers")
    means: FloatArray = per_stimulus.mean(axis=2)
    return -means


def read_picture(path: Path) -> FloatArray:
    """Return the modulation `[256, 256]` of an 8-bit grey picture around its mean luminance, in [-1, 1].

    Raises:
        InputError: The file is no such picture.
    """
    expected = f"an 8-bit grey picture of {SIZE} x {SIZE} pixels"
    try:
        with Pillow.open(path) as picture:
            mode, pixels = picture.mode, np.asarray(picture, dtype=np.float64)
    except (OSError, SyntaxError, ValueError) as error:
        raise _refusal(path, expected, str(error)) from error
    if mode != "L" or pixels.shape != (SIZE, SIZE) or pixels.min() < 1.0:
        raise _refusal(
            path, f"{expected}, values 1 to 255", f"mode {mode}, {pixels.shape}, from {pixels.min()}"
        )
    return (pixels - _GREY) / (255.0 - _GREY)


def _supplied(root: str) -> dict[str, Path]:
    names = list(_HASHES)
    folder = user_folder(root, "modelfest", " and ".join(names))
    remedy = "copy them from the package stimupy 1.2.0, or leave benchmark.modelfest.root empty to fetch them"
    return dict(zip(names, require(entries(folder), names, folder, remedy), strict=True))


def _fetched(cache: Path, mirrors: Sequence[Path], *, network: bool) -> dict[str, Path]:
    sources = {
        name: PypiSource(*_PACKAGE, f"stimupy/papers/{name}", digest) for name, digest in _HASHES.items()
    }
    return obtain_all("modelfest", sources, cache / "benchmarks", mirrors, network=network)


def _refusal(path: Path, expected: str, found: str) -> InputError:
    return InputError(
        f"ModelFest's {path.name} cannot be used.",
        expected=expected,
        found=f"{found}: {path}",
        remedy=_REMEDY,
    )
