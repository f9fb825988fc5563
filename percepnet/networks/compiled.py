"""A network's trunk as torch.compile makes it, every tap's response among its outputs."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from percepnet.errors import InputError
from percepnet.networks.form import Form
from percepnet.networks.taps import LastTapPassedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from percepnet.networks.network import Network

BACKEND = "inductor"
"""Needs a C++ compiler on a CPU and Triton on a GPU."""

Fired = list[tuple[str, Tensor]]
"""Taps and what their modules returned, in the order in which they fired."""


class CompiledTrunk:
    """What passes instead of `network.trunk`, once that is on its device; made at its first call.

    Hooks have to stay where torch.compile has seen them: they sit in a copy of the modules that shares the
    weights. Every response is copied before a later in-place module can overwrite it, so that all of a pass
    exist at the same time. What comes after the last tap is not computed.
    """

    def __init__(self, network: Network, backend: str = BACKEND) -> None:
        torch.compiler.reset()  # variants are limited in number, and those of other networks count
        trunk = network.trunk
        shared = {id(tensor): tensor for tensor in (*trunk.parameters(), *trunk.buffers())}
        self._trunk = deepcopy(trunk, shared)
        self._fired: Fired = []
        modules = dict(self._trunk.named_modules())
        taps = [tap.name for tap in network.taps[1:]]
        for tap in taps:
            modules[Form.module(tap)].register_forward_hook(self._keep(tap, is_last=tap == taps[-1]))
        self._run = torch.compile(self._responses, backend=backend)

    def __call__(self, inputs: Tensor) -> Fired:
        """Return the taps that have fired and what their modules returned, for inputs `[N, channels, H, W]`.

        Raises:
            InputError: The network or this machine does not suit torch.compile.
        """
        from torch._dynamo.exc import TorchDynamoException

        try:
            return self._run(inputs)
        except TorchDynamoException as error:
            raise InputError(
                "the network could not be compiled",
                expected=f"a network that torch.compile can trace, and what its backend {BACKEND} needs:"
                " a C++ compiler on a CPU, Triton on a GPU",
                found=str(error).strip().partition("\n\n")[0][:300],
                remedy="compute.compile=false",
            ) from error

    def _responses(self, inputs: Tensor) -> Fired:
        self._fired.clear()
        with suppress(LastTapPassedError):
            self._trunk(inputs)
        fired = list(self._fired)
        self._fired.clear()
        return fired

    def _keep(self, tap: str, *, is_last: bool) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def keep(_module: nn.Module, _inputs: tuple[Tensor, ...], response: Tensor) -> None:
            self._fired.append((tap, response.clone()))
            if is_last:
                raise LastTapPassedError

        return keep
