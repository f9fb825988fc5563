"""A network of the user's own that counts the images that pass it, and can be slowed down or held up."""

import os
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor

WITNESS = "PERCEPNET_TEST_WITNESS"
"""Names a file that gets a byte for each image that passes, whatever becomes of the process afterwards."""
PAUSE = "PERCEPNET_TEST_PAUSE"
"""Seconds that each image takes; no part of any key, so that a fast and a slow run make the same entry."""
GATE = "PERCEPNET_TEST_GATE"
"""Names a file; while it is there, no more images pass than the number that it holds."""


class Slow(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3))

    def forward(self, images: torch.Tensor) -> Any:
        asked_for_shapes_alone = images.is_meta or isinstance(images, FakeTensor)
        for _ in range(0 if asked_for_shapes_alone else len(images)):
            time.sleep(float(os.environ.get(PAUSE, "0")))
            while held_up():
                time.sleep(0.02)
            note()
        return self.features(images)


def held_up() -> bool:
    """Tell whether the gate is closed and as many images as it lets through have passed."""
    try:
        return passed() >= int(Path(os.environ[GATE]).read_text() or "0")
    except (KeyError, FileNotFoundError):
        return False


def passed() -> int:
    """Return how many images the witness has seen."""
    try:
        return Path(os.environ[WITNESS]).stat().st_size
    except (KeyError, FileNotFoundError):
        return 0


def note() -> None:
    """Write a byte to the witness, if there is one."""
    if path := os.environ.get(WITNESS):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(descriptor, b".")
        os.close(descriptor)


def build() -> nn.Module:
    return Slow()
