import zlib

import numpy as np
import pytest
from PIL import Image

from percepnet.benchmarks.choice.benchmark import ForcedChoice, Triplet
from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.benchmarks.psychophysics.thresholds import Stimulus, Thresholds, key_at
from percepnet.cli import main
from percepnet.data import sheet
from percepnet.data.drawing import strip, words_block
from percepnet.data.pictures import Pictures
from percepnet.data.sheet import draw
from tests.fakes import MemoryBenchmark, memory_benchmark, miniature_tid2013


class Drawn:
    """Noise of one size by key; digests that need no drawing."""

    def __init__(self, size=16, dtype=np.uint8):
        self.size, self.dtype, self.asked = size, dtype, []

    def image(self, key):
        self.asked.append(key)
        noise = np.random.default_rng(zlib.crc32(key.encode())).random((self.size, self.size, 3), np.float32)
        return noise if self.dtype == np.float32 else (255 * noise).astype(np.uint8)

    def digest(self, key):
        return key


@pytest.fixture
def words(monkeypatch):
    """What is written on the sheet: headings, notes and captions."""
    written: list[str] = []

    def noted_block(text, *arguments, **options):
        written.append(text)
        return words_block(text, *arguments, **options)

    def noted_strip(cells, columns):
        written.extend(line for cell in cells for line in cell.lines)
        return strip(cells, columns)

    monkeypatch.setattr(sheet, "words_block", noted_block)
    monkeypatch.setattr(sheet, "strip", noted_strip)
    return written


def test_the_command_writes_a_png_with_title_examples_and_notes(tmp_path, capsys, words):
    overrides = miniature_tid2013(tmp_path / "tid")
    out = tmp_path / "sheets" / "tid.png"
    main(["data", "show", "tid2013", *overrides[1:], "--out", str(out), "--cache", str(tmp_path)])
    assert capsys.readouterr().out.strip() == str(out)
    with Image.open(out) as picture:
        picture.load()
        assert (picture.width, picture.mode, picture.format) == (1600, "RGB", "PNG")
    assert [path.name for path in out.parent.iterdir()] == ["tid.png"]
    title = words.index("tid2013") + 1
    assert words[title].startswith("36 pairs, 3 references, 3 clusters · 64 x 64 pixels (uint8) · manifest ")
    assert {"level 1", "level 2", "level 3", "reference"} <= set(words)
    assert any(word.endswith("± 0.1") and word.startswith("score ") for word in words)
    assert sum(word.startswith("0") and len(word) > 3 for word in words) == 4


def test_the_file_is_named_by_the_benchmark_where_no_name_is_given(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(["data", "show", "macadam", "size=4"])
    assert capsys.readouterr().out.strip() == "macadam.png"
    assert (tmp_path / "macadam.png").is_file()


def test_two_benchmarks_on_one_sheet_are_refused():
    with pytest.raises(SystemExit, match="several benchmarks"):
        main(["data", "show", "macadam", "modelfest"])


def test_the_same_benchmark_gives_the_same_sheet():
    pictures = [draw(memory_benchmark()) for _ in range(2)]
    assert pictures[0].tobytes() == pictures[1].tobytes()


def test_sixty_kinds_fit_on_a_sheet_and_what_is_left_out_is_said(words):
    pairs = [
        Pair(f"r{r}", f"r{r} {kind} {level}", f"r{r}", 1.0, None, f"kind {kind:02d}", str(level))
        for r in range(10)
        for kind in range(60)
        for level in range(1, 6)
    ]
    images = Drawn()
    picture = draw(OpinionScores("sixty", pairs, images, higher_is_better=True))
    assert picture.height < 6000
    assert len(images.asked) < 400
    assert sum(word.startswith("kind ") for word in words) == 26
    assert any("26 of 60 kinds" in word for word in words)


def test_a_forced_choice_shows_a_reference_and_both_images_with_their_votes(words):
    triplets = [
        Triplet(f"{kind}{i}", f"{kind}{i}a", f"{kind}{i}b", 0.8, f"{i}", kind)
        for kind in "xyz"
        for i in range(50)
    ]
    draw(ForcedChoice("choice", triplets, Drawn(64), 5))
    start = words.index("reference") - 1
    assert words[start : start + 6] == ["x0", "reference", "x0a", "score 0.2", "x0b", "score 0.8"]


def test_uniform_patches_of_one_pixel_are_enlarged(words):
    generator = np.random.default_rng(0)
    images = {f"c{i}": generator.random((1, 1, 3), np.float32) for i in range(40)}
    pairs = [Pair(f"c{2 * i}", f"c{2 * i + 1}", f"c{2 * i}", float(i)) for i in range(20)]
    picture = np.asarray(draw(MemoryBenchmark(images, pairs)))
    colour = np.rint(images["c0"] * 255).astype(np.uint8)
    assert (picture == colour).all(axis=2).sum() > 100 * 100
    assert any(word.startswith("difference") for word in words)
    assert any("rounded to 8 bits" in word for word in words)


class Ladders(Drawn):
    """Grey with a spot of the rung's contrast."""

    def image(self, key):
        name, _, contrast = key.partition("@")
        grey = np.full((24, 24, 3), 0.5, np.float32)
        if contrast:
            grey[int(name[1:]) % 20, 3:9] *= 1 + float(contrast)
        return grey


def thresholds(top=1.0):
    ladder = tuple(top * 10.0 ** (-step / 2) for step in reversed(range(9)))
    return Thresholds(
        "ladders",
        [Stimulus(f"s{n}", "ground", ladder, float(np.log10(top)) - 1.4, kind="spots") for n in range(30)],
        Ladders(),
    )


def test_a_threshold_experiment_shows_its_ladders_and_the_difference_where_people_see_it(words):
    draw(thresholds())
    assert "Stimuli at their highest rung (30 of 30)" in words
    assert "spots · s0 · people need 0.03981" in words
    start = words.index("reference") - 1
    assert words[start : start + 16 : 2] == [
        "ground",
        "0.003162",
        "0.01",
        "0.03162",
        "0.1",
        "0.3162",
        "1",
        "difference x 28.5",
    ]
    assert words[start + 15] == "at 0.03162"
    assert any("the 6 highest rungs of each ladder" in word for word in words)


def test_stimuli_that_are_faint_even_at_their_best_are_amplified(words):
    draw(thresholds(top=0.01))
    assert "Stimuli at their highest rung (30 of 30): differences from their backgrounds, amplified" in words


def test_only_what_is_shown_is_decoded():
    images = Drawn()
    triplets = [Triplet(f"r{i}", f"r{i}a", f"r{i}b", 0.5, f"{i}") for i in range(5000)]
    draw(ForcedChoice("choice", triplets, images, 5))
    assert len(images.asked) < 200


def test_scores_of_ladders_count_once_per_stimulus_and_rated_pairs_alone_where_there_are_some():
    scores = sheet._Sheet(thresholds(), Pictures(thresholds()))._scores()
    assert len(scores) == 30
    rated = [Pair("r", f"d{n}", "r", float(n), None, "rated") for n in range(4)]
    moved = [Pair("r", key_at("moved", step), "r", 0.2, None, "moved") for step in (0.1, 0.2, 0.3)]
    benchmark = MemoryBenchmark({}, [*rated, *moved])
    assert sheet._Sheet(benchmark, Pictures(benchmark))._scores().tolist() == [0, 1, 2, 3]


def test_images_of_several_sizes_are_told(words):
    benchmark = memory_benchmark()
    benchmark.images |= {key: np.zeros((30, 9, 3), np.uint8) for key in benchmark.images if key[:2] == "r1"}
    draw(benchmark)
    assert any("23 x 19 pixels and others (uint8)" in word for word in words)


def test_the_smallest_benchmark_has_a_sheet():
    images = {"r": np.zeros((10, 30, 3), np.uint8), "d": np.ones((10, 30, 3), np.uint8)}
    assert draw(MemoryBenchmark(images, [Pair("r", "d", "r", 1.0)])).width == 1600
