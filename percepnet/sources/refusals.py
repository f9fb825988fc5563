"""Refusals of files that are no weight files: what was expected, what came, what to do."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from percepnet.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

REFETCH = "delete it, so that it is fetched again, or put the right file there"
DAMAGE = (
    *(pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, KeyError),
    *(TypeError, ValueError, OverflowError, RecursionError),
)
"""What reading a damaged file can raise."""

CONVERSION = (
    "take another file, or convert it once where nothing can be lost (a container without network): "
    "load it there with the code it needs, save only its tensors with safetensors.torch.save_file, "
    "and use that file"
)


def refuse_page(path: Path) -> None:
    """Refuse the page that many a server sends, as if all were well, in place of a file."""
    with path.open("rb") as file:
        start = file.read(512).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise InputError(
            f"{path} is a web page (HTML), no weight file",
            expected="a file with tensors or arrays",
            found=start[:40].decode("utf-8", "replace"),
            remedy=REFETCH,
        )


def refuse_code(path: Path, name: str, cause: Exception | None = None) -> NoReturn:
    """Refuse a file that refers to the code `name`."""
    raise InputError(
        f"{path} holds code: weights are data, never code, so it was not run",
        expected="tensors or arrays alone",
        found=f"a reference to {name}{_kind(name)}",
        remedy=CONVERSION,
    ) from cause


def _kind(name: str) -> str:
    if name.startswith("dill"):
        return " (saved with dill, which stores functions)"
    if name.startswith(("torch.nn.modules", "torchvision.models", "timm.models")):
        return " (a whole module was saved, not its state dict)"
    return ""


def refuse_damaged(path: Path, error: Exception) -> NoReturn:
    """Refuse a file whose reading failed."""
    first_line = (str(error).splitlines() or [""])[0][:200]
    raise InputError(
        f"{path} is damaged, or no weight file",
        expected="a whole file with tensors or arrays",
        found=f"{type(error).__name__}: {first_line} ({path.stat().st_size} bytes)",
        remedy=REFETCH,
    ) from error


def described(content: object, limit: int = 5) -> str:
    """Return what `content` is, with its first keys if it has any."""
    if not isinstance(content, Mapping):
        return f"a {type(content).__name__}"
    keys = [f"{key!r}: {type(value).__name__}" for key, value in list(content.items())[:limit]]
    return (
        f"a {type(content).__name__} of {len(content)} ({', '.join(keys)}{', ...' * (len(content) > limit)})"
    )
