"""What no adapter may accept, and what each must tolerate."""

import dataclasses
import itertools
import pickle
import re

import numpy as np
import pytest
from PIL import Image

from percepnet.errors import InputError, NothingThereError
from tests.benchmarks.opinion.layouts import HEIGHT, LAYOUTS, WIDTH, Layout, deep_picture, picture


def missing_image(layout):
    layout.victim[1].unlink()


def truncated_image(layout):
    path = layout.victim[1]
    path.write_bytes(path.read_bytes()[:-40])


def wrongly_sized_image(layout):
    picture(layout.victim[1], size=(WIDTH + 1, HEIGHT))


def grey_image(layout):
    picture(layout.victim[1], "L", form="PNG")


def rgba_image(layout):
    picture(layout.victim[1], "RGBA", form="PNG")


def image_of_16_bits(layout):
    deep_picture(layout.victim[1])


def cmyk_image(layout):
    picture(layout.victim[1], "CMYK", form="TIFF")


def duplicate_row(layout):
    layout.write([layout.rows[0], *layout.rows])


def undefined_score(layout):
    empty = float("nan") if isinstance(layout.rows[0][layout.score], float) else "nan"
    layout.write(layout.with_first_score(empty))


def missing_score(layout):
    layout.write(layout.rows[1:] if layout.config.name != "pairs_csv" else layout.with_first_score(""))


DAMAGES = {
    missing_image: r"1 of \d+ files are missing",
    truncated_image: "a truncated or damaged one",
    wrongly_sized_image: rf"{WIDTH} x {HEIGHT} pixels[^$]*found: +{WIDTH + 1} x {HEIGHT}",
    grey_image: r"grey \(one channel\)",
    rgba_image: "RGBA",
    image_of_16_bits: "16 bits per channel",
    cmyk_image: "CMYK",
    duplicate_row: "more than once|1 scores too many",
    undefined_score: "NaN or inf",
    missing_score: "1 scores are missing|Line 2 is no score",
}


@pytest.fixture(params=LAYOUTS)
def layout(request, tmp_path) -> Layout:
    return LAYOUTS[request.param](tmp_path / "shelf" / "unpacked")


def refusal(layout: Layout) -> str:
    with pytest.raises(InputError) as caught:
        layout.load().image(layout.victim[0])
    return str(caught.value).replace(str(layout.folder), "")


def test_ten_damages_are_refused_with_ten_messages(layout, request, tmp_path):
    name = request.node.callspec.params["layout"]
    messages = {}
    for damage, expected in DAMAGES.items():
        damaged = LAYOUTS[name](tmp_path / damage.__name__)
        damage(damaged)
        messages[damage] = refusal(damaged)
        assert re.search(expected, messages[damage]), messages[damage]
        assert "to do:" in messages[damage]
    assert len(set(messages.values())) == len(DAMAGES) == 10


def test_the_whole_database_loads_with_references_together_and_every_image_readable(layout):
    benchmark = layout.load()
    references = [pair.reference for pair in benchmark.pairs]
    changes = sum(one != other for one, other in itertools.pairwise(references))
    assert changes == len(set(references)) - 1
    for pair in benchmark.pairs:
        assert benchmark.image(pair.distorted).shape == benchmark.image(pair.reference).shape
    np.testing.assert_array_equal(benchmark.image(layout.victim[0]), np.asarray(Image.open(layout.victim[1])))
    assert benchmark.name == layout.config.name


def test_a_benchmark_can_be_sent_to_another_process(layout):
    benchmark = layout.load()
    assert pickle.loads(pickle.dumps(benchmark)).fingerprint() == benchmark.fingerprint()


def test_distances_that_follow_the_scores_agree_perfectly_in_the_right_direction(layout, bootstrap):
    benchmark = layout.load()
    sign = -1.0 if benchmark.higher_is_better else 1.0
    distances = np.array([[sign * pair.score for pair in benchmark.pairs]])
    scores = {(score.metric, score.subset): score for score in benchmark.agreement(distances, bootstrap)}
    assert scores["srcc", "all"].value == pytest.approx(sign)
    assert scores["srcc", "all"].polarity == sign
    assert scores["srcc", "all"].n_pairs == len(benchmark.pairs)
    assert np.isfinite(scores["srcc", "all"].ceiling) == (
        layout.config.name != "pipal" and has_spreads(layout)
    )


def has_spreads(layout):
    return not layout.config.name.startswith("tid")  # their spreads are in a file of their own


def test_wrong_letter_case_is_tolerated(layout, caplog):
    path = layout.victim[1]
    path.rename(path.with_name(path.name.swapcase()))
    path.parent.rename(path.parent.with_name(path.parent.name.swapcase()))
    assert layout.load().image(layout.victim[0]).shape[2] == 3
    assert not caplog.records


def test_an_extra_image_is_reported_by_name_and_other_files_are_not(layout, caplog):
    picture(layout.victim[1].with_name("holiday.png"))
    layout.victim[1].with_name("Thumbs.db").write_bytes(b"\xd0\xcf")
    layout.load()
    assert "1 image files that no score names: holiday.png" in caplog.text
    assert "Thumbs" not in caplog.text


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "pairs_csv"])
def test_a_folder_one_level_off_is_used_and_said(name, tmp_path, caplog):
    layout = LAYOUTS[name](tmp_path / "shelf" / "unpacked")
    for root in (layout.folder.parent, next(path for path in layout.folder.iterdir() if path.is_dir())):
        caplog.clear()
        assert len(layout.load(root).pairs) == len(layout.load().pairs)
        assert f"using {layout.folder}" in caplog.text


def test_a_root_that_serves_several_databases_is_searched_by_name(tmp_path, caplog):
    layouts = [LAYOUTS[name](tmp_path / name.upper()) for name in LAYOUTS if name != "pairs_csv"]
    for layout in layouts:
        assert layout.load(tmp_path).fingerprint() == layout.load().fingerprint()
    assert not caplog.records


def test_no_root_is_a_reason_to_skip(layout):
    with pytest.raises(NothingThereError, match=r"root=F"):
        dataclasses.replace(layout.config, root=None).load(layout.folder, (), network=False)


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "pairs_csv"])
def test_a_score_out_of_range_is_named(name, tmp_path):
    layout = LAYOUTS[name](tmp_path)
    layout.write(layout.with_first_score(4711.5))
    assert "4711.5 for" in refusal(layout)


@pytest.mark.parametrize("name", ["tid2008", "tid2013", "kadid10k", "csiq"])
def test_the_score_file_of_another_database_is_recognised_by_its_length(name, tmp_path):
    layout = LAYOUTS[name](tmp_path)
    row = layout.rows[0]
    layout.write([row] * 866)
    assert "This looks like CSIQ, another database or release" in refusal(layout)


def test_missing_images_are_counted(layout):
    gone = [path for path in layout.victim[1].parent.iterdir() if path.suffix.lower() in {".bmp", ".png"}]
    for path in gone:
        path.unlink()
    copies = layout.config.name == "live"  # the copy of a reference is not needed
    assert f"{len(gone) - copies} of" in refusal(layout) or layout.config.name == "pipal"
