"""The paper's studies: every cell is a network that exists, and the headers say what they cost."""

from collections import Counter
from functools import cache

import pytest

from percepnet.config import make, run_id
from percepnet.networks.catalogue import Checkpoint, checkpoints
from percepnet.sources.source import PypiSource
from tests.experiments.studies import EXPERIMENTS, Size, Study

PAPER = EXPERIMENTS / "paper"
FULL = ["goal", "dataset", "architecture", "readout", "forty_six"]
SMALL = ["small", "small_factors"]
COUNTS = {
    "goal": Size(47, 15, 455, 828_979),
    "dataset": Size(58, 0, 406, 767_398),
    "architecture": Size(65, 18, 581, 1_098_173),
    "readout": Size(9, 0, 173, 119_079),
    "forty_six": Size(46, 0, 322, 608_626),
    "small": Size(2, 0, 36, 1_008),
    "small_factors": Size(8, 6, 196, 12_900),
}
STUDIES = {name: Study(PAPER, name) for name in COUNTS}


def networks(*names):
    """Return the distinct networks of all lines of some studies, without controls."""
    found: dict[str, Checkpoint] = {}
    for name in names:
        for added in STUDIES[name].added:
            found |= {row.id: row for row in STUDIES[name].networks(added).values()}
    return [row for row in found.values() if row.goal != "untrained"]


@cache
def settings_of(readout):
    """Return the settings of a cell with this readout, composed as the command line would."""
    return STUDIES["readout"].settings(f"readout={readout}")


def readouts(name):
    """Return what a study's own command crosses: the made object of every readout, by its option."""
    names = STUDIES[name].base.hydra.sweeper.params["readout"].split(",")
    return {option: make(settings_of(option)["readout"]) for option in names}


def test_every_study_is_tested():
    assert {path.stem for path in PAPER.glob("*.yaml")} == {*COUNTS, "common"}


@pytest.mark.parametrize("name", COUNTS)
def test_every_line_of_a_header_names_networks_that_exist_and_none_twice(name):
    study = STUDIES[name]
    assert len(study.added) == study.header.count("#   + ") + 1
    for added in study.added:
        chosen = [row.id for row in study.networks(added).values()]  # raises where nobody has published one
        assert [text for text, times in Counter(chosen).items() if times > 1] == []


def test_a_network_is_called_the_same_in_every_study_so_that_their_cells_are_shared():
    called: dict[tuple[str, tuple[str, ...]], set[tuple[str, ...]]] = {}
    for study in STUDIES.values():
        for added in study.added:
            for job in study.sweep(added):
                row = study.network(job)
                words = (str(job.get("recipe")), *([job["dataset"]] if row.goal != "untrained" else []))
                called.setdefault((row.id, study.benchmarks(job)), set()).add(words)
    assert {network: words for network, words in called.items() if len(words) > 1} == {}


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_a_header_tells_the_cost_of_all_its_lines(name, expected):
    size = Size.of(STUDIES[name])
    assert size == expected
    assert f"# Costs {size}" in STUDIES[name].header


@pytest.mark.parametrize(("name", "size"), COUNTS.items())
def test_the_readme_tells_the_same_cost(name, size):
    row = f"| {name} | {size.networks} | {size.controls} | {size.cells:,} | {size.passes:,} |"
    assert row in (PAPER / "README.md").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", COUNTS)
def test_a_header_gives_its_own_command_and_the_claims_it_feeds(name):
    header = STUDIES[name].header
    assert f"--config-dir experiments/paper --config-name {name} benchmark.root=FOLDER" in header
    assert "# Claims: C" in header
    assert STUDIES[name].base.study == "paper"
    assert STUDIES[name].base.results == "results/paper"


@pytest.mark.parametrize("name", COUNTS)
def test_all_readouts_of_a_network_come_from_one_forward_pass(name):
    stored = set(STUDIES[name].base.statistics)
    for readout in readouts(name).values():
        assert stored == {"all"} or set(readout.statistics) <= stored


def test_the_short_list_of_statistics_holds_nothing_that_no_readout_needs():
    needed = {name for readout in readouts("goal").values() for name in readout.statistics}
    assert needed == set(STUDIES["goal"].base.statistics)


@pytest.mark.parametrize("name", ["readout", "small"])
def test_every_readout_is_a_cell_of_its_own_and_told_apart_in_its_rows(name):
    made = readouts(name)
    assert len({run_id(settings_of(option)) for option in made}) == len(made)
    assert len({(readout.name, readout.distance) for readout in made.values()}) == len(made)


def test_a_short_name_of_the_study_is_the_cell_that_the_command_line_makes():
    typed = STUDIES["readout"].settings("readout=layerwise", "readout.distance=cosine")
    assert run_id(settings_of("layerwise_cosine")) == run_id(typed)


@pytest.mark.parametrize("name", COUNTS)
def test_a_readout_that_learns_from_scores_meets_no_thresholds(name):
    study = STUDIES[name]
    for added in study.added:
        for job in study.sweep(added):
            if job["readout"].startswith("channel_relevance"):
                assert {*study.benchmarks(job)} <= {"tid2013", "kadid10k", "tid2013_kodak"}


@pytest.mark.parametrize("name", FULL)
def test_a_readout_carried_from_tid2013_finds_it_in_its_cell(name):
    for readout in readouts(name).values():
        assert getattr(readout, "train_on", "") in ("", *STUDIES[name].base.benchmark)


def test_the_forty_six_are_forty_six_pre_trained_networks_without_a_human_judgement():
    chosen = networks("forty_six")
    assert len(chosen) == len({row.id for row in chosen}) == 46
    assert {row.goal for row in chosen}.isdisjoint({"perceptual", "edges", "untrained"})


def test_each_of_the_forty_six_has_a_partner_that_differs_in_one_factor():
    def factors(row):
        return row.goal, row.dataset, (row.arch, row.variant)

    chosen = networks("forty_six")
    varied: Counter[int] = Counter()
    for row in chosen:
        differing = [
            [
                place
                for place, (one, two) in enumerate(zip(factors(row), factors(other), strict=True))
                if one != two
            ]
            for other in chosen
        ]
        single = {places[0] for places in differing if len(places) == 1}
        assert single, row.id
        varied.update(single)
    # 11 goals of ResNet-50 and 5 of AlexNet; 4 + 4 + 3 + 3 collections; 21 architectures and 7 pairs of them
    assert varied == {0: 11 + 5, 1: 4 + 4 + 3 + 3, 2: 21 + 2 * 7}


def test_the_small_studies_need_no_server_but_that_of_packages():
    for row in networks(*SMALL):
        assert any(isinstance(source, PypiSource) for source in row.sources), row.id


def test_every_family_of_torchvisions_first_weights_is_among_the_architectures():
    held = {row.arch for row in networks("architecture")}
    first = {row.arch for row in checkpoints() if row.recipe == "tv1"}
    assert held == first
