import logging
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from percepnet.benchmarks.image_cache import Decoded, pixels_of
from percepnet.benchmarks.manifest import unique_keys
from percepnet.cell import run_cell
from percepnet.config import run_id
from percepnet.errors import InputError
from percepnet.responses.extraction import Compute, extract
from percepnet.results.rows import read_run
from tests.fakes import memory_benchmark, tiny_network

ROOT = Path(__file__).parents[2]


def file_of(benchmark, folder):
    return folder / benchmark.fingerprint()[:32] / "pixels"


def test_every_image_is_what_the_benchmark_gives_and_is_decoded_once(tmp_path):
    benchmark = memory_benchmark()
    for _ in range(3):
        decoded = Decoded(benchmark, tmp_path)
        for key, image in benchmark.images.items():
            assert np.array_equal(decoded.image(key), image)
            assert type(decoded.image(key)) is np.ndarray
            assert decoded.image(key).flags.writeable
    # one more look at the first image tells whether images are decoded at all
    assert sorted(benchmark.reads[1:]) == sorted(unique_keys(benchmark.pairs))


def test_images_of_different_sizes_lie_in_one_file(tmp_path):
    benchmark = memory_benchmark()
    benchmark.images["r1d2"] = np.full((1, 2, 3), 7, np.uint8)
    assert np.array_equal(Decoded(benchmark, tmp_path).image("r1d2"), benchmark.images["r1d2"])
    content = sum(image.nbytes for image in benchmark.images.values())
    assert content < file_of(benchmark, tmp_path).stat().st_size < content + 2000


def test_it_is_the_benchmark_in_everything_else(tmp_path, bootstrap):
    benchmark = memory_benchmark()
    decoded = Decoded(benchmark, tmp_path)
    assert (decoded.name, decoded.pairs) == (benchmark.name, benchmark.pairs)
    assert decoded.fingerprint() == benchmark.fingerprint()
    distances = np.arange(15.0)[np.newaxis]
    assert str(decoded.agreement(distances, bootstrap)) == str(benchmark.agreement(distances, bootstrap))
    assert not list(tmp_path.iterdir())


def test_drawn_images_pass_through_and_leave_no_file(tmp_path):
    benchmark = memory_benchmark(dtype=np.float32)
    image = Decoded(benchmark, tmp_path).image("r1d2")
    assert image is benchmark.images["r1d2"]
    assert not list(tmp_path.iterdir())


def test_a_worker_opens_the_map_itself(tmp_path):
    benchmark = memory_benchmark(size=(64, 64))
    decoded = Decoded(benchmark, tmp_path)
    decoded.image("r0")
    before = len(pickle.dumps(Decoded(benchmark, tmp_path)))
    packed = pickle.dumps(decoded)
    assert len(packed) == before
    again = pickle.loads(packed)
    benchmark.images.clear()
    assert again.image("r0").shape == (64, 64, 3)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_extraction_gives_the_same_numbers_to_the_last_bit(tmp_path, workers):
    found = []
    for name, wrap in (("plain", lambda b: b), ("decoded", lambda b: Decoded(b, tmp_path / "images"))):
        compute = Compute(device="cpu", batch=4, workers=workers if name == "decoded" else 0)
        entry, passed = extract(
            tiny_network(), wrap(memory_benchmark()), ["squared_difference"], compute, tmp_path / name
        )
        assert passed == 18
        found.append(list(entry.shards(entry.taps, ["squared_difference"])))
    for plain, decoded in zip(*found, strict=True):
        for tap, kinds in plain.items():
            for kind, values in kinds.items():
                assert np.array_equal(values, decoded[tap][kind])


def test_a_finished_extraction_decodes_nothing(tmp_path):
    def once(benchmark):
        return extract(
            tiny_network(), benchmark, ["squared_difference"], Compute(device="cpu"), tmp_path / "store"
        )

    once(memory_benchmark())
    once(Decoded(memory_benchmark(), tmp_path / "images"))
    assert not (tmp_path / "images").exists()


@pytest.mark.slow
def test_a_cell_has_the_same_rows_and_the_same_name_with_the_cache(compose, mini, tmp_path):
    def once(setting):
        settings = compose(*mini, f"compute.image_cache={setting}", f"sources.cache={tmp_path / setting}")
        folder = tmp_path / f"cell-{setting}"
        folder.mkdir()
        run_cell(settings, folder)
        rows = read_run(folder)
        assert rows is not None
        return run_id(settings), rows.drop(columns=["seconds"])

    (name, rows), (other_name, other_rows) = once("false"), once("true")
    assert name == other_name
    assert rows.equals(other_rows)
    assert not (tmp_path / "false" / "images").exists()
    [pixels] = (tmp_path / "true" / "images").glob("*/pixels")
    assert pixels.stat().st_size > 39 * 64 * 64 * 3


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path):
    path.write_bytes(path.read_bytes() + b" ")


def empty(path):
    path.write_bytes(b"")


def overwrite_the_header(path):
    path.write_bytes(b"\0" * 50 + path.read_bytes()[50:])


def change_the_index(path):
    path.write_bytes(path.read_bytes().replace(b'"r0d1"', b'"r0d9"'))


@pytest.mark.parametrize("damage", [cut_off, lengthen, empty, overwrite_the_header, change_the_index])
def test_a_damaged_file_is_made_anew(tmp_path, damage, caplog):
    benchmark = memory_benchmark()
    Decoded(benchmark, tmp_path).image("r0")
    path = file_of(benchmark, tmp_path)
    whole = path.read_bytes()
    damage(path)
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(Decoded(benchmark, tmp_path).image("r0d1"), benchmark.images["r0d1"])
    assert path.read_bytes() == whole
    assert "is made anew" in caplog.text


def test_a_file_of_another_benchmark_is_made_anew(tmp_path):
    one, other = memory_benchmark(seed=1), memory_benchmark(seed=2)
    Decoded(one, tmp_path).image("r0")
    file_of(other, tmp_path).parent.mkdir()
    shutil.copy(file_of(one, tmp_path), file_of(other, tmp_path))
    assert np.array_equal(Decoded(other, tmp_path).image("r0"), other.images["r0"])


def test_pixels_that_have_changed_on_the_disk_are_refused(tmp_path):
    benchmark = memory_benchmark()
    Decoded(benchmark, tmp_path).image("r0")
    path = file_of(benchmark, tmp_path)
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"(?s)pixels of r0 are damaged.*delete that file"):
        Decoded(benchmark, tmp_path).image("r0")


def test_an_unknown_key_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(InputError, match="did you mean r0d1"):
        Decoded(memory_benchmark(), tmp_path).image("r0d11")


def test_a_disk_that_is_too_small_is_refused_with_both_figures_and_the_switch(tmp_path, monkeypatch):
    benchmark = memory_benchmark(size=(100, 100))
    free = SimpleNamespace(free=500_000_000 + 18 * 30_000 - 1)
    monkeypatch.setattr("percepnet.benchmarks.image_cache.shutil.disk_usage", lambda _: free)
    with pytest.raises(InputError, match=r"(?s)no room.*0.50 GB: 0.00 of pixels.*compute.image_cache=false"):
        Decoded(benchmark, tmp_path).image("r0")
    assert len(benchmark.reads) == 2
    assert [path.name for path in file_of(benchmark, tmp_path).parent.iterdir()] in ([".lock"], [])
    free.free += 1
    Decoded(benchmark, tmp_path).image("r0")


def test_an_image_that_cannot_be_decoded_leaves_no_file(tmp_path):
    benchmark = memory_benchmark()
    del benchmark.images["r2d4"]
    benchmark_file = file_of(benchmark, tmp_path)
    with pytest.raises(KeyError):
        Decoded(benchmark, tmp_path).image("r0")
    assert [path.name for path in benchmark_file.parent.iterdir()] in ([".lock"], [])


PROGRAM = """
import sys, time
from pathlib import Path
from percepnet.benchmarks.image_cache import Decoded
from tests.fakes import memory_benchmark
benchmark = memory_benchmark()
class Slow(type(benchmark)):
    def image(self, key):
        print(key, flush=True)
        self.reads.append(key)
        time.sleep(600 if len(self.reads) == int(sys.argv[2]) else 0.02)
        return self.images[key]
slow = Slow(benchmark.images, benchmark.pairs)
assert (Decoded(slow, Path(sys.argv[1])).image("r2d4") == benchmark.images["r2d4"]).all()
"""


def start(folder, hangs_at=0):
    command = [sys.executable, "-c", PROGRAM, str(folder), str(hangs_at)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


@pytest.mark.slow
def test_two_processes_make_the_file_once(tmp_path):
    processes = [start(tmp_path) for _ in range(2)]
    decoded = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    # each may look at the first image; then one decodes all 18
    assert 18 < len(decoded[0] + decoded[1]) <= 2 + 18


@pytest.mark.parametrize(
    "hangs_at", [pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow), 19]
)
def test_a_killed_process_leaves_no_file_and_the_next_makes_it(tmp_path, hangs_at):
    process = start(tmp_path, hangs_at)
    for _ in range(hangs_at):
        process.stdout.readline()
    process.kill()
    process.communicate()
    benchmark = memory_benchmark()
    assert not file_of(benchmark, tmp_path).exists()
    assert pixels_of(benchmark, tmp_path) is not None
    left = {path.name for path in file_of(benchmark, tmp_path).parent.iterdir()}
    assert left - {".lock"} == {"pixels"}
