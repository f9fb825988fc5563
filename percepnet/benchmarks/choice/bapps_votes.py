"""BAPPS' votes, read strictly: one small NumPy file per judgement, holding a share of the votes."""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from percepnet.benchmarks.choice.files import inside
from percepnet.benchmarks.files import some
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_TOLERANCE = 1e-6  # 0.6 in 32 bits is off by 2e-8


def read_shares(  # noqa: PLR0913 - where the votes lie, and what they must be
    root: Path, folder: str, kind: str, images: Sequence[str], count: int, votes: int
) -> dict[str, float]:
    """Return the share of votes by the stem of its file, in lower case, sorted.

    Args:
        root: The database's folder.
        folder: Of one family, as seen from `root`.
        kind: Its subfolder with the votes, `judge` or `same`.
        images: Its subfolders with images.
        count: How many judgements the release has.
        votes: Voters per judgement; a share is a multiple of 1 / votes.

    Raises:
        InputError: Votes are missing, too many, unreadable, undefined, out of range or no share of `votes`.
    """
    known: dict[str, dict[str, Path]] = {}
    files = _stems(inside(root, f"{folder}/{kind}", known), ".npy")
    seen = set.intersection(
        *(set(_stems(inside(root, f"{folder}/{part}", known), ".png")) for part in images)
    )
    _check_number(files, sorted(seen - set(files)), root / folder / kind, count)
    return _checked({stem: _read(path) for stem, path in files.items()}, root / folder / kind, votes)


def _stems(found: dict[str, Path], suffix: str) -> dict[str, Path]:
    return {PurePath(name).stem: path for name, path in found.items() if name.endswith(suffix)}


def _check_number(files: dict[str, Path], unjudged: Sequence[str], folder: Path, count: int) -> None:
    expected = f"{count} judgements, one .npy file each"
    if not files:
        raise _refusal(folder, "There are no judgements.", expected, "no such folder, or none in it")
    if unjudged:
        raise _refusal(folder, "Judgements are missing.", expected, f"images without one: {some(unjudged)}")
    if len(files) != count:
        raise _refusal(folder, "The number of judgements is another.", expected, f"{len(files)}")


def _read(path: Path) -> float:
    try:
        with path.open("rb") as stream:
            value = np.lib.format.read_array(stream, allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise _refusal(
            path, "The vote cannot be read.", "one number in NumPy's format", f"{error}"
        ) from error
    if value.size != 1 or value.dtype.kind not in "fiub":
        found = f"{value.size} values of type {value.dtype}"
        raise _refusal(path, "The vote is no single number.", "one number", found)
    return float(value.reshape(()))


def _checked(shares: dict[str, float], folder: Path, votes: int) -> dict[str, float]:
    """Return shares as exact multiples of 1 / votes."""
    undefined = [stem for stem, share in shares.items() if not math.isfinite(share)]
    if undefined:
        raise _refusal(folder, "Votes are undefined.", "a number each", f"NaN or inf for {some(undefined)}")
    outside = _told(shares, (stem for stem, share in shares.items() if not 0.0 <= share <= 1.0))
    if outside:
        raise _refusal(folder, "Votes are out of range.", "shares from 0 to 1", outside)
    odd = _told(shares, (stem for stem, share in shares.items() if not _is_share(share, votes)))
    if odd:
        raise _refusal(folder, "Votes are of another number of voters.", f"shares of {votes} votes", odd)
    return {stem: round(share * votes) / votes for stem, share in sorted(shares.items())}


def _is_share(share: float, votes: int) -> bool:
    return abs(share * votes - round(share * votes)) <= _TOLERANCE * votes


def _told(shares: dict[str, float], stems: Iterable[str]) -> str:
    return some(f"{shares[stem]:g} for {stem}" for stem in stems)


def _refusal(path: Path, problem: str, expected: str, found: str) -> InputError:
    return InputError(
        f"{path}: {problem}",
        expected=expected,
        found=found,
        remedy="unpack the whole family again, or name what your release has in the settings",
    )
