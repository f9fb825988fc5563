"""DISTS: structure and texture of VGG-16 responses, by piq's module and the authors' channel weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

import torch
from piq import perceptual
from piq.perceptual import VGG16_LAYERS, ContentLoss
from torch import Tensor

from percepnet.baselines.contract import Ready
from percepnet.baselines.learned import trunk, trunk_row
from percepnet.errors import InputError, NothingThereError, UnreachableError
from percepnet.networks.build import tensor_hash
from percepnet.sources.fetch import obtain
from percepnet.sources.reading import read_state_dict
from percepnet.sources.source import PypiSource, UrlSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from percepnet.networks.catalogue import Checkpoint
    from percepnet.networks.network import Network
    from percepnet.networks.place import Place

ID = "dists.kadid10k"
"""The folder that the file of the channel weights lies in, as for a row of the catalogue."""

SOURCES = (
    PypiSource(
        package="dists-pytorch",
        version="0.1",
        archive_sha256="73e54ce13e7cf3ca962ee8e433d129884ec3dc75e00a27af90525e1da760ac61",
        member="DISTS_pytorch/weights.pt",
        member_sha256="f5e65c96230b7f6ca995691647d482237e4cab8a50c5c4a5784f219ef0748218",
    ),
    # piq's copy; its hash is published nowhere and could not be found out, so it comes second
    UrlSource(url=perceptual.DISTS._weights_url),  # noqa: SLF001 (the address is written nowhere else)
)

CHANNELS = (3, 64, 128, 256, 512, 512)
STAGES = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
SMALLEST = 16


@dataclass(frozen=True)
class DISTS:
    """DISTS (Ding et al., 2020, equations 6 to 8).

    Attributes:
        name: In results.
        resize: Whether the short side is brought to 256 first, where it is longer: 0.83, 0.81 and 0.71 on one
            database are these variants, so the name says which.
    """

    name: str
    resize: bool = False

    @property
    def variant(self) -> str:
        """Size and library."""
        size = "short side 256, bilinear" if self.resize else "native size"
        return f"vgg, {size}, piq {version('piq')}"

    @property
    def trained_on(self) -> str:
        """The judgements of its channel weights."""
        return "kadid10k"

    @property
    def rows(self) -> tuple[Checkpoint, ...]:
        """The files to fetch: the trunk's, and the channel weights', whose row is one in name only."""
        row = trunk_row("vgg")
        return row, replace(row, id=ID, sources=SOURCES, licence="", licence_accept=False)

    def prepare(self, place: Place) -> Ready:
        """Return the metric with its weights."""
        try:
            got = obtain(ID, SOURCES, place.folder, place.mirrors, network=place.network)
        except UnreachableError as error:
            raise NothingThereError(str(error)) from error
        weights = read_state_dict(got.path)
        network = trunk("vgg", place)
        hashed = tensor_hash({**network.trunk.state_dict(), **weights})
        metric = partial(_resized if self.resize else _native, dists_with(network, weights))
        return Ready(self.name, self.variant, metric, hashed, SMALLEST)


def dists_with(network: Network, weights: Mapping[str, Tensor]) -> perceptual.DISTS:
    """Return piq's DISTS on the responses of `network`, a VGG-16, whose max pooling it replaces for good.

    Its own constructor would download both kinds of weights unverified.

    Args:
        network: Fresh: nobody else may use it afterwards.
        weights: `alpha` (of texture) and `beta` (of structure), each `[1, 1475, 1, 1]`.

    Raises:
        InputError: The weights have other names or shapes.
    """
    shape = (1, sum(CHANNELS), 1, 1)
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if found != {"alpha": shape, "beta": shape}:
        raise InputError(
            "these are no channel weights of DISTS", expected=f"alpha, beta {shape}", found=str(found)
        )
    split = [part for name in ("alpha", "beta") for part in torch.split(weights[name], [*CHANNELS], dim=1)]
    model = perceptual.DISTS.__new__(perceptual.DISTS)
    ContentLoss.__init__(
        model,
        network.trunk.features,
        layers=[VGG16_LAYERS[name] for name in STAGES],
        weights=split,
        replace_pooling=True,
        allow_layers_weights_mismatch=True,
    )
    return model


def _resized(model: perceptual.DISTS, reference: Tensor, distorted: Tensor) -> Tensor:
    value: Tensor = model(reference.float(), distorted.float())
    return value


def _native(model: perceptual.DISTS, reference: Tensor, distorted: Tensor) -> Tensor:
    similarity: Tensor = ContentLoss.forward(model, reference.float(), distorted.float())
    return 1.0 - similarity
