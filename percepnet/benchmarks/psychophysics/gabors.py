"""Gabors and gratings on a background, drawn when they are asked for, each on its ladder of contrasts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from percepnet.benchmarks.psychophysics.shapes import grating, window
from percepnet.benchmarks.psychophysics.thresholds import key_at, steps_digest, text_digest
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from percepnet.agreement.contract import FloatArray
    from percepnet.benchmarks.psychophysics.display import Colour, Display
    from percepnet.benchmarks.psychophysics.shapes import Grid

PHASES = {"cosine": 0.0, "sine": 90.0}
"""Degrees by which the bars lag behind a bright bar in the centre."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Bars under a round Gaussian window.

    Attributes:
        frequency: In cycles per degree.
        sigma: Standard deviation of the window in degrees; infinity for bars that fill the image.
        orientation: 0 for vertical bars, turning clockwise, 90 for horizontal ones, as in castleCSF's files.
        phase: In degrees: 0 for a bright bar in the centre, 90 for a rising edge there.
    """

    frequency: float
    sigma: float
    orientation: float = 0.0
    phase: float = 0.0

    def modulation(self, grid: Grid) -> FloatArray:
        """Return values in [-1, 1], `[H, W]`."""
        turn = 90.0 - self.orientation
        lag = self.phase / 360.0 / self.frequency
        moved = grid.moved(lag * math.sin(math.radians(turn)), lag * math.cos(math.radians(turn)))
        bars = grating(moved, self.frequency, turn)
        return bars * window(grid, self.sigma) if math.isfinite(self.sigma) else bars


@dataclass(frozen=True, slots=True)
class Layer:
    """A patch in a colour.

    Attributes:
        patch: Its shape.
        colour: What a modulation of 1 at contrast 1 adds to the light.
    """

    patch: Patch
    colour: Colour


@dataclass(frozen=True, slots=True)
class Background:
    """What a stimulus is told from: uniform light, with masks upon it or without.

    Attributes:
        light: Of the uniform field.
        masks: Layers and their contrasts.
    """

    light: Colour
    masks: tuple[tuple[float, Layer], ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be seen.

    Attributes:
        background: Key of what it lies upon.
        layer: Its shape and colour.
        ladder: The contrasts at which it is shown.
    """

    background: str
    layer: Layer
    ladder: tuple[float, ...]


@dataclass(frozen=True)
class Drawings:
    """Backgrounds, and targets upon them at every contrast of their ladders.

    Attributes:
        display: What they are drawn for.
        backgrounds: By key.
        targets: By name.
    """

    display: Display
    backgrounds: Mapping[str, Background]
    targets: Mapping[str, Target]

    def image(self, key: str) -> NDArray[np.float32]:
        """Return float32 `[H, W, 3]` in [0, 1] of a background or of `NAME@CONTRAST`; nothing is clipped."""
        return self.display.image(self.light(key))

    def light(self, key: str) -> FloatArray:
        """Return the light before it is encoded: linear sRGB `[H, W, 3]`, 1 at the display's peak."""
        name, parts = self._parts(key)
        light = np.empty((self.display.size, self.display.size, 3))
        light[:] = self.backgrounds[name].light
        for contrast, layer in parts:
            shape = layer.patch.modulation(self.display.grid)
            light += contrast * shape[:, :, np.newaxis] * np.array(layer.colour)
        return light

    def digest(self, key: str) -> str:
        """Return the sha256 of what determines the image."""
        name, parts = self._parts(key)
        words = [word for contrast, layer in parts for word in self._words(contrast, layer)]
        field = _written(self.backgrounds[name].light)
        return text_digest(self.display.encoding, self.display.size, field, *words)

    def _parts(self, key: str) -> tuple[str, tuple[tuple[float, Layer], ...]]:
        """Return the background of an image, and the layers upon it with their contrasts."""
        if key in self.backgrounds:
            return key, self.backgrounds[key].masks
        if key not in self._places:
            raise InputError(f"There is no stimulus {key}.", found=key, remedy=nearest(key, self._places))
        target, contrast = self._places[key]
        return target.background, (*self.backgrounds[target.background].masks, (contrast, target.layer))

    @cached_property
    def _places(self) -> dict[str, tuple[Target, float]]:
        return {
            key_at(name, contrast): (target, contrast)
            for name, target in self.targets.items()
            for contrast in target.ladder
        }

    def _words(self, contrast: float, layer: Layer) -> tuple[object, ...]:
        return contrast, _written(layer.colour), self._steps[layer.patch]

    @cached_property
    def _steps(self) -> dict[Patch, str]:
        """Return the digest of every shape: it changes when the drawing does."""
        masks = (layer for field in self.backgrounds.values() for _, layer in field.masks)
        targets = (target.layer for target in self.targets.values())
        patches = {layer.patch for layer in (*masks, *targets)}
        return {patch: steps_digest(patch.modulation(self.display.grid)) for patch in patches}


def _written(colour: Colour) -> str:
    # nine digits: the last bits of a matrix product differ between processors
    return " ".join(f"{value:.9g}" for value in colour)
