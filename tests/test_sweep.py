import os
import subprocess
import sys

import pytest

from percepnet.errors import InputError
from percepnet.sweep import check_options


def test_help_comes_at_once_and_without_torch(sweep):
    shown = sweep("--help")
    assert shown.returncode == 0
    assert "benchmark: affine, bapps_2afc, bapps_jnd, combvd, csf" in shown.stdout
    spent = min(seconds_of_processor(lambda: sweep("--help")) for _ in range(2))
    assert spent < 1.5  # and not the time on the wall: other tests run beside this one


def seconds_of_processor(run):
    """Return what the processes that `run` started and waited for have cost."""
    before = os.times()
    run()
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


@pytest.mark.parametrize("module", ["percepnet.sweep", "percepnet.cli", "percepnet.config"])
def test_the_command_line_imports_no_heavy_library(module):
    heavy = "{'torch', 'lightning', 'torchvision', 'wandb', 'altair', 'scipy', 'timm'}"
    code = f"import sys, {module}; sys.exit(' '.join({heavy} & set(sys.modules)) or 0)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).stderr == b""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-m", "arch=alexnet,vgggg"], r"arch=vgggg does not exist\n.*did you mean vgg\?"),
        (["benchmark=[modelfest,tid2031]"], r"tid2031 does not exist\n.*tid2013"),
        (["-m", "benchmark=[modelfest],[tid2031]"], r"tid2031 does not exist"),
        (["benchmark=[]"], r"no benchmark is named\n.*modelfest"),
        (["readout=layer_wise"], r"did you mean layerwise"),
        (["-m", "retry=faild"], r"unknown retry=faild\n.*true, false or failed"),
        (["goal=zzzzzz"], r"choose one of: barlow_twins, .*classification"),
    ],
)
def test_an_unknown_option_names_the_nearest(words, message):
    with pytest.raises(InputError, match=message):
        check_options(words)


def test_known_options_and_everything_else_pass():
    check_options(
        ["-m", "arch=alexnet,vgg", "arch.variant=16,19", "benchmark=[modelfest]", "compute.batch=4"]
    )
    for value in ("true", "false", "failed", "False"):
        check_options([f"retry={value}"])


def test_an_unknown_option_ends_with_one_screen_and_a_non_zero_exit(sweep):
    ended = sweep("-m", "arch=vgggg")
    assert ended.returncode != 0
    assert "did you mean vgg?" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unknown_key_fails_before_any_cell_runs(sweep, tmp_path):
    ended = sweep("-m", "archh=vgg")
    assert ended.returncode != 0
    assert "archh" in ended.stderr
    assert not (tmp_path / "results" / "runs").exists()
