import csv
import shutil

import numpy as np
import pytest
from PIL import Image

from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.files import ImageFiles
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.data.inspection import inspect
from percepnet.data.published import deviations, psnr_list, wrong
from percepnet.errors import InputError


def benchmark_of(folder):
    paths = {"i19": folder / "reference_images" / "I19.BMP"}
    paths |= {"i19_10_5": folder / "distorted_images" / "i19_10_5.bmp"}
    return OpinionScores(
        "x", (Pair("i19", "i19_10_5", "i19", 1.0),), ImageFiles(paths), higher_is_better=True
    )


def off_by(benchmark):
    return deviations(benchmark, inspect(benchmark, int).rmse, psnr_list(benchmark))


@pytest.fixture
def folder(tmp_path):
    for name in ("reference_images", "distorted_images"):
        (tmp_path / name).mkdir()
    noise = np.random.default_rng(0).integers(0, 200, (8, 8, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "reference_images" / "I19.BMP")
    Image.fromarray(noise + np.uint8(51)).save(tmp_path / "distorted_images" / "i19_10_5.bmp")
    return tmp_path


def write(folder, text):
    (folder / "PSNR.csv").write_text(text)


def test_an_original_pair_of_tid2013_has_its_published_psnr(shared_data, tmp_path):
    tid = shared_data / "tid2013"
    for name, part in (("reference_images/I19.BMP", "ref"), ("distorted_images/i19_10_5.bmp", "dist")):
        (tmp_path / name).parent.mkdir()
        shutil.copy(tid / "golden" / part / "I19.bmp", tmp_path / name)
    shutil.copy(tid / "psnr.csv", tmp_path)
    benchmark = benchmark_of(tmp_path)
    assert set(psnr_list(benchmark)) == {"i19_10_5"}
    assert off_by(benchmark)["i19_10_5"] < 0.001
    shutil.copy(tid / "golden" / "dist" / "I08.bmp", tmp_path / "distorted_images" / "i19_10_5.bmp")
    [words] = wrong(off_by(benchmark))
    assert "i19_10_5 is not the original" in words


def test_letter_case_of_list_and_names_does_not_matter(folder):
    write(folder, "dis,ref,mos,pred\nI19_10_5.BMP,I19.BMP,1,13.9794\n")
    off = off_by(benchmark_of(folder))
    assert off["i19_10_5"] == pytest.approx(abs(-20 * np.log10(0.2) - 13.9794))
    assert wrong(off) == []


def test_an_image_that_is_the_reference_itself_is_not_the_original(folder):
    write(folder, "dis,ref,mos,pred\ni19_10_5.bmp,I19.BMP,1,13.9794\n")
    shutil.copy(folder / "reference_images" / "I19.BMP", folder / "distorted_images" / "i19_10_5.bmp")
    assert len(wrong(off_by(benchmark_of(folder)))) == 1


def test_without_a_list_or_with_another_table_nothing_is_known(folder):
    assert psnr_list(benchmark_of(folder)) == {}
    write(folder, "file,psnr\ni19_10_5.bmp,13\n")
    assert psnr_list(benchmark_of(folder)) == {}
    write(folder, "dis,pred\nanother.bmp,13\n")
    assert psnr_list(benchmark_of(folder)) == {}


def test_a_damaged_list_is_refused(folder):
    write(folder, "dis,pred\ni19_10_5.bmp,\n")
    with pytest.raises(InputError, match="published PSNR"):
        psnr_list(benchmark_of(folder))


def test_the_published_list_is_a_csv_of_3000_rows(shared_data):
    with (shared_data / "tid2013" / "psnr.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == 3000
