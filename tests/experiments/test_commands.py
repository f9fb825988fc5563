"""The commands that the experiments' headers and READMEs show are commands."""

import re
import shlex

import pytest

from percepnet.networks.contrasts import contrasts
from percepnet.sweep import check_options
from tests.experiments.studies import EXPERIMENTS, Study

WORD = r"^#?\s*python -m percepnet\.sweep ((?:.*\\\n)*.*)$"


def commands():
    """Return every sweep that a text of `experiments/` shows: its words, and where."""
    found = []
    for path in sorted([*EXPERIMENTS.glob("*/README.md"), *EXPERIMENTS.glob("*/*.yaml")]):
        for shown in re.findall(WORD, path.read_text(encoding="utf-8"), re.MULTILINE):
            words = shlex.split(shown.replace("\\\n", " "), comments=True)
            found.append(pytest.param(words, id=f"{path.relative_to(EXPERIMENTS)}: {' '.join(words[3:])}"))
    return found


@pytest.mark.parametrize("words", commands())
def test_a_command_composes_and_all_its_cells_are_networks_that_exist(words):
    check_options(words)
    where, name = words[words.index("--config-dir") + 1], words[words.index("--config-name") + 1]
    study = Study(EXPERIMENTS.parent / where, name)
    added = tuple(word for word in words if "=" in word)
    assert study.networks(added)
    assert study.base.hydra.mode.name == "MULTIRUN"


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*/README.md")), ids=lambda path: path.parent.name)
def test_every_contrast_that_a_readme_shows_exists(path):
    known = {group.name for group in contrasts()}
    shown = re.findall(r"percepnet networks contrasts --show (\S+)", path.read_text(encoding="utf-8"))
    assert set(shown) <= known


def test_there_are_commands():
    assert len(commands()) >= 16
