"""Pictures and words on a contact sheet, with Pillow alone."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.benchmarks.contract import Image

WIDTH = 1600
MARGIN = 24
GAP = 10
INK, FAINT, RULE, PAPER = "#1a1a1a", "#666666", "#c8c8c8", "#ffffff"
CAPTION = 13
_TOP_SHARE = 0.45
"""How far from mid-grey an amplified difference goes."""
_ELLIPSIS = "..."
_BREAKS = " -_/:"


@dataclass(frozen=True, slots=True)
class Cell:
    """A picture with up to two lines of words below it.

    Attributes:
        pixels: uint8 `[H, W, 3]`.
        lines: Cut off where they are too long for the cell.
        strong: Whether it is framed: a reference.
    """

    pixels: Image
    lines: tuple[str, ...]
    strong: bool = False


def eight_bits(image: Image) -> Image:
    """Return uint8 `[H, W, 3]` of an image: as it is, or float32 in [0, 1] rounded to 8 bits."""
    return image if image.dtype == np.uint8 else np.rint(image * 255.0).astype(np.uint8)


def amplified(reference: Image, distorted: Image) -> tuple[Image, float]:
    """Return the difference around mid-grey as uint8 `[H, W, 3]`, and the factor that makes it visible.

    The factor, at least 1, takes the largest difference to 45 % of the range; 0 for images that are the same.
    """
    scale = 255.0 if reference.dtype == np.uint8 else 1.0
    difference = (distorted.astype(np.float64) - reference) / scale
    largest = float(np.abs(difference).max())
    factor = max(1.0, _TOP_SHARE / largest) if largest > 0.0 else 0.0
    shown = np.clip(0.5 + factor * difference, 0.0, 1.0)
    return np.rint(255.0 * shown).astype(np.uint8), factor


def thumbnail(pixels: Image, width: int, height: int) -> Pillow.Image:
    """Return a picture that fits into width x height: reduced smoothly, or enlarged by a whole factor."""
    picture = Pillow.fromarray(pixels)
    share = min(width / picture.width, height / picture.height)
    if share >= 1.0:
        factor = int(share)
        return picture.resize((picture.width * factor, picture.height * factor), Pillow.Resampling.NEAREST)
    size = max(1, round(picture.width * share)), max(1, round(picture.height * share))
    return picture.resize(size, Pillow.Resampling.LANCZOS)


def strip(cells: Sequence[Cell], columns: int) -> Pillow.Image:
    """Return one row of cells on paper, as wide as a sheet."""
    width = cell_width(columns)
    pictures = [thumbnail(cell.pixels, width, width) for cell in cells]
    top = 1 + max(picture.height for picture in pictures)
    lines = max((at for cell in cells for at, words in enumerate(cell.lines, start=1) if words), default=0)
    sheet = blank(top + lines * (CAPTION + 4) + 12)
    pen = ImageDraw.Draw(sheet)
    for place, (cell, picture) in enumerate(zip(cells, pictures, strict=True)):
        left = MARGIN + place * (width + GAP)
        sheet.paste(picture, (left, top - picture.height))
        frame = (left - 1, top - picture.height - 1, left + picture.width, top)
        pen.rectangle(frame, outline=INK if cell.strong else RULE)
        for row, words in enumerate(cell.lines):
            at = left, top + 4 + row * (CAPTION + 4)
            pen.text(at, fitted(words, CAPTION, width), INK if row == 0 else FAINT, font(CAPTION))
    return sheet


def words_block(text: str, size: int, colour: str = INK, below: int = 6) -> Pillow.Image:
    """Return words on paper, in as many lines as they need."""
    lines = wrapped(text, size, WIDTH - 2 * MARGIN)
    step = round(size * 1.35)
    sheet = blank(step * len(lines) + below)
    pen = ImageDraw.Draw(sheet)
    for row, line in enumerate(lines):
        pen.text((MARGIN, row * step), line, colour, font(size))
    return sheet


def stacked(blocks: Sequence[Pillow.Image]) -> Pillow.Image:
    """Return the blocks one below the other, with a margin."""
    sheet = blank(sum(block.height for block in blocks) + 2 * MARGIN)
    top = MARGIN
    for block in blocks:
        sheet.paste(block, (0, top))
        top += block.height
    return sheet


def blank(height: int) -> Pillow.Image:
    """Return paper as wide as a sheet."""
    return Pillow.new("RGB", (WIDTH, height), PAPER)


def cell_width(columns: int) -> int:
    """Return the width of a cell in pixels."""
    return (WIDTH - 2 * MARGIN - (columns - 1) * GAP) // columns


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's own font."""
    return ImageFont.load_default(size)


def fitted(text: str, size: int, width: int) -> str:
    """Return a line that is no wider than `width` pixels, its middle left out where it is too long."""
    text = printable(text)
    if _length(text, size) <= width:
        return text
    for kept in range(len(text) - 1, 0, -1):
        head = (kept + 1) // 2
        short = text[:head] + _ELLIPSIS + text[len(text) - (kept - head) :]
        if _length(short, size) <= width:
            return short
    return ""


def broken(text: str, size: int, width: int) -> tuple[str, str]:
    """Return a name in two lines no wider than `width` pixels, the first as long as fits."""
    text = printable(text)
    if _length(text, size) <= width:
        return text, ""
    ends = [at + 1 for at, letter in enumerate(text) if letter in _BREAKS]
    first = max((end for end in ends if _length(text[:end], size) <= width), default=0)
    return text[:first], fitted(text[first:], size, width)


def wrapped(text: str, size: int, width: int) -> list[str]:
    """Return the text in lines no wider than `width` pixels."""
    lines: list[str] = []
    for word in printable(text).split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _length(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(fitted(word, size, width))
    return lines or [""]


def printable(text: str) -> str:
    """Return the text with a question mark for every letter that the font has not."""
    return "".join(letter if letter.isascii() or letter in "±·" else "?" for letter in text)


def _length(text: str, size: int) -> float:
    return font(size).getlength(text)
