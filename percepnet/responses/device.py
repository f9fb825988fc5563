"""The device of an extraction and its arithmetic, as Lightning sets them up."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import lightning
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.plugins import MixedPrecision, Precision

from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


def device_called(name: str) -> torch.device:
    """Return the device that `compute.device` names.

    Raises:
        InputError: There is none of this name.
    """
    try:
        with quiet():
            return lightning.Fabric(accelerator=name, devices=1, plugins=[LightningEnvironment()]).device
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"there is no device for compute.device={name}",
            expected="auto, cpu, gpu or mps",
            found=str(error),
            remedy="compute.device=auto takes what there is; percepnet doctor shows what torch sees",
        ) from error


def precision_on(device: torch.device, autocast: str) -> Precision:
    """Return Lightning's plugin for `fp32`, `bf16` or `fp16`; chosen by name, fp16 is bf16 on a CPU."""
    if autocast == "fp32":
        return Precision()
    return MixedPrecision("16-mixed" if autocast == "fp16" else "bf16-mixed", device.type)


@contextmanager
def full_fp32() -> Iterator[None]:
    """Keep a GPU's convolutions from rounding fp32 to TF32's 10 bits: the numbers are those of any device."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Lightning's remarks on our choices (no workers, ready-made batches) and on itself."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*infer the batch indices.*")
        warnings.filterwarnings("ignore", message="GPU available but not used.*")
        warnings.filterwarnings("ignore", message="TensorFloat32 tensor cores.*")  # torch.compile's advice
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        # where SLURM is installed: a cell is one process, with or without srun
        warnings.filterwarnings("ignore", message="The `srun` command is available.*")
        yield
