"""How often each score was given, drawn with axes, ticks and unit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import ImageDraw

from percepnet.data.drawing import FAINT, INK, MARGIN, RULE, WIDTH, blank, fitted, font

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image as Pillow

    from percepnet.agreement.contract import FloatArray

HEIGHT = 300
FEW, MOST = 25, 48
SIZE = 14
_LEFT, _RIGHT, _TOP, _BOTTOM = MARGIN + 70, WIDTH - MARGIN - 20, 14, HEIGHT - 62
_COLOUR = "#4c78a8"
_STEPS, _WHOLE = (1.0, 2.0, 2.5, 5.0, 10.0), (1.0, 2.0, 5.0, 10.0)


def histogram(scores: FloatArray, unit: str) -> Pillow.Image:
    """Return the histogram of scores on paper as wide as a sheet.

    Args:
        scores: Finite, at least one.
        unit: What they are, below the axis.
    """
    found = bars(scores)
    sheet = blank(HEIGHT)
    pen = ImageDraw.Draw(sheet)
    numbers = ticks(0.0, max(*(bar.number for bar in found), 4), 4, _WHOLE)
    width = found[0].high - found[0].low
    across = _Scale(found[0].low - width / 2, found[-1].high + width / 2, _LEFT, _RIGHT)
    up = _Scale(0.0, numbers[-1], _BOTTOM, _TOP)
    for value in numbers:
        pen.line((_LEFT, up.at(value), _RIGHT, up.at(value)), RULE)
        pen.text((_LEFT - 8, up.at(value)), f"{value:g}", FAINT, font(SIZE), anchor="rm")
    for bar in found:
        pen.rectangle((across.at(bar.low) + 1, up.at(bar.number), across.at(bar.high) - 1, _BOTTOM), _COLOUR)
    pen.line((_LEFT, _BOTTOM, _RIGHT, _BOTTOM), INK)
    for value in ticks(across.low, across.high, 10):
        if across.low <= value <= across.high:
            pen.line((across.at(value), _BOTTOM, across.at(value), _BOTTOM + 5), INK)
            pen.text((across.at(value), _BOTTOM + 8), f"{value:g}", INK, font(SIZE), anchor="mt")
    pen.text(((_LEFT + _RIGHT) / 2, _BOTTOM + 30), _label(scores, unit), INK, font(SIZE + 1), anchor="mt")
    return sheet


class Bar(NamedTuple):
    """How many scores lie between two values."""

    low: float
    high: float
    number: int


def bars(scores: FloatArray) -> list[Bar]:
    """Return the bars that are not empty: one per value where these are few, of a round width otherwise."""
    values, counts = np.unique(np.round(scores, 9), return_counts=True)
    if len(values) <= FEW:
        apart = float(np.diff(values).min()) if len(values) > 1 else 1.0
        half = min(apart, max(float(np.ptp(values)), 1e-9) / 12.0 if len(values) > 1 else 0.05) / 2.0
        return [
            Bar(value - half, value + half, int(count)) for value, count in zip(values, counts, strict=True)
        ]
    edges = ticks(float(scores.min()), float(scores.max()), MOST)
    heights = np.histogram(scores, edges)[0]
    return [
        Bar(low, high, int(count))
        for low, high, count in zip(edges[:-1], edges[1:], heights, strict=True)
        if count
    ]


def ticks(low: float, high: float, about: int, steps: Sequence[float] = _STEPS) -> list[float]:
    """Return round numbers from at or below `low` to at or above `high`, about that many."""
    span = (high - low) or 1.0
    size = 10.0 ** math.floor(math.log10(span / about))
    step = next(size * times for times in steps if size * times * about >= span * (1.0 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, max(last, first + 1) + 1)]


class _Scale:
    """From values to pixels."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high, self.start, self.end = low, high, start, end

    def at(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def _label(scores: FloatArray, unit: str) -> str:
    numbers = f"n = {scores.size}, median {np.median(scores):.4g}"
    return fitted(f"{unit} ({numbers})", SIZE + 1, _RIGHT - _LEFT)
