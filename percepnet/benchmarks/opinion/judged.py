"""What every database must pass before it is used: each image scored once, none missing, all defined."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from percepnet.benchmarks.files import some
from percepnet.benchmarks.score_files import refusal
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from percepnet.benchmarks.contract import Pair

_KNOWN_BY_LENGTH = {
    460: "release 1 of LIVE",
    750: "CSIQ without its contrast type",
    779: "LIVE release 2 without its copies of references",
    866: "CSIQ",
    982: "LIVE release 2 with its copies of references",
    1000: "PIPAL's validation part",
    1700: "TID2008",
    3000: "TID2013",
    10125: "KADID-10k",
    23200: "PIPAL's training part",
}


@dataclass(frozen=True, slots=True)
class Release:
    """What the score file of one release of a database holds.

    Attributes:
        scale: What its scores are called.
        lowest: The lowest score there is.
        highest: The highest one.
        rows: How many images it scores; None for any number.
        images: Keys of all that it scores, where they are known beforehand.
    """

    scale: str
    lowest: float = -math.inf
    highest: float = math.inf
    rows: int | None = None
    images: Sequence[str] = ()


def checked(pairs: Sequence[Pair], path: Path, release: Release) -> list[Pair]:
    """Return the pairs as read, in order, with the pairs of one reference made neighbours.

    Args:
        pairs: One per row of the score file; nothing is known of them yet.
        path: The score file, for the message.
        release: What it must hold.

    Raises:
        InputError: The file is of another release, or has missing, repeated or undefined rows.
    """
    _check_other_release(len(pairs), path, release)
    _check_repeated(pairs, path)
    _check_images([pair.distorted for pair in pairs], path, release)
    check_length(len(pairs), path, release)
    _check_scores(pairs, path, release)
    check_spreads(pairs, path)
    first: dict[str, int] = {}
    for place, pair in enumerate(pairs):
        first.setdefault(pair.reference, place)
    return sorted(pairs, key=lambda pair: first[pair.reference])


def check_length(rows: int, path: Path, release: Release) -> None:
    """Raise InputError unless a score file has as many rows as its release; tells which other it may be."""
    _check_other_release(rows, path, release)
    wanted = rows if release.rows is None else release.rows
    if rows < wanted:
        raise refusal(path, f"{wanted - rows} scores are missing.", f"{wanted} rows", f"{rows} rows")
    if rows > wanted:
        raise refusal(path, f"There are {rows - wanted} scores too many.", f"{wanted} rows", f"{rows} rows")
    if rows == 0:
        raise refusal(path, "There are no scores.", "one row per image", "no row")


def check_spreads(pairs: Iterable[Pair], path: Path) -> None:
    """Raise InputError naming the images whose spread is no standard deviation."""
    undefined = [
        pair.distorted
        for pair in pairs
        if pair.spread is not None and not (math.isfinite(pair.spread) and pair.spread >= 0.0)
    ]
    if undefined:
        found = f"none for {some(undefined)}"
        raise refusal(path, "Spreads are undefined.", "standard deviations of 0 or more", found)


def of_mean(deviation: float, ratings: float) -> float:
    """Return the standard deviation of a mean of `ratings` ratings that deviate by `deviation` each.

    Raises:
        InputError: There is no such number of ratings.
    """
    if not ratings > 0.0:
        raise InputError(
            "The spread of a mean score cannot be known.",
            expected="a number of ratings per image above 0 (2 or more where their own mean was removed)",
            found=str(ratings),
            remedy="correct the setting ratings",
        )
    return deviation / math.sqrt(ratings)


def _check_other_release(rows: int, path: Path, release: Release) -> None:
    other = _KNOWN_BY_LENGTH.get(rows)
    if other is not None and release.rows not in {None, rows}:
        problem = f"This looks like {other}, another database or release."
        raise refusal(path, problem, f"{release.rows} rows", f"{rows} rows")


def _check_repeated(pairs: Sequence[Pair], path: Path) -> None:
    counts = Counter((pair.reference.lower(), pair.distorted.lower()) for pair in pairs)
    names = {(pair.reference.lower(), pair.distorted.lower()): pair.distorted for pair in pairs}
    repeated = [name for images, name in names.items() if counts[images] > 1]
    if repeated:
        found = f"{some(repeated)} more than once"
        raise refusal(path, "Images are scored twice.", "one row per image", found)


def _check_images(found: Sequence[str], path: Path, release: Release) -> None:
    if not release.images:
        return
    expected = f"{len(release.images)} rows such as {release.images[0]}"
    unknown = sorted(set(found) - set(release.images))
    if unknown:
        told = f"images it does not have: {some(unknown)}"
        raise refusal(path, "The scores are of another release.", expected, told)
    present = set(found)
    missing = [image for image in release.images if image not in present]
    if missing:
        told = f"{len(found)} rows, none for {some(missing)}"
        raise refusal(path, f"{len(missing)} scores are missing.", expected, told)


def _check_scores(pairs: Sequence[Pair], path: Path, release: Release) -> None:
    undefined = [pair.distorted for pair in pairs if not math.isfinite(pair.score)]
    if undefined:
        found = f"NaN or inf for {some(undefined)}"
        raise refusal(path, "Scores are undefined.", "a number per image", found)
    outside = [
        f"{pair.score:g} for {pair.distorted}"
        for pair in pairs
        if not release.lowest <= pair.score <= release.highest
    ]
    if outside:
        expected = f"{release.scale} from {release.lowest:g} to {release.highest:g}"
        raise refusal(path, "Scores are out of range.", expected, some(outside))
