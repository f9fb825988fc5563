"""Torch's threads sleep while they wait: percepnet tells them before torch comes."""

import os
import subprocess
import sys

import pytest


@pytest.mark.slow  # torch is imported in a process of its own
@pytest.mark.parametrize(
    ("module", "given", "found"),
    [
        ("percepnet.sweep", {}, "passive"),
        ("percepnet.sweep", {"OMP_WAIT_POLICY": "active"}, "active"),
        ("experiments.speed.measured", {}, "passive"),
    ],
)
def test_threads_are_told_how_to_wait_before_torch_is_imported(module, given, found):
    """Torch reads it once, as it is imported; who has set it keeps what was set."""
    code = f"""
import builtins, os, sys
real = builtins.__import__
def spied(name, *rest, **named):
    if name == "torch" and "torch" not in sys.modules:
        print(os.environ.get("OMP_WAIT_POLICY"))
    return real(name, *rest, **named)
builtins.__import__ = spied
import {module}, torch
"""
    kept = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, env={**kept, **given}, capture_output=True, text=True, check=True)
    assert told.stdout.split()[0] == found
