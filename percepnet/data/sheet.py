"""`percepnet data show`: a contact sheet of a benchmark, so that a person can see what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from percepnet.data.drawing import FAINT, GAP, WIDTH, stacked, strip, words_block
from percepnet.data.histogram import histogram
from percepnet.data.naming import score_name
from percepnet.data.options import remarks
from percepnet.data.pictures import SMALL, Pictures
from percepnet.data.selection import MOST_PAIRS, MOST_RUNGS, choose, unique
from percepnet.sources.cache import atomic_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL import Image as Pillow

    from percepnet.agreement.contract import FloatArray
    from percepnet.benchmarks.contract import Benchmark
    from percepnet.data.options import Wanted
    from percepnet.data.selection import Choice, Group

NARROW, WIDE = 122, 250
"""Width of a column that a sheet aims at, in pixels."""
_MANY_KINDS = 12


def write_sheet(wanted: Wanted, path: Path) -> Path:
    """Draw the contact sheet of a benchmark and return the PNG file it went to.

    Raises:
        PercepnetError: The benchmark cannot be loaded, an image not decoded, or the file not written.
    """
    with remarks() as notes:
        benchmark = wanted.load()
    picture = draw(benchmark, notes)
    with atomic_file(path) as temporary:
        picture.save(temporary, "PNG", optimize=True)
    return path


def draw(benchmark: Benchmark, notes: Sequence[str] = ()) -> Pillow.Image:
    """Return the contact sheet, 1600 pixels wide: the same for the same benchmark.

    Args:
        benchmark: The benchmark; only images that are shown are decoded.
        notes: What was said when it was loaded.
    """
    return _Sheet(benchmark, Pictures(benchmark)).picture(notes)


@dataclass(frozen=True)
class _Sheet:
    benchmark: Benchmark
    pictures: Pictures

    def picture(self, notes: Sequence[str]) -> Pillow.Image:
        choice = choose(self.pictures.groups, self._columns, 1 + self.pictures.are_faint)
        title, cells, columns = self.pictures.gallery()
        gallery = [strip(cells[at : at + columns], columns) for at in range(0, len(cells), columns)]
        sizes = {cell.pixels.shape[:2] for cell in cells}
        parts = [*self._title(sizes), words_block(title, 20), *gallery]
        parts += [words_block("Examples", 20), *self._examples(choice)]
        parts += [words_block("Scores", 20), histogram(self._scores(), score_name(self.benchmark))]
        parts += [words_block(note, 14, FAINT) for note in (*self._remarks(choice), *notes)]
        return stacked(parts)

    def _title(self, sizes: set[tuple[int, ...]]) -> list[Pillow.Image]:
        pairs = self.benchmark.pairs
        numbers = {
            "pair": len(pairs),
            "reference": len({pair.reference for pair in pairs}),
            "cluster": len({pair.cluster for pair in pairs}),
        }
        counts = ", ".join(f"{count} {word}{'s' * (count != 1)}" for word, count in numbers.items())
        height, width = self.pictures.first.shape[:2]
        others = " and others" if len(sizes) > 1 else ""
        size = f"{width} x {height} pixels{others} ({self.pictures.first.dtype})"
        words = f"{counts} · {size} · manifest {self.benchmark.fingerprint()[:16]}"
        return [words_block(self.benchmark.name, 34, below=2), words_block(words, 16, FAINT, below=14)]

    def _examples(self, choice: Choice) -> list[Pillow.Image]:
        parts: list[Pillow.Image] = []
        before = None
        for row in choice.rows:
            heading = self._heading(row[0])
            parts += [words_block(heading, 15, below=4)] if heading != before else []
            cells = [cell for group in row for cell in self.pictures.series(group)]
            parts.append(strip(cells, self._columns))
            before = heading
        return parts

    def _heading(self, group: Group) -> str:
        if not group.stimulus:
            return group.kind or "all pairs"
        needed = f"people need {self.pictures.human(group):.4g}"
        return " · ".join(part for part in (group.kind, group.stimulus, needed) if part)

    @cached_property
    def _cells_each(self) -> int:
        """Cells of the typical group: reference, distorted images, amplified difference."""
        every = self.pictures.groups
        ladders = [min(len(group.pairs), MOST_RUNGS) for group in every if group.stimulus]
        others = sorted(min(len(group.pairs), MOST_PAIRS) for group in every if not group.stimulus)
        middle = others[len(others) // 2] if others else 0
        return 1 + max([middle, *ladders]) + self.pictures.are_faint

    @cached_property
    def _columns(self) -> int:
        kinds = unique(group.kind for group in self.pictures.groups)
        wide = self.pictures.first.shape[1]
        width = min(max((2 * wide if 2 * wide <= SMALL else wide) + GAP, NARROW), WIDE)
        most = WIDTH // (NARROW if len(kinds) > _MANY_KINDS else width)
        return max(1, most // self._cells_each) * self._cells_each

    def _scores(self) -> FloatArray:
        """Return the scores of all pairs; of an experiment of nothing but ladders, one per stimulus."""
        every = self.pictures.groups
        loose = [pair.score for group in every if not group.stimulus for pair in group.pairs]
        return np.array(loose or [group.pairs[0].score for group in every])

    def _remarks(self, choice: Choice) -> list[str]:
        said = [f"Shown are {', '.join(choice.left_out)}."] if choice.left_out else []
        if any(group.stimulus for group in self.pictures.groups):
            said.append("The number below a stimulus is its rung: its contrast, or the size of its change.")
        if self.pictures.is_float:
            said.append(
                "Images are computed in 32-bit floating point. Here they are rounded to 8 bits, which hides"
                " differences below 1/255, and large ones are reduced, which makes the finest lines fade."
            )
        return said
