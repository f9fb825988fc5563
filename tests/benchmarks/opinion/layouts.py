"""Every database in small, with the names and quirks of its original folder."""

from __future__ import annotations

import dataclasses
import struct
import zlib
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from scipy.io import savemat

from percepnet.benchmarks.opinion.csiq import COLUMNS, CSIQ, TYPES
from percepnet.benchmarks.opinion.kadid10k import KADID10k
from percepnet.benchmarks.opinion.live import FOLDERS, LIVE
from percepnet.benchmarks.opinion.pairs_csv import PairsCSV
from percepnet.benchmarks.opinion.pipal import PIPAL
from percepnet.benchmarks.opinion.tid import TID2008, TID2013

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from percepnet.benchmarks.opinion.benchmark import OpinionScores

HEIGHT, WIDTH = 12, 10
SIZE: dict[str, Any] = {"height": HEIGHT, "width": WIDTH}
Rows = list[list[Any]]


@dataclass
class Layout:
    """A database in small.

    Attributes:
        config: Its settings.
        folder: Where it lies.
        rows: Its score file, a list per row.
        score: Column of the score.
        write: Writes a score file with these rows.
        victim: Key and file of the distorted image that tests damage: the first row's.
    """

    config: Any
    folder: Path
    rows: Rows
    score: int
    write: Callable[[Rows], None]
    victim: tuple[str, Path]

    def load(self, root: Path | None = None, **settings: Any) -> OpinionScores:
        config = dataclasses.replace(self.config, **({"root": str(root)} if root else {}), **settings)
        benchmark: OpinionScores = config.load(self.folder, (), network=False)
        return benchmark

    def with_first_score(self, score: Any) -> Rows:
        first = [score if at == self.score else cell for at, cell in enumerate(self.rows[0])]
        return [first, *self.rows[1:]]


def picture(path: Path, mode: str = "RGB", size: tuple[int, int] = (WIDTH, HEIGHT), form: str = "") -> None:
    """Write an image of random pixels; `form` tells its format where the name does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(zlib.crc32(path.name.encode())).integers(
        0, 256, (*size[::-1], 3), dtype=np.uint8
    )
    Image.fromarray(noise).convert(mode).save(path, format=form or None)


def deep_picture(path: Path) -> None:
    """Write a PNG of 16 bits per channel, which Pillow cannot."""
    lines = b"".join(b"\0" + b"\x12\x34" * 3 * WIDTH for _ in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    blocks = [struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(blocks))


def tid(folder: Path, config: type[TID2013]) -> Layout:
    """References in mixed case, the first score row in upper case, CRLF ends."""
    for name in ("I01.BMP", "i02.bmp"):
        picture(folder / "reference_images" / name)
    (folder / "reference_images" / "Thumbs.db").write_bytes(b"\xd0\xcf")
    rows: Rows = []
    for reference, kind, level in product((1, 2), (1, 2, 3), (1, 2)):
        name = f"i{reference:02d}_{kind:02d}_{level}.bmp"
        picture(folder / "distorted_images" / (name.upper() if level == 2 else name))
        rows.append([f"{7.0 - kind - level / 2:.5f}", name if rows else "I01_01_1.bmp"])
    path = folder / "mos_with_names.txt"
    settings: dict[str, Any] = {"references": 2, "types": 3, "levels": 2, **SIZE}
    victim = ("i01_01_1", folder / "distorted_images" / "i01_01_1.bmp")
    return _made(config(root=str(folder), **settings), folder, rows, 0, _text(path, " "), victim)


def kadid10k(folder: Path) -> Layout:
    """References and distorted images in one folder, a table with a header."""
    rows: Rows = []
    for reference in (1, 2):
        picture(folder / "images" / f"I{reference:02d}.png")
        for kind, level in product((1, 2, 3), (1, 2)):
            name = f"I{reference:02d}_{kind:02d}_{level:02d}.png"
            picture(folder / "images" / name)
            rows.append([name, f"I{reference:02d}.png", f"{4.57 - kind / 10 - level / 5:.2f}", "0.496"])
    write = _text(folder / "dmos.csv", ",", "dist_img,ref_img,dmos,var")
    config = KADID10k(root=str(folder), references=2, types=3, levels=2, **SIZE)
    victim = ("I01_01_01", folder / "images" / "I01_01_01.png")
    return _made(config, folder, rows, 2, write, victim)


def csiq(folder: Path) -> Layout:
    """One image called by a number, lower-case folders, a sheet that begins at D4 and has a title."""
    rows: Rows = []
    for reference in (1600, "elk"):
        picture(folder / "src_imgs" / f"{reference}.png")
        for index, (kind, token) in enumerate(TYPES.items(), start=1):
            for level in (1, 2):
                if (reference, kind, level) == ("elk", "contrast", 2):
                    continue
                picture(folder / "dst_imgs" / token.lower() / f"{reference}.{token}.{level}.png")
                rows.append([reference, index, kind, level, 0.05 * level, index / 10 + level / 50])
    config = CSIQ(root=str(folder), pairs=len(rows), **SIZE)
    victim = ("1600.AWGN.1", folder / "dst_imgs" / "awgn" / "1600.AWGN.1.png")
    return _made(config, folder, rows, 5, lambda some: sheet(folder / "csiq.DMOS.xlsx", some), victim)


def sheet(path: Path, rows: Rows) -> None:
    """Write CSIQ's spreadsheet: the table begins in column D, below its title, beside another sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "all_by_distortion"
    page = book.create_sheet("all_by_image")
    page["D2"] = "CSIQ"
    for line, row in enumerate([list(COLUMNS), *rows], start=4):
        for place, cell in enumerate(row, start=4):
            page.cell(line, place, cell)
    book.save(path)
    book.close()


def live(folder: Path) -> Layout:
    """Five folders numbered through, a copy of a reference in each, two MATLAB files, two sizes."""
    scenes = {"bikes": (WIDTH, HEIGHT), "woman": (HEIGHT, WIDTH)}
    for scene, size in scenes.items():
        picture(folder / "refimgs" / f"{scene}.bmp", size=size)
    counts = (5, 3, 3, 3, 3)
    rows: Rows = []
    for kind, count in zip(FOLDERS, counts, strict=True):
        for at in range(1, count + 1):
            scene = ("woman", "bikes")[at % 2]
            picture(folder / kind / f"img{at}.bmp", size=scenes[scene])
            rows.append([10.0 * at + len(kind), 11.0, at == count, f"{scene}.bmp"])
        (folder / kind / "info.txt").write_text("bikes.bmp img1.bmp 0.5\n")
    config = LIVE(root=str(folder), counts=counts, pairs=sum(counts) - len(counts))
    victim = ("jp2k/img1", folder / "jp2k" / "img1.bmp")
    return _made(config, folder, rows, 0, lambda some: matlab(folder, some), victim)


def matlab(folder: Path, rows: Rows) -> None:
    """Write LIVE's MATLAB files: rows of numbers, and a cell array of names."""
    dmos, std, copies, names = zip(*rows, strict=True)
    content = {
        "dmos_new": np.array(dmos),
        "dmos_std": np.array(std),
        "orgs": np.array(copies, dtype=np.uint8),
    }
    savemat(folder / "dmos_realigned.mat", content)
    savemat(folder / "refnames_all.mat", {"refnames_all": np.array([names], dtype=object)})


def pipal(folder: Path) -> Layout:
    """Distorted images over four folders, a text file with commas per reference."""
    groups = (2, 1, 1, 1, 1, 1, 1)
    rows: Rows = []
    for at, reference in enumerate(("A0001", "A0060", "A0121", "A0185")):
        picture(folder / "Train_Ref" / f"{reference}.bmp")
        for group, count in enumerate(groups):
            for number in range(count):
                name = f"{reference}_{group:02d}_{number:02d}.bmp"
                picture(folder / f"Distortion_{at + 1}" / name)
                rows.append([name, f"{1500.0 - 40 * group - number:.4f}"])
    config = PIPAL(root=str(folder), references=4, groups=groups, **SIZE)
    victim = ("A0001_00_00", folder / "Distortion_1" / "A0001_00_00.bmp")

    def write(some: Rows) -> None:
        (folder / "Train_Label").mkdir(exist_ok=True)
        for reference in dict.fromkeys(row[0][:5] for row in some):
            own = [row for row in some if row[0].startswith(reference)]
            _text(folder / "Train_Label" / f"{reference}.txt", ",")(own)

    return _made(config, folder, rows, 1, write, victim)


def pairs_csv(folder: Path) -> Layout:
    """A list of one's own with every optional column, and paths of both kinds of slashes."""
    rows: Rows = []
    for reference in ("dog", "cat"):
        picture(folder / "clean" / f"{reference}.png")
        for level in (1, 2, 3):
            picture(folder / "coded" / f"{reference}_{level}.png")
            slashes = f"coded\\{reference}_{level}.png" if level == 3 else f"coded/{reference}_{level}.png"
            rows.append(
                [f"clean/{reference}.png", slashes, f"{5 - level}", "0.2", reference, "webp", f"{level}"]
            )
    path = folder / "pairs.csv"
    write = _text(path, ",", "Reference,Distorted,Score,Spread,Cluster,Type,Level")
    victim = ("coded/dog_1.png", folder / "coded" / "dog_1.png")
    return _made(PairsCSV(root=str(path), higher_is_better=True), folder, rows, 2, write, victim)


LAYOUTS: dict[str, Callable[[Path], Layout]] = {
    "tid2008": lambda folder: tid(folder, TID2008),
    "tid2013": lambda folder: tid(folder, TID2013),
    "kadid10k": kadid10k,
    "csiq": csiq,
    "live": live,
    "pipal": pipal,
    "pairs_csv": pairs_csv,
}


def _made(
    config: Any,
    folder: Path,
    rows: Rows,
    score: int,
    write: Callable[[Rows], None],
    victim: tuple[str, Path],
) -> Layout:
    write(rows)
    return Layout(config, folder, rows, score, write, victim)


def _text(path: Path, between: str, header: str = "") -> Callable[[Rows], None]:
    def write(rows: Rows) -> None:
        lines = [header] * bool(header) + [between.join(map(str, row)) for row in rows]
        path.write_bytes("".join(f"{line}\r\n" for line in lines).encode())

    return write
