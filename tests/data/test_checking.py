import csv
import hashlib

import numpy as np
import pytest
from PIL import Image

from percepnet.cli import main
from percepnet.data.manifest_file import COLUMNS, write_manifest
from percepnet.data.options import chosen
from tests.fakes import miniature_tid2013


@pytest.fixture
def words(tmp_path):
    overrides = miniature_tid2013(tmp_path / "tid", references=2, types=3, levels=2, size=(16, 24))
    return ["tid2013", *overrides[1:], "--cache", str(tmp_path / "cache")]


def check(capsys, words, *more, fails=False):
    if fails:
        with pytest.raises(SystemExit, match="1"):
            main(["data", "check", *words, *more])
    else:
        main(["data", "check", *words, *more])
    return " ".join(capsys.readouterr().out.split())


def distorted(tmp_path, name):
    return tmp_path / "tid" / "distorted_images" / name


def test_a_whole_database_is_summed_up_and_nothing_is_wrong(capsys, words):
    shown = check(capsys, words)
    for line in (
        "pairs 12 of 2 references; 14 images",
        "images 24 x 16, uint8",
        "clusters 2",
        "kinds 3:",
        "levels 2: 1 6, 2 6",
        "mean opinion score, higher is better",
        "spreads known for 12 of 12 pairs",
        "pixel RMSE srcc -0.",
        "ceiling srcc -0.",
        "(replication: spread of the mean opinions)",
        "identical no pair",
        "duplicates none",
        "excluded nothing",
        "fingerprints none published",
        "tid2013: nothing is wrong",
    ):
        assert line in shown
    assert "problem:" not in shown


def test_every_broken_image_is_listed_and_the_command_fails(capsys, words, tmp_path):
    for name in ("i01_02_1.bmp", "i02_03_2.bmp"):
        path = distorted(tmp_path, name)
        path.write_bytes(path.read_bytes()[:200])
    Image.new("L", (24, 16)).save(distorted(tmp_path, "i02_01_1.bmp"))
    Image.new("RGB", (24, 17)).save(tmp_path / "tid" / "reference_images" / "I02.BMP")
    manifest = tmp_path / "manifest.csv"
    shown = check(capsys, words, "--manifest", str(manifest), fails=True)
    for name in ("i01_02_1.bmp", "i02_03_2.bmp", "i02_01_1.bmp", "I02.BMP"):
        assert name in shown
    assert shown.count("problem:") == 4
    assert "4 problems" in shown
    assert "not scored, as images are broken" in shown
    assert not manifest.exists()


def test_odd_things_are_told_and_are_no_problem(capsys, words, tmp_path):
    reference = tmp_path / "tid" / "reference_images" / "I01.BMP"
    distorted(tmp_path, "i01_01_1.bmp").write_bytes(reference.read_bytes())
    distorted(tmp_path, "i02_01_1.bmp").write_bytes(distorted(tmp_path, "i02_02_1.bmp").read_bytes())
    Image.new("RGB", (24, 16)).save(distorted(tmp_path, "i99_01_1.bmp"))
    shown = check(capsys, words)
    assert "identical 1 pairs, whose distance is 0: i01_01_1" in shown
    assert "1 images under several keys (1 byte by byte): i02_01_1 = i02_02_1" in shown
    assert "note:" in shown
    assert "i99_01_1.bmp" in shown
    assert "nothing is wrong" in shown


def test_published_psnr_beside_the_scores_is_compared(capsys, words, tmp_path):
    pixels = np.asarray(Image.open(distorted(tmp_path, "i01_01_1.bmp")), float)
    reference = np.asarray(Image.open(tmp_path / "tid" / "reference_images" / "I01.BMP"), float)
    psnr = 10 * np.log10(255**2 / np.mean((pixels - reference) ** 2))
    table = tmp_path / "tid" / "psnr.csv"
    table.write_text(f"dis,ref,mos,pred\ni01_01_1.bmp,i01.bmp,1,{psnr}\n")
    assert "published PSNR of 1 of 12 pairs, at most 0.0000 dB off" in check(capsys, words)
    table.write_text(f"dis,ref,mos,pred\ni01_01_1.bmp,i01.bmp,1,{psnr + 0.003}\n")
    shown = check(capsys, words, fails=True)
    assert "problem: The pair of i01_01_1 is not the original: its PSNR is off by 0.0030 dB" in shown


def test_the_manifest_holds_every_pair_with_the_hash_of_its_pixels(capsys, words, tmp_path):
    path = tmp_path / "out" / "manifest.csv"
    shown = check(capsys, words, "--manifest", str(path))
    assert "12 rows in" in shown
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    [wanted] = chosen(words[:-2], None, tmp_path)
    benchmark = wanted.load()
    assert list(rows[0]) == list(COLUMNS)
    assert [(row["reference"], row["distorted"]) for row in rows] == [
        (pair.reference, pair.distorted) for pair in benchmark.pairs
    ]
    for row, pair in zip(rows, benchmark.pairs, strict=True):
        assert float(row["score"]) == pair.score
        assert float(row["spread"]) == pair.spread
        assert (row["height"], row["width"]) == ("16", "24")
        for part in ("reference", "distorted"):
            pixels = benchmark.image(getattr(pair, part))
            assert row[f"{part}_sha256"] == hashlib.sha256(pixels.tobytes()).hexdigest()
    assert [other.name for other in path.parent.iterdir()] == ["manifest.csv"]


def test_a_manifest_that_cannot_be_finished_leaves_the_old_one(tmp_path, words):
    path = tmp_path / "manifest.csv"
    path.write_text("old")
    [wanted] = chosen(words[:-2], None, tmp_path)
    with pytest.raises(KeyError):
        write_manifest(path, wanted.load(), {})
    assert path.read_text() == "old"


def test_several_benchmarks_are_checked_although_one_cannot_be_loaded(capsys, words):
    shown = check(capsys, ["csiq", *words], fails=True)
    assert "csiq: 1 problem" in shown
    assert "tid2013: nothing is wrong" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tid2031"], "did you mean tid2013"),
        (["tid2013", "csiq", "--manifest", "m.csv"], "several benchmarks"),
    ],
)
def test_a_wrong_command_is_answered_before_anything_is_loaded(arguments, message):
    with pytest.raises(SystemExit, match=message):
        main(["data", "check", *arguments])


def test_a_benchmark_without_its_folder_says_what_to_do(capsys):
    shown = check(capsys, ["tid2008"], fails=True)
    assert "benchmark.root=FOLDER" in shown


def test_what_was_excluded_is_told_with_its_reasons(capsys):
    shown = check(capsys, ["macadam", "size=2"])
    assert "excluded 11: its centre is outside sRGB (01, 04" in shown
    assert "pairs 972 of 14 references" in shown


@pytest.mark.slow
def test_the_plainest_distance_has_its_known_answer_on_the_rebuilt_pairs(capsys, shared_data):
    shown = check(capsys, ["tid2013_kodak", "--root", str(shared_data)])
    assert "pixel RMSE srcc -0.476, krcc -0.333, plcc -0.387" in shown
    assert "every pair has its published PSNR, within 0.0007 dB" in shown
