"""The cells of a contact sheet: images of a benchmark as 8 bits, with their captions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from percepnet.benchmarks.psychophysics.thresholds import Thresholds
from percepnet.data.drawing import CAPTION, Cell, amplified, broken, cell_width, eight_bits
from percepnet.data.selection import groups, rung, spread, unique

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.benchmarks.contract import Benchmark, Image, Pair
    from percepnet.data.selection import Group

STIMULI = 48
REFERENCES = 11
SMALL = 128
"""Width up to which an image is shown in a narrow column."""
_FAINT = 5.0
"""Factor that makes a stimulus visible, beyond which it is faint even at its highest rung."""


@dataclass(frozen=True)
class Pictures:
    """The images of a benchmark, ready to be shown.

    Attributes:
        benchmark: The benchmark; only images that are shown are decoded.
    """

    benchmark: Benchmark

    @cached_property
    def groups(self) -> list[Group]:
        """All its pairs, those of one kind and reference and those of one ladder together."""
        return groups(self.benchmark.pairs)

    @cached_property
    def first(self) -> Image:
        """The first reference: it tells the type of the images and their size, about."""
        return self.benchmark.image(self.benchmark.pairs[0].reference)

    @property
    def is_float(self) -> bool:
        """Whether images are rounded when they are shown."""
        return bool(self.first.dtype != np.uint8)

    @cached_property
    def are_faint(self) -> bool:
        """Whether differences have to be amplified to be seen."""
        return self.is_float or any(group.stimulus for group in self.groups)

    def series(self, group: Group) -> list[Cell]:
        """Return the cells of a group: reference, distorted images, and the difference if it is faint."""
        reference = self._cell(group.reference, group.reference, "reference", strong=True)
        cells = [reference, *(self._cell(pair.distorted, *_caption(pair, group)) for pair in group.pairs)]
        return [*cells, self._difference(group)] if self.are_faint else cells

    def gallery(self) -> tuple[str, list[Cell], int]:
        """Return title, cells and columns: some references; where these are few, stimuli at their best."""
        references = unique(pair.reference for pair in self.benchmark.pairs)
        stimuli = [group for group in self.groups if group.stimulus]
        if len(references) * 4 < len(stimuli):
            columns = 8 if self.first.shape[1] > SMALL else REFERENCES
            return *self._stimuli(stimuli, columns), columns
        some = spread(references, REFERENCES)
        columns = min(REFERENCES, max(len(some), 6))
        cells = [self._cell(key, *broken(key, CAPTION, cell_width(columns))) for key in some]
        return f"References ({len(some)} of {len(references)})", cells, columns

    def human(self, group: Group) -> float:
        """Return what people need of a stimulus, on its ladder's own scale."""
        score = group.pairs[0].score
        return 10.0**score if isinstance(self.benchmark, Thresholds) else score

    def _stimuli(self, every: Sequence[Group], columns: int) -> tuple[str, list[Cell]]:
        """Return title and cells: stimuli as they are, or differences where one is faint even at its best.

        Uniform patches stay what they are: a difference between them is a colour that is in neither.
        """
        some = spread(every, STIMULI)
        title = f"Stimuli at their highest rung ({len(some)} of {len(every)})"
        names = [broken(group.stimulus, CAPTION, cell_width(columns)) for group in some]
        differences = [amplified(*self._both(group.pairs[-1])) for group in some]
        keys = [group.pairs[-1].distorted for group in some]
        if max(factor for _, factor in differences) <= _FAINT or _is_uniform(self.benchmark.image(keys[0])):
            return title, [self._cell(key, *name) for key, name in zip(keys, names, strict=True)]
        cells = [Cell(pixels, name) for (pixels, _), name in zip(differences, names, strict=True)]
        return f"{title}: differences from their backgrounds, amplified", cells

    def _difference(self, group: Group) -> Cell:
        """Return the amplified difference of the last pair, or on a ladder at the rung that people need."""
        pair, below = group.pairs[-1], ""
        if group.stimulus:
            human = self.human(group)
            pair = min(group.pairs, key=lambda one: abs(math.log(rung(one.distorted)[1] / human)))
            below = f"at {rung(pair.distorted)[1]:.4g}"
        pixels, factor = amplified(*self._both(pair))
        words = {0.0: "no difference", 1.0: "difference"}.get(factor, f"difference x {factor:.3g}")
        return Cell(pixels, (words, below))

    def _both(self, pair: Pair) -> tuple[Image, Image]:
        return self.benchmark.image(pair.reference), self.benchmark.image(pair.distorted)

    def _cell(self, key: str, *lines: str, strong: bool = False) -> Cell:
        return Cell(eight_bits(self.benchmark.image(key)), lines, strong)


def _is_uniform(image: Image) -> bool:
    return bool((image == image[0, 0]).all())


def _caption(pair: Pair, group: Group) -> tuple[str, str]:
    if group.stimulus:
        return f"{rung(pair.distorted)[1]:.4g}", ""
    deviation = "" if pair.spread is None else f" ± {pair.spread:.2g}"
    name = f"level {pair.level}" if pair.level.isdecimal() else pair.level or pair.distorted
    return name, f"score {pair.score:.3g}{deviation}"
