import hashlib

import numpy as np
import pytest

from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.files import ImageFiles
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.data.inspection import breach, byte_identical, duplicates, identical, inspect
from percepnet.errors import InputError
from tests.fakes import MemoryBenchmark, memory_benchmark


def seen(benchmark):
    ticks = []
    found = inspect(benchmark, lambda: ticks.append(1))
    assert len(ticks) == len(benchmark.pairs)
    return found


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_every_image_is_decoded_once_and_described(dtype):
    benchmark = memory_benchmark(dtype=dtype)
    found = seen(benchmark)
    assert sorted(benchmark.reads) == sorted(benchmark.images)
    assert not found.problems
    for key, facts in found.images.items():
        image = benchmark.images[key]
        assert (facts.height, facts.width, facts.dtype) == (19, 23, image.dtype.name)
        assert facts.digest == hashlib.sha256(image.tobytes()).hexdigest()


def test_the_distance_is_the_root_mean_square_in_shares_of_white():
    images = {"r": np.zeros((2, 2, 3), np.uint8), "d": np.full((2, 2, 3), 51, np.uint8)}
    images |= {"f": np.zeros((2, 2, 3), np.float32), "g": np.full((2, 2, 3), 0.25, np.float32)}
    pairs = [Pair("r", "d", "r", 1.0), Pair("f", "g", "f", 1.0)]
    assert seen(MemoryBenchmark(images, pairs)).rmse == [0.2, 0.25]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4), np.uint8), "its shape is"),
        (np.zeros((4, 4, 4), np.uint8), "its shape is"),
        (np.zeros((0, 4, 3), np.uint8), "its shape is"),
        (np.zeros((4, 4, 3), np.uint16), "uint16"),
        (np.zeros((4, 4, 3), np.float64), "float64"),
        (np.full((4, 4, 3), np.nan, np.float32), "no numbers"),
        (np.full((4, 4, 3), 1.01, np.float32), "beyond"),
        (np.full((4, 4, 3), -0.01, np.float32), "beyond"),
    ],
)
def test_an_image_against_the_contract_is_a_problem(image, message):
    assert message in breach(image)
    benchmark = memory_benchmark()
    benchmark.images["r1d2"] = image
    found = seen(benchmark)
    assert list(found.problems) == ["r1d2"]
    assert message in found.problems["r1d2"]
    assert np.isnan(found.rmse).sum() == 1


def test_all_broken_images_are_listed_each_once():
    benchmark = memory_benchmark()

    def image(key):
        benchmark.reads.append(key)
        if key in {"r0", "r2d1", "r2d3"}:
            raise InputError(f"{key} is cut off")
        return benchmark.images[key]

    benchmark.image = image
    found = seen(benchmark)
    assert list(found.problems) == ["r0", "r2d1", "r2d3"]
    assert len(found.images) == 18 - 3
    assert benchmark.reads.count("r0") == 1
    assert np.isnan(found.rmse).sum() == 5 + 2


def test_images_of_a_pair_that_differ_in_size_are_a_problem_of_the_pair():
    benchmark = memory_benchmark()
    benchmark.images["r1d2"] = np.zeros((19, 22, 3), np.uint8)
    assert list(seen(benchmark).problems.values()) == [
        "The images of the pair r1 - r1d2 differ in size: 23 x 19 and 22 x 19"
    ]


def test_identical_pairs_and_duplicates_are_told_apart():
    benchmark = memory_benchmark()
    images = benchmark.images
    images["r0d1"] = images["r0"].copy()
    images["r1d1"] = images["r2d4"].copy()
    images["r2d0"] = images["r2d4"].copy()
    found = seen(benchmark)
    assert [pair.distorted for pair in identical(benchmark, found.images)] == ["r0d1"]
    assert duplicates(benchmark, found.images) == [["r1d1", "r2d0", "r2d4"]]
    assert byte_identical(benchmark, [["r1d1", "r2d0"]]) == []


def test_the_same_bytes_in_another_shape_are_another_image():
    images = {"r": np.zeros((2, 3, 3), np.uint8), "d": np.ones((2, 3, 3), np.uint8)}
    images |= {"s": np.zeros((3, 2, 3), np.uint8), "e": np.full((3, 2, 3), 2, np.uint8)}
    benchmark = MemoryBenchmark(images, [Pair("r", "d", "r", 1.0), Pair("s", "e", "s", 1.0)])
    assert duplicates(benchmark, seen(benchmark).images) == []


def test_files_that_are_the_same_byte_by_byte_are_counted(tmp_path):
    from PIL import Image

    picture = Image.new("RGB", (4, 4), (1, 2, 3))
    names = {"a": "a.bmp", "b": "b.bmp", "c": "c.png", "d": "d.png"}
    for name in names.values():
        picture.save(tmp_path / name)
    images = ImageFiles({key: tmp_path / name for key, name in names.items()})
    benchmark = OpinionScores("x", (), images, higher_is_better=True)
    assert byte_identical(benchmark, [["a", "b"], ["a", "c"], ["c", "d"]]) == [["a", "b"], ["c", "d"]]
