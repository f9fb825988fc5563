"""Published file layouts, each turned into the state dict of the module it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from percepnet.errors import InputError, nearest
from percepnet.sources.reading import read_arrays, read_state_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

StateDict = dict[str, Tensor]

ALEXNET_CONVOLUTIONS = (0, 3, 6, 8, 10)
VGG16_CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)


def read(layout: str, path: Path, module: nn.Module) -> StateDict:
    """Return what the file holds, under the names that `module` uses.

    Raises:
        InputError: An unknown layout, or a file that is not in it.
    """
    layouts: dict[str, Callable[[Path, nn.Module], StateDict]] = {
        "state_dict": lambda file, _: read_state_dict(file),
        "flax_alexnet": lambda file, _: _flax(file, "AlexNet_0", ALEXNET_CONVOLUTIONS),
        "flax_vgg16": lambda file, _: _flax(file, "VGG16_0", VGG16_CONVOLUTIONS),
        "efficientnet_pytorch": _efficientnet,
    }
    if layout not in layouts:
        raise InputError(f"unknown checkpoint layout {layout!r}", remedy=nearest(layout, layouts))
    return layouts[layout](path, module)


def _flax(path: Path, root: str, places: tuple[int, ...]) -> StateDict:
    """Return `features.N.*` of a Flax pickle, whose kernels are HWIO."""
    arrays = read_arrays(path)
    state: StateDict = {}
    for index, place in enumerate(places):
        kernel = _take(arrays, f"{root}/Conv_{index}/kernel", path)
        bias = _take(arrays, f"{root}/Conv_{index}/bias", path)
        state[f"features.{place}.weight"] = kernel.permute(3, 2, 0, 1).contiguous()
        state[f"features.{place}.bias"] = bias
    return state


def _take(arrays: Mapping[str, object], name: str, path: Path) -> Tensor:
    if name not in arrays:
        raise InputError(
            f"{path} lacks an array", expected=name, found=", ".join(sorted(arrays)[:5]) or "no arrays"
        )
    return torch.tensor(arrays[name])


STEM = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
SEPARABLE_BLOCK = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
INVERTED_BLOCK = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


def _efficientnet(path: Path, module: nn.Module) -> StateDict:
    """Return timm's names for the `efficientnet_pytorch` names of EfficientNet-Lite."""
    blocks = list(_blocks(module))
    return {_efficientnet_name(name, blocks, path): tensor for name, tensor in read_state_dict(path).items()}


def _blocks(module: nn.Module) -> Iterator[str]:
    """Yield timm's `blocks.STAGE.REPEAT` in forward order."""
    for name, _ in module.named_modules():
        if name.startswith("blocks.") and name.count(".") == 2:
            yield name


def _efficientnet_name(name: str, blocks: list[str], path: Path) -> str:
    head, _, rest = name.partition(".")
    if head != "_blocks":
        names, prefix, part = STEM, "", head
    else:
        index, _, inner = rest.partition(".")
        part, _, rest = inner.partition(".")
        prefix = f"{blocks[int(index)]}." if int(index) < len(blocks) else "blocks.?."
        names = SEPARABLE_BLOCK if int(index) == 0 else INVERTED_BLOCK
    if part not in names:
        raise InputError(f"{path} holds an unknown tensor {name!r}", expected=f"one of {', '.join(names)}")
    return f"{prefix}{names[part]}.{rest}"
