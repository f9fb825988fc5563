"""BAPPS, NIGHTS and PieAPP in small, with the names and the quirks of the originals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from percepnet.benchmarks.choice.bapps import BAPPS, BAPPSJND
from percepnet.benchmarks.choice.nights import NIGHTS
from percepnet.benchmarks.choice.pieapp import PieAPP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

TRIPLETS = {"traditional": 5, "cnn": 4}
EDGE = 8


@dataclass(frozen=True)
class Miniature:
    """A data set in small, and the settings with which it is read."""

    root: Path
    config: Any

    def load(self, root: Path | None = None, **settings: Any) -> Any:
        config = replace(self.config, root=str(root or self.root), **settings)
        return config.load(self.root, (), network=False)

    def lines(self, name: str) -> list[str]:
        return (self.root / name).read_text(encoding="utf-8").splitlines()

    def write_lines(self, name: str, lines: Sequence[str]) -> None:
        (self.root / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def change(self, name: str, line: int, column: int, value: str) -> None:
        """Put `value` into a table, its header being line 0."""
        lines = self.lines(name)
        fields = lines[line].split(",")
        fields[column] = value
        self.write_lines(name, [*lines[:line], ",".join(fields), *lines[line + 1 :]])


def picture(path: Path, seed: int, edge: int = EDGE, **how: Any) -> None:
    """Write noise of `edge` x `edge` pixels; `mode` converts it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (edge, edge, 3), dtype=np.uint8)
    Image.fromarray(noise).convert(how.get("mode", "RGB")).save(path)


def _vote(path: Path, share: float, dtype: Callable[[float], Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.array([dtype(share)]))


def bapps(root: Path) -> Miniature:
    """Two families; votes in 32 and in 64 bits, some names in upper case, patches twice as large in one."""
    for family, count in TRIPLETS.items():
        for number in range(count):
            folder = root / "2afc" / "val" / family
            suffix = "PNG" if number == 3 else "png"
            for at, part in enumerate(("ref", "p0", "p1")):
                edge = 2 * EDGE if family == "cnn" else EDGE
                picture(folder / part / f"{number:06d}.{suffix}", 10 * number + at, edge)
            dtype = np.float32 if family == "cnn" else np.float64
            _vote(folder / "judge" / f"{number:06d}.npy", number / 5, dtype)
    return Miniature(
        root, BAPPS(families=list(TRIPLETS), triplets=TRIPLETS, size=EDGE, pixels=[EDGE, 2 * EDGE])
    )


def bapps_jnd(root: Path) -> Miniature:
    for family, count in TRIPLETS.items():
        for number in range(count):
            folder = root / "jnd" / "val" / family
            for at, part in enumerate(("p0", "p1")):
                picture(folder / part / f"{number:06d}.png", 10 * number + at)
            _vote(folder / "same" / f"{number:06d}.npy", (number % 4) / 3, np.float32)
    return Miniature(root, BAPPSJND(pairs=TRIPLETS, size=EDGE, pixels=[EDGE]))


NIGHTS_HEADER = "id,left_vote,right_vote,votes,ref_path,left_path,right_path,prompt,split,is_imagenet"


def nights(root: Path) -> Miniature:
    """Nine triplets in two folders, one of five votes, categories with a comma in quotation marks."""
    rows = [NIGHTS_HEADER]
    for number in range(9):
        name = f"{number % 2:03d}/{7 * number:03d}"
        images = (f"ref/{name}.png", f"distort/{name}_0.png", f"distort/{name}_1.png")
        for at, image in enumerate(images):
            picture(root / image, 10 * number + at)
        split = ("test", "test", "test", "val", "train")[number % 5]
        votes = 5 if number == 6 else 6 + number
        prompt = '"crane, bird"' if number == 0 else "tench"
        fields = (number, (number + 1) % 2, number % 2, votes, *images, prompt, split, number < 4)
        rows.append(",".join(map(str, fields)))
    mini = Miniature(root, NIGHTS(triplets=9, size=EDGE // 2, pixels=[EDGE]))
    mini.write_lines("data.csv", rows)
    (root / "README.md").write_text("NIGHTS")
    return mini


def pieapp(root: Path) -> Miniature:
    """Two references of each split: test with the reference among the compared, val with gaps."""
    header = "ref. image, distorted image A, distorted image B, "
    for split, first in (("test", 161), ("val", 141)):
        for number in (first, first + 1):
            rows = [header + _preference_columns(split)]
            rows += _preferences(split, number)
            (root / f"labels/{split}").mkdir(parents=True, exist_ok=True)
            table = root / f"labels/{split}/ref_{number}_pairwise_labels.csv"
            table.write_text("\n".join(rows) + "\n")
            picture(root / f"reference_images/{split}/ref_{number}.png", number)
            for name in _images(split, number):
                picture(root / f"distorted_images/{split}/ref_{number}/{name}", len(name) + number)
        (root / f"labels/{split}/ref_{first}_per_image_score.csv").write_text("ref. image\n")
    (root / "TERMS_OF_USE.pdf").write_bytes(b"%PDF")
    return Miniature(root, PieAPP(references=2, pairs=6, size=EDGE))


def _images(split: str, number: int) -> list[str]:
    if split == "test":
        return [
            f"distort_{number}_{kind}_2.png" for kind in ("deblurTikanov_motion", "swirlTransform", "jpeg")
        ]
    return [
        f"distort_{number}_gaussianBlurv2_inter_5.png",
        f"distort_{number}_maskedNoisev2_inter_5.png",
        f"distort_{number}_changeSaturation_intra_1.png",
        f"distort_{number}_changeSaturation_intra_2.png",
    ]


def _preference_columns(split: str) -> str:
    if split == "test":
        return "preference for A"
    return "raw preference for A, processed preference for A"


def _preferences(split: str, number: int) -> list[str]:
    reference = f"ref_{number}.png"
    images = [reference, *_images(split, number)] if split == "test" else _images(split, number)
    rows = []
    for at, pair in enumerate(combinations(images, 2)):
        shares = f"{at / 8:g}" if split == "test" else f"{'' if at == 2 else at / 8},{at / 8 + 0.01:g}"
        rows.append(",".join((reference, *pair, shares)))
    return rows
