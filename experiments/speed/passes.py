"""The computations that are compared: ours, the bare forward pass, and two loops of the field."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import yaml
from torch import Tensor, nn

from experiments.speed.measured import BATCH, COMPUTE
from percepnet.benchmarks.manifest import unique_keys
from percepnet.config import conf_folder, make
from percepnet.networks.network import unit_range
from percepnet.readouts.contract import Reader
from percepnet.responses.extraction import Compute, extract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from percepnet.agreement.contract import FloatArray
    from percepnet.benchmarks.contract import Benchmark, Image
    from percepnet.networks.network import Network
    from percepnet.responses.store import Entry

NOT_FURTHER = ("layerwise", "lpips")
"""The readout that the extraction is made for, and the one whose weights others have trained."""


def decoded(benchmark: Benchmark) -> NDArray[Any]:
    """Return every image once, `[N, H, W, 3]`."""
    return np.stack([benchmark.image(key) for key in unique_keys(benchmark.pairs)])


@torch.inference_mode()
def bare(network: Network, images: Image, batch: int = BATCH) -> None:
    """Pass decoded images `[N, H, W, 3]` through the trunk, preprocessing included; nothing is read."""
    device = next(network.parameters()).device
    for start in range(0, len(images), batch):
        pixels = torch.from_numpy(images[start : start + batch])
        if device.type == "cuda":
            pixels = pixels.pin_memory().to(device, non_blocking=True)
        network.trunk(network.preprocessing(unit_range(pixels)))
    if device.type == "cuda":
        torch.cuda.synchronize()


def whole(
    network: Network, benchmark: Benchmark, store: Path, compute: Compute = COMPUTE
) -> tuple[Entry, int]:
    """Return what an extraction stores, and the images that passed: every tap, every statistic."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        return extract(network, benchmark, ["all"], compute, store)


def further_readouts() -> dict[str, Reader]:
    """Return the readouts of `conf/readout` that an entry alone suffices for, but for `NOT_FURTHER`."""
    files = sorted((conf_folder() / "readout").glob("*.yaml"))
    made = {file.stem: make(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files}
    readers = {name: readout for name, readout in made.items() if isinstance(readout, Reader)}
    return {name: readout for name, readout in readers.items() if name not in NOT_FURTHER}


@torch.inference_mode()
def lpips_distances(model: nn.Module, benchmark: Benchmark) -> FloatArray:
    """Return the package's LPIPS of every pair, `[P]`: both images of every pair are decoded and pass."""
    found = [model(_signed(one), _signed(other)).flatten() for one, other in _batches(benchmark)]
    return torch.cat(found).double().numpy()


def _signed(images: Tensor) -> Tensor:
    """Return `[N, 3, H, W]` in [-1, 1], the package's own range."""
    return 2.0 * unit_range(images) - 1.0


@torch.inference_mode()
def truncated_distances(network: Network, benchmark: Benchmark) -> FloatArray:
    """Return the Euclidean distance of every pair at the input and at every layer, `[R, P]`.

    As the measuring code of Hernandez-Camara et al. (2023) does: for every layer a network that ends there is
    run on both images of every pair. Images are decoded once for all layers.
    """
    truncated = truncations(network)
    columns = []
    for one, other in _batches(benchmark):
        first, second = (unit_range(images) for images in (one, other))
        rows = [_euclidean(first, second)]
        first, second = (network.preprocessing(pixels) for pixels in (first, second))
        rows += [_euclidean(layers(first), layers(second)) for layers in truncated]
        columns.append(torch.stack(rows))
    return torch.cat(columns, dim=1).double().numpy()


def truncations(network: Network) -> list[nn.Sequential]:
    """Return for every child of `features` the network that ends there; their weights are shared."""
    layers = list(network.trunk.get_submodule("features").children())
    return [nn.Sequential(*layers[: last + 1]) for last in range(len(layers))]


def _euclidean(one: Tensor, other: Tensor) -> Tensor:
    distance: Tensor = torch.linalg.vector_norm((one - other).flatten(1), dim=1)
    return distance


def _batches(benchmark: Benchmark) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield both images `[n, H, W, 3]` of at most as many pairs as images pass at once in an extraction."""
    for start in range(0, len(benchmark.pairs), BATCH):
        pairs = benchmark.pairs[start : start + BATCH]
        one = np.stack([benchmark.image(pair.reference) for pair in pairs])
        other = np.stack([benchmark.image(pair.distorted) for pair in pairs])
        yield torch.from_numpy(one), torch.from_numpy(other)
