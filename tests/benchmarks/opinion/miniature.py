"""A TID2013 of 2 references, 3 types and 2 levels, with the original's names and quirks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from percepnet.benchmarks.opinion.tid import TID2013

if TYPE_CHECKING:
    from pathlib import Path

    from percepnet.benchmarks.opinion.benchmark import OpinionScores

HEIGHT, WIDTH = 6, 8


@dataclass(frozen=True)
class Miniature:
    root: Path

    @property
    def scores(self) -> Path:
        return self.root / "mos_with_names.txt"

    @property
    def spreads(self) -> Path:
        return self.root / "mos_std.txt"

    def distorted(self, name: str) -> Path:
        return self.root / "distorted_images" / name

    def reference(self, name: str) -> Path:
        return self.root / "reference_images" / name

    def rows(self) -> list[str]:
        return self.scores.read_text().splitlines()

    def write_rows(self, rows: list[str]) -> None:
        self.scores.write_text("\r\n".join(rows) + "\r\n")

    def load(self, root: Path | None = None, **settings: Any) -> OpinionScores:
        config = TID2013("tid2013", str(root or self.root), 2, 3, 2, HEIGHT, WIDTH)
        return replace(config, **settings).load(self.root, (), network=False)


def build(root: Path) -> Miniature:
    """Write the database: references in mixed case, the first score row in upper case, CRLF ends."""
    generator = np.random.default_rng(7)
    mini = Miniature(root)
    for folder in ("reference_images", "distorted_images"):
        (root / folder).mkdir(parents=True)
    for name in ("I01.BMP", "i02.bmp"):
        _picture(generator, mini.reference(name))
    rows = []
    for reference, kind, level in product((1, 2), (1, 2, 3), (1, 2)):
        name = f"i{reference:02d}_{kind:02d}_{level}.bmp"
        _picture(generator, mini.distorted(name.upper() if level == 2 else name))
        rows.append(f"{generator.uniform(1, 8):.5f} {name}")
    mini.write_rows([rows[0].replace("i01", "I01"), *rows[1:]])
    mini.spreads.write_text("\r\n".join(f"{0.1 + n / 100:.5f}" for n in range(len(rows))) + "\r\n")
    return mini


def _picture(generator: np.random.Generator, path: Path) -> None:
    Image.fromarray(generator.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)).save(path)
