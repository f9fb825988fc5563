"""COMBVD's files, read strictly: colours, pairs of them, and how different people saw them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from percepnet.benchmarks.files import some
from percepnet.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from percepnet.agreement.contract import FloatArray, IntArray

_KEYS = ("reference_white", "xyz", "pairs", "dv")
_REMEDY = "put the published file in its place"
_WHITE = 100.0


@dataclass(frozen=True)
class ColourSet:
    """One data set of colour differences.

    Attributes:
        name: Of its file.
        white: XYZ of the reference white `[3]`, Y = 100.
        xyz: Of each colour `[N, 3]`, on the same scale.
        pairs: The two colours of each judgement `[P, 2]`, the standard of a colour centre first.
        differences: Visual difference of each judgement `[P]`.
    """

    name: str
    white: FloatArray
    xyz: FloatArray
    pairs: IntArray
    differences: FloatArray


def read_set(path: Path, name: str, count: int) -> ColourSet:
    """Return the data set `name` of a file with `count` pairs.

    Raises:
        InputError: The file cannot be read, lacks something, or is not the published one.
    """
    raw = _parsed(path)
    found = ColourSet(
        name,
        _numbers(raw, "reference_white", path),
        _numbers(raw, "xyz", path),
        _indices(raw, path),
        _numbers(raw, "dv", path),
    )
    _check_white(found.white, path)
    _check_colours(found.xyz, path)
    _check_pairs(found, count, path)
    _check_differences(found, path)
    return found


def first_equal(rows: NDArray[Any]) -> IntArray:
    """Return, for each row of `[N, K]`, the place of the first row that is equal to it, `[N]`."""
    _, first, which = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return np.asarray(first[which.ravel()], dtype=np.int64)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise _refusal(path, "It cannot be read.", "a text file", str(error)) from error
    except json.JSONDecodeError as error:
        raise _refusal(path, "It is no whole JSON.", "JSON to its last bracket", str(error)) from error
    if not isinstance(raw, dict):
        found = type(raw).__name__
        raise _refusal(path, "It holds no data set.", f"an object with {', '.join(_KEYS)}", found)
    missing = [key for key in _KEYS if key not in raw]
    if missing:
        raise _refusal(path, "Part of the data set is missing.", ", ".join(_KEYS), f"no {', '.join(missing)}")
    return raw


def _array(raw: dict[str, Any], key: str, path: Path) -> NDArray[Any]:
    try:
        values = np.array(raw[key])
    except ValueError:  # NumPy's answer to rows of unequal length
        raise _refusal(path, f"{key} has rows of unequal length.", "a table", "gaps") from None
    if values.dtype.kind not in "iuf":
        raise _refusal(path, f"{key} holds more than numbers.", "numbers", f"{values.dtype.name} values")
    return values


def _numbers(raw: dict[str, Any], key: str, path: Path) -> FloatArray:
    values = _array(raw, key, path).astype(np.float64)
    undefined = np.argwhere(~np.isfinite(values))
    if len(undefined):
        found = f"NaN or inf at {some(place.tolist() for place in undefined)}"
        raise _refusal(path, f"{key} is undefined in places.", "finite numbers", found)
    return values


def _indices(raw: dict[str, Any], path: Path) -> IntArray:
    values = _array(raw, "pairs", path)
    if values.ndim != 2 or values.shape[1] != 2:
        raise _refusal(path, "A pair is not two colours.", "pairs [P, 2]", str(list(values.shape)))
    if values.dtype.kind == "f":
        raise _refusal(path, "Pairs do not name colours.", "whole numbers", "fractions")
    return values.astype(np.int64)


def _check_white(white: FloatArray, path: Path) -> None:
    if white.shape != (3,) or not (white > 0.0).all() or white[1] != _WHITE:
        raise _refusal(path, "The reference white is none.", "XYZ above 0 with Y = 100", str(white.tolist()))


def _check_colours(xyz: FloatArray, path: Path) -> None:
    if xyz.ndim != 2 or xyz.shape[1] != 3:
        raise _refusal(path, "Colours are no XYZ.", "xyz [N, 3]", str(list(xyz.shape)))
    dark = np.flatnonzero((xyz < 0.0).any(axis=1))
    if dark.size:
        found = some(f"colour {place}: {xyz[place].tolist()}" for place in dark)
        raise _refusal(path, "Colours are darker than black.", "XYZ of 0 or more", found)


def _check_pairs(colours: ColourSet, count: int, path: Path) -> None:
    pairs = colours.pairs
    outside = np.flatnonzero(((pairs < 0) | (pairs >= len(colours.xyz))).any(axis=1))
    if outside.size:
        found = some(f"pair {place}: {pairs[place].tolist()}" for place in outside)
        raise _refusal(path, "Pairs name colours that are not there.", f"0 to {len(colours.xyz) - 1}", found)
    same = first_equal(colours.xyz)[pairs]
    alone = np.flatnonzero(same[:, 0] == same[:, 1])
    if alone.size:
        found = some(f"pair {place}" for place in alone)
        raise _refusal(path, "A colour is compared with itself.", "two different colours", found)
    if len(pairs) != count:
        problem = "It is of another release, or not whole."
        raise _refusal(path, problem, f"{count} pairs", f"{len(pairs)}")


def _check_differences(colours: ColourSet, path: Path) -> None:
    differences, pairs = colours.differences, colours.pairs
    if differences.shape != (len(pairs),):
        found = f"dv {list(differences.shape)}"
        raise _refusal(path, "Judgements and pairs are not equally many.", f"dv [{len(pairs)}]", found)
    negative = np.flatnonzero(differences < 0.0)
    if negative.size:
        found = some(f"pair {place}: {differences[place]:g}" for place in negative)
        raise _refusal(path, "Visual differences are negative.", "dv of 0 or more", found)
    # the published sets hold pairs that were judged twice, with two results: those are two judgements
    rows = np.column_stack([np.sort(pairs, axis=1), differences])
    repeated = np.flatnonzero(first_equal(rows) != np.arange(len(rows)))
    if repeated.size:
        found = some(f"pair {place}" for place in repeated)
        raise _refusal(path, "Judgements are there twice.", "each once", found)


def _refusal(path: Path, problem: str, expected: str, found: str) -> InputError:
    return InputError(f"{path}: {problem}", expected=expected, found=found, remedy=_REMEDY)
