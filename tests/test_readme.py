"""What the README shows works as it stands there."""

import re
import types
from dataclasses import dataclass
from pathlib import Path

import yaml

from percepnet.networks.catalogue import _checkpoint, architectures
from percepnet.readouts.contract import Distances
from percepnet.readouts.distances import distance_called
from percepnet.readouts.layerwise import Layerwise
from percepnet.readouts.reading import one_by_one
from percepnet.responses.extraction import Compute, extract
from percepnet.responses.store import Entry
from tests.fakes import memory_benchmark, tiny_network

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def block(language, containing):
    found = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    return next(text for text in found if containing in text)


def test_the_readout_of_the_readme_reads_the_layer_in_the_middle(tmp_path):
    names = {"dataclass": dataclass, "Distances": Distances, "Entry": Entry}
    names |= {"distance_called": distance_called, "one_by_one": one_by_one}
    module = types.ModuleType("middle")
    module.__dict__.update(names)
    exec(block("python", "Middle"), module.__dict__)
    readout = module.Middle()
    entry, _ = extract(
        tiny_network(), memory_benchmark(), readout.statistics, Compute(device="cpu"), tmp_path
    )
    found = readout.read(entry)
    assert found.layers == ("features.2",)
    every = Layerwise().read(entry)
    assert found.values[0].tolist() == every.values[every.layers.index("features.2")].tolist()


def test_the_catalogue_row_of_the_readme_is_a_row(monkeypatch):
    (row,) = yaml.safe_load(block("yaml", "resnet101.mine"))
    row["architecture"] = next(name for name in architectures() if name.startswith("resnet"))
    checkpoint = _checkpoint(row)
    assert (checkpoint.arch, checkpoint.variant) == ("resnet", "101")


def test_every_file_and_command_of_the_readme_exists():
    root = Path(__file__).parents[1]
    for path in re.findall(r"\]\(([^)#]+)\)", README):
        assert (root / path).exists(), path
    targets = (root / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, flags=re.MULTILINE):
        assert f"\n{target}:" in targets
