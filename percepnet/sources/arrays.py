"""Pickles of NumPy arrays and HDF5 files, read as data: arrays by name, and never a line of code."""

from __future__ import annotations

import pickle
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from percepnet.errors import InputError
from percepnet.sources.refusals import DAMAGE, described, refuse_code, refuse_damaged, refuse_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import h5py

Array = np.ndarray[Any, np.dtype[Any]]


def read_arrays(path: Path) -> dict[str, Array]:
    """Return the arrays in a pickle of nested dicts, by their keys joined with "/".

    Raises:
        InputError: The file is damaged, or holds anything but dicts and arrays of numbers.
    """
    return flattened(read_pickle(path), path)


def read_pickle(path: Path, encoding: str = "ASCII") -> object:
    """Return what a pickle of plain containers, numbers, strings and arrays holds.

    Args:
        path: The file.
        encoding: Of its byte strings; "latin1" for a pickle of Python 2 (Caffe2).

    Raises:
        InputError: The file is damaged, or refers to anything but arrays.
    """
    refuse_page(path)
    try:
        with path.open("rb") as file:
            return _ArrayUnpickler(file, path, encoding).load()
    except DAMAGE as error:
        refuse_damaged(path, error)


def read_hdf5(path: Path) -> dict[str, Array]:
    """Return the datasets of an HDF5 file (Keras 3 `.weights.h5`) by their paths.

    Links to other files are not followed, and nothing but numbers is read.

    Raises:
        InputError: The file is damaged, or holds something else than numbers.
    """
    import h5py

    refuse_page(path)
    found: dict[str, Array] = {}

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            if item.dtype.kind not in "biufc" or item.external or item.is_virtual:
                raise ValueError(f"{name} holds something else than numbers of its own ({item.dtype})")
            found[name] = item[()]

    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
    except (OSError, RuntimeError, *DAMAGE) as error:
        refuse_damaged(path, error)
    return found


def flattened(content: object, path: Path) -> dict[str, Array]:
    """Return the arrays under `content` by their keys joined with "/".

    Raises:
        InputError: There is something else in it than dicts and arrays.
    """
    return dict(_leaves(content, path))


class _ArrayUnpickler(pickle.Unpickler):
    """An unpickler that knows NumPy arrays and nothing else."""

    def __init__(self, file: IO[bytes], path: Path, encoding: str) -> None:
        super().__init__(file, encoding=encoding)
        self._path = path

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - so it is declared by the base class
        """Return what stands for a global of an array's pickle; refuse every other."""
        # NumPy 2 renamed its core; a file keeps the name of the version that wrote it.
        known = _array_globals().get((module.replace("numpy.core.", "numpy._core."), name))
        if known is None:
            refuse_code(self._path, f"{module}.{name}")
        return known


def _array_globals() -> dict[tuple[str, str], object]:
    """Return the four globals that a pickled array refers to."""
    from numpy._core import multiarray, numeric

    return {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): number_type,
        ("numpy._core.multiarray", "_reconstruct"): vars(multiarray)["_reconstruct"],
        ("numpy._core.numeric", "_frombuffer"): vars(numeric)["_frombuffer"],
    }


def number_type(name: str, align: int = 0, _copy: int = 1) -> np.dtype[Any]:
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
            found=f"{described(content)} at {prefix or 'the top'}",
            remedy="use a file in this format",
        )
    for key, value in content.items():
        yield from _leaves(value, path, f"{prefix}/{key}" if prefix else key)
