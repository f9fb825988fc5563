"""Weight files read as data: tensors or arrays by name, and never a line of code from the file."""

from __future__ import annotations

import argparse
import re
import warnings
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from percepnet.errors import InputError
from percepnet.sources.arrays import flattened, read_arrays, read_hdf5, read_pickle
from percepnet.sources.refusals import DAMAGE, described, refuse_code, refuse_damaged, refuse_page

if TYPE_CHECKING:
    from pathlib import Path

    import torch

__all__ = ["flattened", "read_arrays", "read_hdf5", "read_pickle", "read_state_dict", "read_torch", "tensors"]

_GLOBAL = re.compile(
    r"(?:Unsupported (?:global|class)[^\w]*(?:GLOBAL )?|unsupported GLOBAL |GLOBAL )([\w.]+)"
)

# Settings and logs that training code saves beside the tensors: dicts, read as such, and never looked at.
_RECORDS = (
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning.pytorch.utilities.parsing.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "vissl.utils.hydra_config.AttrDict",
    "vissl.config.attr_dict.AttrDict",
    "mmengine.config.config.ConfigDict",
    "mmengine.logging.history_buffer.HistoryBuffer",
)


def read_state_dict(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a state dict by name, on the CPU; `.safetensors` or a file of torch.save.

    Raises:
        InputError: The file is damaged, holds code, or is no flat mapping of names to tensors.
    """
    return tensors(read_torch(path), path)


def tensors(content: object, path: Path) -> dict[str, torch.Tensor]:
    """Return `content` as a state dict.

    Raises:
        InputError: It is no flat mapping of names to tensors.
    """
    import torch

    if isinstance(content, Mapping) and all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in content.items()
    ):
        return dict(content)
    raise InputError(
        f"{path} is no state dict",
        expected="a flat mapping of names to tensors",
        found=described(content),
        remedy="name the keys that lead to it (layout: inside), or save the state dict alone",
    )


def read_torch(path: Path) -> object:
    """Return what a file of tensors holds, on the CPU: nested containers of torch.save, or safetensors.

    Raises:
        InputError: The file is damaged, or holds code.
    """
    refuse_page(path)
    return _read_safetensors(path) if path.suffix == ".safetensors" else _read_saved(path)


def _read_safetensors(path: Path) -> object:
    import safetensors
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (safetensors.SafetensorError, *DAMAGE) as error:
        refuse_damaged(path, error)


def _read_saved(path: Path) -> object:
    _refuse_script(path)
    try:
        try:
            return _load(path)
        except UnicodeDecodeError:
            # Byte strings of a file that was saved under Python 2 (Places365).
            return _load(path, encoding="latin1")
    except (RuntimeError, OSError, *DAMAGE) as error:
        culprit = _GLOBAL.search(str(error))
        if culprit:
            refuse_code(path, culprit.group(1), error)
        refuse_damaged(path, error)


def _load(path: Path, **how: Any) -> object:  # noqa: ANN401 - handed through
    import torch

    with warnings.catch_warnings(), torch.serialization.safe_globals(_harmless()):
        # About pickle protocols and storages of old versions: either the file loads or it does not.
        warnings.simplefilter("ignore")
        return torch.load(path, map_location="cpu", weights_only=True, **how)


def _harmless() -> list[Any]:
    """Return the types of data, beyond torch's own, that published checkpoints hold beside their tensors."""
    from numpy._core import multiarray

    scalar, rebuild = vars(multiarray)["scalar"], vars(multiarray)["_reconstruct"]
    named = [(OrderedDict, name) for name in _RECORDS]
    numbers = [type(np.dtype(code)) for code in "?bBhHiIlLqQefdFD"]
    arrays = [np.ndarray, np.dtype, *dict.fromkeys(numbers)]
    old = [(scalar, "numpy.core.multiarray.scalar"), (rebuild, "numpy.core.multiarray._reconstruct")]
    new = [(scalar, "numpy._core.multiarray.scalar"), (rebuild, "numpy._core.multiarray._reconstruct")]
    return [argparse.Namespace, Counter, *arrays, *old, *new, *named]


def _refuse_script(path: Path) -> None:
    """Refuse a TorchScript archive: a program, with weights in it."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if any(name.endswith("/constants.pkl") for name in names):
        raise InputError(
            f"{path} is a TorchScript archive: a program, not a state dict, so it was not run",
            expected="a state dict",
            found=next(name for name in names if name.endswith("/constants.pkl")),
            remedy="take a safetensors copy of these weights, or in isolation save "
            "torch.jit.load(FILE).state_dict() with safetensors.torch.save_file and use that file",
        )
