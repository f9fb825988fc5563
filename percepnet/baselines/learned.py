"""Learned metrics: the libraries' own forward passes on trunks whose weights percepnet has verified."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

import lpips
import torch
from torch import Tensor, nn

from percepnet.baselines.contract import Ready
from percepnet.errors import InputError, NothingThereError, UnreachableError
from percepnet.networks.build import build, tensor_hash
from percepnet.networks.catalogue import find
from percepnet.networks.modules import stlpips

if TYPE_CHECKING:
    from percepnet.networks.catalogue import Checkpoint
    from percepnet.networks.network import Network
    from percepnet.networks.place import Place

TRUNKS = {"alex": ("alexnet", ""), "vgg": ("vgg", "16")}
"""The libraries' names for trunks, and the catalogue's: arch and variant."""

SMALLEST = {"alex": 31, "vgg": 16}
"""Pixels below which a pooling of the trunk has nothing left to pool."""

ST_SMALLEST = {"alex": 21, "vgg": 18}
"""The same for the blurred reductions, whose mirrored border needs more than two pixels."""


@dataclass(frozen=True)
class _Judged:
    """A metric on one of LPIPS's trunks, its heads trained on the judgements of BAPPS.

    Attributes:
        name: In results.
        net: `alex` or `vgg`.

    Raises:
        InputError: An unknown trunk.
    """

    name: str
    net: str = "alex"

    def __post_init__(self) -> None:
        _check(self.net)

    @property
    def trained_on(self) -> str:
        """The judgements that it learned from."""
        return "bapps"


@dataclass(frozen=True)
class LPIPS(_Judged):
    """LPIPS v0.1 (Zhang et al., 2018, equation 1) by the `lpips` package: its forward pass and its heads.

    The trunk's weights are the catalogue's, verified; the package's own way to them is not used.
    """

    @property
    def variant(self) -> str:
        """Trunk, version of the heads, library."""
        return f"{self.net}, v0.1, native size, lpips {version('lpips')}"

    @property
    def rows(self) -> tuple[Checkpoint, ...]:
        """The files to fetch: the trunk's; the heads come with the package."""
        return (trunk_row(self.net),)

    def prepare(self, place: Place) -> Ready:
        """Return the metric with its weights."""
        model = lpips_with(trunk(self.net, place), self.net)
        metric = partial(_lpips, model)
        weights = tensor_hash(model.state_dict())
        return Ready(self.name, self.variant, metric, weights, SMALLEST[self.net])


@dataclass(frozen=True)
class STLPIPS(_Judged):
    """Shift-tolerant LPIPS (Ghildyal and Liu, 2022), by percepnet's own module and the authors' weights."""

    @property
    def variant(self) -> str:
        """Trunk and version of the weights."""
        return f"{self.net}, vST0.0, native size, percepnet's module"

    @property
    def rows(self) -> tuple[Checkpoint, ...]:
        """The files to fetch: one with trunk and heads."""
        return (_shift_tolerant_row(self.net),)

    def prepare(self, place: Place) -> Ready:
        """Return the metric with its weights."""
        network = shift_tolerant(self.net, place)
        metric = partial(_stlpips, network)
        return Ready(self.name, self.variant, metric, network.weights_hash, ST_SMALLEST[self.net])


def trunk_row(net: str) -> Checkpoint:
    """Return the row of the classifier that LPIPS and DISTS stand on."""
    return find("classification", "imagenet1k", *TRUNKS[net])


def trunk(net: str, place: Place) -> Network:
    """Return the classifier that LPIPS and DISTS stand on.

    Raises:
        NothingThereError: Its weights could be had from nowhere; says what to put where.
    """
    return _had(trunk_row(net), place)


def _shift_tolerant_row(net: str) -> Checkpoint:
    return find("perceptual", "bapps", *TRUNKS[net], "stlpips")


def shift_tolerant(net: str, place: Place) -> Network:
    """Return the network of ST-LPIPS with its heads, which a sweep leaves out.

    Raises:
        NothingThereError: Its weights could be had from nowhere; says what to put where.
    """
    row = _shift_tolerant_row(net)
    return _had(replace(row, architecture=replace(row.architecture, without=())), place)


def _had(row: Checkpoint, place: Place) -> Network:
    try:
        return build(row, place)
    except UnreachableError as error:
        raise NothingThereError(str(error)) from error


def lpips_with(network: Network, net: str) -> nn.Module:
    """Return the package's LPIPS whose trunk has the weights of `network` and whose heads are its own."""
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")  # its way to build an untrained trunk is deprecated in torchvision
        model: nn.Module = lpips.LPIPS(net=net, version="0.1", pnet_rand=True, verbose=False)
    given = network.trunk.state_dict()
    inner = model.get_submodule("net")
    # slice1.0.weight is features.0.weight: slices keep the trunk's numbers
    named = {name: given[f"features.{name.partition('.')[2]}"] for name in inner.state_dict()}
    inner.load_state_dict(named)
    return model.eval().requires_grad_(requires_grad=False)


def _lpips(model: nn.Module, reference: Tensor, distorted: Tensor) -> Tensor:
    # the package expects [-1, 1]; fed [0, 1] it gives a fifth of the distance, silently
    one, other = (2.0 * image.float() - 1.0 for image in (reference, distorted))
    value: Tensor = model(one, other)
    return value


def _stlpips(network: Network, reference: Tensor, distorted: Tensor) -> Tensor:
    one, other = (image.float().permute(0, 2, 3, 1) for image in (reference, distorted))
    return stlpips.distance(network, one, other)


def _check(net: str) -> None:
    if net not in TRUNKS:
        raise InputError("unknown trunk", expected=" or ".join(TRUNKS), found=repr(net))
