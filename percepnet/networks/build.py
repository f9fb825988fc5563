"""From a row of the catalogue to a network that can be read."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from percepnet.errors import InputError, nearest
from percepnet.networks import layouts
from percepnet.networks.builders import builder, constant
from percepnet.networks.network import Network
from percepnet.networks.place import Place
from percepnet.networks.taps import chosen
from percepnet.sources.fetch import obtain

__all__ = ["Place", "bare_module", "build", "tensor_hash"]

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from percepnet.networks.catalogue import Architecture, Checkpoint


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
    module = bare_module(row.architecture, None if row.sources else seed)
    origin = f"random weights, seed {seed}"
    if row.sources:
        got = obtain(row.id, row.sources, place.folder, place.mirrors, network=place.network)
        origin = f"{got.source.origin} (sha256 {got.sha256})"
        _load(module, layouts.read(got.source.layout, got.path, module), row, got.path)
    return Network(
        id=row.id,
        trunk=module.eval().requires_grad_(requires_grad=False),
        preprocessing=row.preprocessing,
        taps=chosen(module, taps or row.architecture.taps, row.architecture.form, row.preprocessing),
        stages=row.architecture.stages,
        form=row.architecture.form,
        weights_hash=tensor_hash(module.state_dict()),
        structure=structure_hash(row.architecture, module),
        origin=origin,
    )


def bare_module(architecture: Architecture, seed: int | None) -> nn.Module:
    """Return the untrained module of an architecture, its head replaced by the identity.

    Args:
        architecture: What to build.
        seed: Of the library's own random weights; None gives constants, in a fraction of the time.

    Raises:
        InputError: The builder does not exist, or has no such option; or a head has no such name.
    """
    # A user's own builder may draw more than weights.
    skip = seed is None and not architecture.builder.startswith("python:")
    with torch.random.fork_rng(devices=[]), constant() if skip else nullcontext():
        torch.manual_seed(seed or 0)
        module = builder(architecture.builder)(**architecture.options)
    for name in architecture.without:
        replace_head(module, name)
    return module


def replace_head(module: nn.Module, name: str) -> None:
    """Put the identity in the place of the submodule `name`.

    Raises:
        InputError: There is none; it would stay, with random weights, under another name.
    """
    names = [known for known, _ in module.named_modules() if known]
    if name not in names:
        raise InputError(f"no module is called {name!r}, to be replaced", remedy=nearest(name, names))
    parent, _, child = name.rpartition(".")
    setattr(module.get_submodule(parent), child, nn.Identity())


def _load(module: nn.Module, state: dict[str, Tensor], row: Checkpoint, path: Path) -> None:
    """Load every tensor that the module has; what belongs to the replaced head is the only rest allowed."""
    heads = tuple(f"{name}." for name in row.architecture.without)
    given = {name: tensor for name, tensor in state.items() if not name.startswith(heads) and _counts(name)}
    wanted = module.state_dict()
    needed = {name for name in wanted if _counts(name)}
    problems = {
        "missing": sorted(needed - set(given)),
        "unexpected": sorted(set(given) - needed),
        "wrongly shaped": sorted(
            f"{name} {[*given[name].shape]} for {[*wanted[name].shape]}"
            for name in needed & set(given)
            if given[name].shape != wanted[name].shape
        ),
    }
    if any(problems.values()):
        raise InputError(
            _verdict(row, path, len(needed & set(given)) - len(problems["wrongly shaped"]), len(needed)),
            expected=f"the {len(needed)} tensors of {row.architecture.builder}",
            found="; ".join(f"{kind}: {_some(names)}" for kind, names in problems.items() if names),
            remedy="nothing was loaded; is it the file of another network?",
        )
    # The module's own bookkeeping (counters, versions of the format) goes with the file's tensors.
    wanted.update({name: tensor.to(wanted[name].dtype) for name, tensor in given.items()})
    module.load_state_dict(wanted, assign=True)


def _counts(name: str) -> bool:
    """Return whether a tensor takes part in a response; the counters of batch normalisation do not."""
    return not name.endswith("num_batches_tracked")


def _verdict(row: Checkpoint, path: Path, fitting: int, needed: int) -> str:
    if fitting * 2 < needed:
        return f"{path} holds another architecture than {row.id}: {fitting} of {needed} tensors fit"
    return f"{path} does not fit {row.id}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def structure_hash(design: Architecture, module: nn.Module) -> str:
    """Return the sha256 of how the module was built and of every part's settings, as torch prints them."""
    how = f"{design.builder} {sorted(design.options.items())} {design.form}"
    return hashlib.sha256(f"{how}\n{module!r}".encode()).hexdigest()


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
