"""A network as the rest of percepnet sees it: images in, the response at every tap out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from percepnet.errors import InputError
from percepnet.networks.form import Form
from percepnet.networks.taps import INPUT, Tap

if TYPE_CHECKING:
    from percepnet.networks.preprocessing import Preprocessing

Visitor = Callable[[str, Tensor], None]


class _LastTapPassedError(Exception):
    """Ends a forward pass: nothing after the last tap is read."""


class Network(nn.Module):
    """One checkpoint with its taps and its preprocessing.

    Attributes:
        id: The catalogue's id.
        taps: In the order in which they fire; the first is the input.
        stages: Names of the taps that close a stage of the architecture.
        form: How its responses are laid out.
        weights_hash: sha256 of the tensors in use.
        structure: sha256 of what the modules are; strides and padding change responses, but no tensor.
        origin: Where the weights came from, for the record.
    """

    def __init__(  # noqa: PLR0913 (keywords: all that a network is)
        self,
        *,
        id: str,  # noqa: A002 (the catalogue's word)
        trunk: nn.Module,
        preprocessing: Preprocessing,
        taps: tuple[Tap, ...],
        stages: tuple[str, ...],
        weights_hash: str,
        structure: str,
        origin: str,
        form: Form = Form(),  # noqa: B008 (frozen)
    ) -> None:
        super().__init__()
        self.id = id
        self.trunk = trunk
        self.preprocessing = preprocessing
        self.taps = taps
        self.stages = tuple(form.tap(stage) for stage in stages)
        self.form = form
        self.weights_hash = weights_hash
        self.structure = structure
        self.origin = origin

    @torch.inference_mode()
    def observe(self, images: Tensor, visit: Visitor) -> None:
        """Pass images `[N, H, W, 3]` once and show every tap's response `[N, C, H', W']` to `visit`.

        `visit` is called while the response is being made, before a later in-place module can overwrite
        it; what it wants to keep, it must copy.

        Raises:
            InputError: The images break the input contract (`unit_range`).
            RuntimeError: The taps do not fire each exactly once, in order.
        """
        pixels = unit_range(images)
        visit(INPUT, pixels)
        waiting = [tap.name for tap in self.taps[1:]]
        if waiting:
            self._forward(self.preprocessing(pixels), waiting, visit)
        if waiting:
            raise RuntimeError(
                f"{self.id}: taps did not fire in order; still waiting for {waiting[:3]}. "
                "List arch.taps in forward order."
            )

    def _forward(self, inputs: Tensor, waiting: list[str], visit: Visitor) -> None:
        modules = dict(self.trunk.named_modules())
        size = (inputs.shape[-2], inputs.shape[-1])

        def hook(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
            def fire(_module: nn.Module, _inputs: tuple[Tensor, ...], response: Tensor) -> None:
                if not waiting or waiting[0] != name:
                    raise RuntimeError(f"{self.id}: tap {name} fired out of order or twice")
                visit(name, self.form.as_map(Form.module(name), response, size))
                del waiting[0]
                if not waiting:
                    raise _LastTapPassedError

            return fire

        handles = [modules[Form.module(name)].register_forward_hook(hook(name)) for name in waiting]
        try:
            self.trunk(inputs)
        except _LastTapPassedError:
            pass
        finally:
            for handle in handles:
                handle.remove()


def unit_range(images: Tensor) -> Tensor:
    """Return `[N, 3, H, W]` float32 in [0, 1] of images `[N, H, W, 3]`, uint8 or float32 in [0, 1].

    This is the one input contract: no network can be fed 0..255 where it expects 0..1, or the reverse.

    Raises:
        InputError: Another shape, another type, or values outside [0, 1].
    """
    contract = "RGB images [N, H, W, 3], uint8, or float32 with values in [0, 1]"
    if images.ndim != 4 or images.shape[-1] != 3 or images.dtype not in (torch.uint8, torch.float32):
        found = f"{images.dtype} {[*images.shape]}"
        raise InputError("an image breaks the input contract", expected=contract, found=found)
    planes = images.permute(0, 3, 1, 2)
    if images.dtype == torch.uint8:
        return planes.float() / 255.0
    low, high = (float(value) for value in planes.aminmax())
    if not 0.0 <= low <= high <= 1.0:
        found = f"float32 in [{low:g}, {high:g}]"
        raise InputError("an image breaks the input contract", expected=contract, found=found)
    return planes
