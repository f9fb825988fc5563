"""From a row of the catalogue to a network that can be read."""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from percepnet.errors import InputError
from percepnet.networks import layouts
from percepnet.networks.network import Network
from percepnet.networks.taps import expand
from percepnet.sources.fetch import obtain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from percepnet.networks.catalogue import Architecture, Checkpoint


@dataclass(frozen=True, slots=True)
class Place:
    """Where weights lie and may be looked for.

    Attributes:
        folder: The cache of checkpoints.
        mirrors: Folders that are searched before the network is.
        network: Whether the network may be used at all.
    """

    folder: Path
    mirrors: tuple[Path, ...] = ()
    network: bool = True


def build(row: Checkpoint, place: Place, *, taps: Sequence[str] = (), seed: int = 0) -> Network:
    """Return the network of a row, in evaluation mode, its weights loaded whole.

    Args:
        row: The checkpoint; one without sources is untrained and gets the random weights of `seed`.
        place: Where its file may be.
        taps: Patterns of places to read instead of the architecture's own.
        seed: Of the random weights.

    Raises:
        UnreachableError: None of its sources gave the file.
        InputError: The file does not fit the module, or a tap does not exist.
    """
    module = bare_module(row.architecture, seed)
    origin = f"random weights, seed {seed}"
    if row.sources:
        got = obtain(row.id, row.sources, place.folder, place.mirrors, network=place.network)
        origin = f"{got.source.origin} (sha256 {got.sha256})"
        _load(module, layouts.read(got.source.layout, got.path, module), row, got.path)
    return Network(
        id=row.id,
        trunk=module.eval().requires_grad_(requires_grad=False),
        preprocessing=row.preprocessing,
        taps=expand(module, taps or row.architecture.taps),
        stages=row.architecture.stages,
        weights_hash=tensor_hash(module.state_dict()),
        structure=structure_hash(row.architecture.builder, module),
        origin=origin,
    )


def bare_module(architecture: Architecture, seed: int) -> nn.Module:
    """Return the untrained module of an architecture, its head replaced by the identity."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = _builder(architecture.builder)()
    for name in architecture.without:
        setattr(module, name, nn.Identity())
    return module


def _builder(name: str) -> Callable[[], nn.Module]:
    library, _, model = name.partition(":")
    if library == "torchvision":
        models = importlib.import_module("torchvision.models")
        return lambda: models.get_model(model, weights=None)
    if library == "timm":
        timm = importlib.import_module("timm")
        return lambda: timm.create_model(model, pretrained=False)
    raise InputError(f"unknown builder {name!r}", expected="torchvision:NAME or timm:NAME")


def _load(module: nn.Module, state: dict[str, Tensor], row: Checkpoint, path: Path) -> None:
    """Load every tensor that the module has; what belongs to the replaced head is the only rest allowed."""
    heads = tuple(f"{name}." for name in row.architecture.without)
    given = {name: tensor for name, tensor in state.items() if not name.startswith(heads)}
    wanted = module.state_dict()
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    problems = {
        "missing": sorted(set(wanted) - set(given) - counters),
        "unexpected": sorted(set(given) - set(wanted)),
        "wrongly shaped": sorted(
            f"{name} {[*given[name].shape]} for {[*wanted[name].shape]}"
            for name in set(given) & set(wanted)
            if given[name].shape != wanted[name].shape
        ),
    }
    if any(problems.values()):
        raise InputError(
            f"{path} does not fit {row.id}",
            expected=f"the {len(wanted)} tensors of {row.architecture.builder}",
            found="; ".join(f"{kind}: {_some(names)}" for kind, names in problems.items() if names),
            remedy="nothing was loaded; is it the file of another network?",
        )
    module.load_state_dict(given, strict=False)


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def structure_hash(builder: str, module: nn.Module) -> str:
    """Return the sha256 of the builder's name and of every module with its settings, as torch prints them."""
    return hashlib.sha256(f"{builder}\n{module!r}".encode()).hexdigest()


def tensor_hash(state: dict[str, Tensor]) -> str:
    """Return the sha256 of names, types, shapes and bytes: the same for one checkpoint in any file format."""
    digest = hashlib.sha256()
    for name in sorted(state):
        if name.endswith("num_batches_tracked"):
            continue
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name}|{tensor.dtype}|{[*tensor.shape]}|".encode())
        digest.update(tensor.view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
