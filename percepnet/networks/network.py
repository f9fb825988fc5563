"""A network as the rest of percepnet sees it: images in, the response at every tap out."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from percepnet.errors import InputError
from percepnet.networks.form import Form
from percepnet.networks.taps import INPUT, LastTapPassedError, Tap

if TYPE_CHECKING:
    from percepnet.networks.compiled import CompiledTrunk
    from percepnet.networks.preprocessing import Preprocessing

Visitor = Callable[[str, Tensor], None]


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
        self._layout = torch.preserve_format

    def lay_out(self, *, channels_last: bool) -> None:
        """Use one memory format for the trunk's weights and its input, so that convolutions keep to it."""
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self.trunk.to(memory_format=self._layout)

    def twin(self) -> Network:
        """Return a copy that shares the weights; another thread may pass images through it meanwhile."""
        return deepcopy(self, {id(tensor): tensor for tensor in (*self.parameters(), *self.buffers())})

    @torch.inference_mode()
    def observe(self, images: Tensor, visit: Visitor, compiled: CompiledTrunk | None = None) -> None:
        """Pass images `[N, H, W, 3]` once and show every tap's response `[N, C, H', W']` to `visit`.

        `visit` is called while the response is being made, before a later in-place module can overwrite
        it; what it wants to keep, it must copy.

        Args:
            images: That pass.
            visit: Is shown the responses.
            compiled: Passes them instead of the trunk; then all responses exist before the first is shown.

        Raises:
            InputError: The images break the input contract (`unit_range`).
            RuntimeError: The taps do not fire each exactly once, in order.
        """
        pixels = unit_range(images)
        visit(INPUT, pixels)
        waiting = [tap.name for tap in self.taps[1:]]
        if waiting:
            inputs = self.preprocessing(pixels).to(memory_format=self._layout)
            show = self._shown_in_order(waiting, visit, (inputs.shape[-2], inputs.shape[-1]))
            if compiled is None:
                self._forward(inputs, waiting, show)
            else:
                for tap, response in compiled(inputs):
                    show(tap, response)
        if waiting:
            raise RuntimeError(
                f"{self.id}: taps did not fire in order; still waiting for {waiting[:3]}. "
                "List arch.taps in forward order."
            )

    def _shown_in_order(self, waiting: list[str], visit: Visitor, size: tuple[int, int]) -> Visitor:
        """Return what shows a module's output to `visit` as a map, and takes its tap off the waiting ones."""

        def show(tap: str, output: Tensor) -> None:
            if not waiting or waiting[0] != tap:
                raise RuntimeError(f"{self.id}: tap {tap} fired out of order or twice")
            visit(tap, self.form.as_map(Form.module(tap), output, size))
            del waiting[0]

        return show

    def _forward(self, inputs: Tensor, waiting: list[str], show: Visitor) -> None:
        modules = dict(self.trunk.named_modules())

        def hook(tap: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
            def fire(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
                show(tap, output)
                if not waiting:
                    raise LastTapPassedError

            return fire

        handles = [modules[Form.module(tap)].register_forward_hook(hook(tap)) for tap in waiting]
        try:
            self.trunk(inputs)
        except LastTapPassedError:
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
