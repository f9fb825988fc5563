"""Composing faster than Hydra gives the same as Hydra, to each cell its own."""

import copy
import pickle
from typing import Any, cast

import pytest
from hydra import initialize_config_dir
from hydra._internal.config_repository import ConfigRepository
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import OmegaConf

from percepnet.composing import Composed, Remembered
from percepnet.config import conf_folder
from percepnet.sweep import register


@pytest.fixture
def loader():
    """Hydra's own, of this project's settings."""
    register()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


@pytest.fixture
def reads(monkeypatch):
    """Names of the files that Hydra has read."""
    names = []
    load = ConfigRepository.load_config

    def counted(self, config_path):
        names.append(config_path)
        return load(self, config_path)

    monkeypatch.setattr(ConfigRepository, "load_config", counted)
    return names


CELLS = (
    ["arch=vgg", "readout=last", "weights=random", "weights_seed=3"],
    ["arch=alexnet", "readout=channel_relevance", "benchmark=[modelfest,tid2013_kodak]", "baseline=[psnr]"],
    ["arch=vgg", "readout=last", "benchmark.root=/x", "agreement.resamples=7"],
)


def test_each_cell_is_what_hydra_makes_of_it_and_each_file_is_read_once(loader, reads):
    master = loader.load_configuration("sweep", ["tracking=disabled"], RunMode.MULTIRUN)
    composed = Composed(loader)
    quick = [composed.load_sweep_config(master, words) for words in CELLS]
    reads.clear()
    quick += [composed.load_sweep_config(master, words) for words in CELLS]
    assert reads == []
    slow = [loader.load_sweep_config(master, words) for words in CELLS]
    assert len(reads) > 3 * 15
    for fast, true in zip(quick, [*slow, *slow], strict=True):
        assert OmegaConf.to_yaml(fast) == OmegaConf.to_yaml(true)
        assert fast._metadata.flags == true._metadata.flags
        assert OmegaConf.get_type(fast) == OmegaConf.get_type(true)


def test_a_folder_of_ones_own_settings_is_seen_by_the_cell_that_names_it_alone(loader, tmp_path):
    (tmp_path / "arch").mkdir()
    (tmp_path / "arch" / "mine.yaml").write_text("name: mine\n")
    master = loader.load_configuration("sweep", [], RunMode.MULTIRUN)
    composed = Composed(loader)
    mine = composed.load_sweep_config(master, [f"hydra.searchpath=[file://{tmp_path}]", "arch=mine"])
    assert mine.arch.name == "mine"
    with pytest.raises(Exception, match="mine"):
        composed.load_sweep_config(master, ["arch=mine"])
    assert composed.load_sweep_config(master, ["arch=vgg"]).arch.name == "vgg"


def test_what_was_read_is_the_readers_own(loader):
    files = Remembered(loader.repository)
    first = files.load_config("sweep")
    assert first is not None
    first.config["study"] = "changed"
    first.header["package"] = "changed"
    again, elsewhere = files.load_config("sweep"), copy.deepcopy(files).load_config("sweep")
    for one in (again, elsewhere):
        assert one is not None
        assert one.config["study"] != "changed"
        assert one.header["package"] != "changed"
    assert files.load_config("no/such") is None


class Loader:
    """Stands in for Hydra's; counts what it composes."""

    repository = None

    def __init__(self):
        self.composed = []

    def load_sweep_config(self, master, overrides):
        self.composed.append(overrides)
        return OmegaConf.merge(master, OmegaConf.from_dotlist(list(overrides)))

    def list_groups(self, parent):
        return [parent]


def test_what_was_composed_is_given_back_once_and_belongs_to_who_takes_it():
    master = OmegaConf.create({"a": 0, "b": "${a}"})
    loader = Loader()
    composed = Composed(cast("Any", loader))
    first = loader.load_sweep_config(master, ["a=1"])
    composed.keep(["a=1"], first)
    taken = composed.load_sweep_config(master, ["a=1"])
    assert (taken, loader.composed) == (first, [["a=1"]])
    taken.a = 5
    assert (taken.b, first.b) == (5, 1)
    assert composed.load_sweep_config(master, ["a=1"]) == first
    assert composed.load_sweep_config(master, ["a=2"]).b == 2
    assert loader.composed == [["a=1"], ["a=1"], ["a=2"]]
    assert composed.list_groups("x") == ["x"]


def test_what_was_composed_does_not_travel_to_other_processes():
    master = OmegaConf.create({"a": 0})
    composed = Composed(cast("Any", Loader()))
    composed.keep(["a=1"], OmegaConf.create({"a": "only here"}))
    there = pickle.loads(pickle.dumps(composed))
    assert there.load_sweep_config(master, ["a=1"]).a == 1
    assert composed.load_sweep_config(master, ["a=1"]).a == "only here"
