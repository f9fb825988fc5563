"""Where modules come from: torchvision, timm, percepnet's own nets, or a user's file."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from torch import nn

FORMS = "torchvision:NAME, timm:NAME, percepnet:NAME or python:PACKAGE.FILE:FUNCTION"


def constant() -> AbstractContextManager[object]:
    """Return a context in which tensors are filled with the mean in the place of random numbers.

    For modules whose weights are all loaded afterwards, or thrown away: drawing the 100 million weights of
    VGG's classifier, say, takes longer than loading the file. Tables come out as ever.
    """
    return _Constant()  # type: ignore[no-untyped-call] # of torch


class _Constant(TorchDispatchMode):  # type: ignore[no-untyped-call] # of torch
    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - as declared by the base class
        types: Any,  # noqa: ANN401
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Return the tensor filled with the middle of its distribution, which rejection sampling accepts."""
        if func is torch.ops.aten.normal_.default:
            return args[0].fill_(args[1] if len(args) > 1 else 0.0)
        if func is torch.ops.aten.uniform_.default:
            return args[0].fill_(sum(args[1:3]) / 2 if len(args) > 2 else 0.5)
        return func(*args, **(kwargs or {}))


def builder(name: str) -> Callable[..., nn.Module]:
    """Return the function that builds the module of this name from an architecture's options.

    Raises:
        InputError: There is none.
    """
    library, _, model = name.partition(":")
    if library == "torchvision":
        models = importlib.import_module("torchvision.models")
        return _known(
            name, model, models.list_models(), lambda **o: models.get_model(model, weights=None, **o)
        )
    if library == "timm":
        timm = importlib.import_module("timm")
        return _known(
            name, model, timm.list_models(), lambda **o: timm.create_model(model, pretrained=False, **o)
        )
    if library == "percepnet":
        own = importlib.import_module("percepnet.networks.modules")
        return _known(name, model, own.__all__, getattr(own, model, None))
    if library == "python":
        return _imported(name, *model.rpartition(":")[::2])
    raise InputError(f"unknown builder {name!r}", expected=FORMS)


def _known(name: str, model: str, models: list[str], build: Any) -> Callable[..., nn.Module]:  # noqa: ANN401
    """Return `build` if the library has the model, with its complaints about options made readable."""
    if model not in models:
        raise InputError(f"unknown builder {name!r}", remedy=nearest(model, models))

    def built(**options: Any) -> nn.Module:  # noqa: ANN401 - as each library declares its own
        try:
            module: nn.Module = build(**options)
        except TypeError as error:
            raise InputError(f"{name} cannot be built with {options}", found=str(error)) from error
        return module

    return built


def _imported(name: str, module: str, function: str) -> Callable[..., nn.Module]:
    """Return a user's own function."""
    try:
        found: Callable[..., nn.Module] = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"the builder {name!r} cannot be imported",
            expected="python:PACKAGE.FILE:FUNCTION, importable where percepnet runs",
            found=str(error),
            remedy="run from the folder that holds it, or put that folder into PYTHONPATH",
        ) from error
    return found
