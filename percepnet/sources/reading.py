"""Weight files read as data: tensors or arrays by name, and never a line of code from the file."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any, NoReturn

import numpy as np

from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import torch

Array = np.ndarray[Any, np.dtype[Any]]

_REFETCH = "delete it, so that it is fetched again, or put the right file there"
_DAMAGE = (
    *(pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, KeyError),
    *(TypeError, ValueError, OverflowError, RecursionError),
)
_GLOBAL = re.compile(r"(?:Unsupported (?:global|class)[^\w]*(?:GLOBAL )?|GLOBAL )([\w.]+)")


def read_state_dict(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a state dict by name, on the CPU; `.safetensors` or a file of torch.save.

    Raises:
        InputError: The file is damaged, holds code, or is no flat mapping of names to tensors.
    """
    import torch

    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    if isinstance(content, Mapping) and all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in content.items()
    ):
        return dict(content)
    raise InputError(
        f"{path} is no state dict",
        expected="a flat mapping of names to tensors",
        found=_described(content),
        remedy="take the state dict out of the file and save it alone",
    )


def read_arrays(path: Path) -> dict[str, Array]:
    """Return the arrays in a pickle of nested dicts, by their keys joined with "/".

    Raises:
        InputError: The file is damaged, or holds anything but dicts and arrays of numbers.
    """
    _refuse_page(path)
    try:
        with path.open("rb") as file:
            return dict(_leaves(_ArrayUnpickler(file, path).load(), path))
    except _DAMAGE as error:
        _refuse_damaged(path, error)


class _ArrayUnpickler(pickle.Unpickler):
    """An unpickler that knows NumPy arrays and nothing else."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        super().__init__(file)
        self._path = path

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - so it is declared by the base class
        """Return what stands for a global of an array's pickle; refuse every other."""
        # NumPy 2 renamed its core; a file keeps the name of the version that wrote it.
        known = _array_globals().get((module.replace("numpy.core.", "numpy._core."), name))
        if known is None:
            _refuse_code(self._path, f"{module}.{name}")
        return known


def _array_globals() -> dict[tuple[str, str], object]:
    """Return the four globals that a pickled array refers to."""
    from numpy._core import multiarray, numeric

    return {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): _number_type,
        ("numpy._core.multiarray", "_reconstruct"): vars(multiarray)["_reconstruct"],
        ("numpy._core.numeric", "_frombuffer"): vars(numeric)["_frombuffer"],
    }


def _number_type(name: str, align: int = 0, _copy: int = 1) -> np.dtype[Any]:
    """Return the type of an array of numbers; the flags are integers in files of old NumPy versions."""
    # Always a copy: a pickle sets the byte order of what it gets, and must not reach NumPy's own instance.
    found = np.dtype(name, align=bool(align), copy=True)
    if found.kind not in "biufc":
        raise ValueError(f"an array of {name!r}, not of numbers")
    return found


def _leaves(content: object, path: Path, prefix: str = "") -> Iterator[tuple[str, Array]]:
    """Yield the arrays under `content` with their joined keys."""
    if isinstance(content, np.ndarray):
        yield prefix, content
        return
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise InputError(
            f"{path} holds something else than arrays",
            expected="nested dicts with names as keys and arrays as values",
            found=f"{_described(content)} at {prefix or 'the top'}",
            remedy="use a file in this format",
        )
    for key, value in content.items():
        yield from _leaves(value, path, f"{prefix}/{key}" if prefix else key)


def _read_safetensors(path: Path) -> object:
    import safetensors
    from safetensors.torch import load_file

    _refuse_page(path)
    try:
        return load_file(path)
    except (safetensors.SafetensorError, *_DAMAGE) as error:
        _refuse_damaged(path, error)


def _read_torch(path: Path) -> object:
    import torch

    _refuse_page(path)
    try:
        with warnings.catch_warnings():
            # About pickle protocols and storages of old versions: either the file loads or it does not.
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, *_DAMAGE) as error:
        culprit = _GLOBAL.search(str(error))
        if culprit:
            _refuse_code(path, culprit.group(1), error)
        _refuse_damaged(path, error)


def _refuse_page(path: Path) -> None:
    """Refuse the page that many a server sends, as if all were well, in place of a file."""
    with path.open("rb") as file:
        start = file.read(512).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise InputError(
            f"{path} is a web page (HTML), no weight file",
            expected="a file with tensors or arrays",
            found=start[:40].decode("utf-8", "replace"),
            remedy=_REFETCH,
        )


def _refuse_code(path: Path, name: str, cause: Exception | None = None) -> NoReturn:
    raise InputError(
        f"{path} holds code: weights are data, never code, so it was not run",
        expected="tensors or arrays alone",
        found=f"a reference to {name}",
        remedy="take another file, or one that was converted to safetensors in isolation",
    ) from cause


def _refuse_damaged(path: Path, error: Exception) -> NoReturn:
    first_line = (str(error).splitlines() or [""])[0][:200]
    raise InputError(
        f"{path} is damaged, or no weight file",
        expected="a whole file with tensors or arrays",
        found=f"{type(error).__name__}: {first_line} ({path.stat().st_size} bytes)",
        remedy=_REFETCH,
    ) from error


def _described(content: object, limit: int = 5) -> str:
    """Return what `content` is, with its first keys if it has any."""
    if not isinstance(content, Mapping):
        return f"a {type(content).__name__}"
    keys = [f"{key!r}: {type(value).__name__}" for key, value in list(content.items())[:limit]]
    return (
        f"a {type(content).__name__} of {len(content)} ({', '.join(keys)}{', ...' * (len(content) > limit)})"
    )
