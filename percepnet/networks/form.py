"""The form of a response: how what a module returns becomes a map `[N, C, H', W']`."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from torch import Tensor

TOKENS = ("patches", "class", "all")


@dataclass(frozen=True, slots=True)
class Form:
    """How an architecture lays out its responses.

    Attributes:
        channels_last: Patterns of the taps that return `[N, H', W', C]`.
        patch: Side of a patch in pixels where responses are token sequences `[N, T, C]`; 0: they are none.
        prefix: Tokens before the patches: the class token, then registers.
        tokens: What is read: `patches` as a map, `class` as one position, `all` as one column.
    """

    channels_last: tuple[str, ...] = ()
    patch: int = 0
    prefix: int = 0
    tokens: str = "patches"

    def __post_init__(self) -> None:
        if self.tokens not in TOKENS:
            raise InputError(f"unknown arch.tokens {self.tokens!r}", remedy=nearest(self.tokens, TOKENS))
        if self.tokens == "class" and not self.prefix:
            raise InputError(
                "this architecture has no class token",
                found="arch.tokens=class",
                remedy="choose arch.tokens=patches",
            )

    def tap(self, module: str) -> str:
        """Return the name of a tap: the module's, and which tokens are read unless it is the patches."""
        return module if self.tokens == "patches" else f"{module}@{self.tokens}"

    @staticmethod
    def module(tap: str) -> str:
        """Return the module that a tap reads."""
        return tap.partition("@")[0]

    def as_map(self, module: str, response: Tensor, size: tuple[int, int]) -> Tensor:
        """Return the response as `[N, C, H', W']`, a view where that is possible.

        Args:
            module: Where it comes from.
            response: `[N, C, H', W']`, `[N, H', W', C]` or `[N, T, C]`.
            size: Height and width of the network's input; it fixes the grid of the patches.

        Raises:
            InputError: The response has none of these forms, or as many tokens as no grid has.
        """
        if response.ndim == 4:
            last = any(fnmatchcase(module, pattern) for pattern in self.channels_last)
            return response.permute(0, 3, 1, 2) if last else response
        if response.ndim == 3 and self.patch:
            return self._tokens(module, response, size)
        raise InputError(
            f"layer {module} cannot be read",
            expected="a map [N, C, H, W]" + (" or tokens [N, T, C]" if self.patch else ""),
            found=str([*response.shape]),
        )

    def _tokens(self, module: str, response: Tensor, size: tuple[int, int]) -> Tensor:
        rows, columns = (-(-side // self.patch) for side in size)
        if response.shape[1] != self.prefix + rows * columns:
            raise InputError(
                f"layer {module} cannot be read",
                expected=f"{self.prefix} + {rows} x {columns} tokens",
                found=f"{response.shape[1]} tokens",
            )
        channels = response.transpose(1, 2)
        if self.tokens == "class":
            return channels[:, :, :1].unsqueeze(-1)
        if self.tokens == "all":
            return channels.unsqueeze(-1)
        return channels[:, :, self.prefix :].reshape(*channels.shape[:2], rows, columns)
