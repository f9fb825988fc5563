import csv
import warnings

import numpy as np
import pytest
from PIL import Image

NAMES = ("I03", "I04", "I06", "I08", "I19")


@pytest.fixture(scope="session")
def golden(shared_data):
    """Five TID2013 pairs and what the official codes say of them, by method."""
    folder = shared_data / "tid2013" / "golden"
    with (folder / "official_values.csv").open() as file:
        official = {
            row.pop("Method"): [float(value) for value in row.values()] for row in csv.DictReader(file)
        }
    pairs = [
        tuple(np.array(Image.open(folder / kind / f"{name}.bmp")) for kind in ("ref", "dist"))
        for name in NAMES
    ]
    return pairs, official


@pytest.fixture
def noisy():
    """An image and the same with noise, uint8 `[176, 200, 3]`."""
    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:176, :200]
    wave = 110 + 60 * np.sin(rows / 9) * np.cos(columns / 7)
    image = np.stack([wave, wave + 20, 230 - wave], axis=-1) + generator.normal(0, 6, (176, 200, 3))
    other = image + generator.normal(0, 12, image.shape)
    return image.clip(0, 255).astype(np.uint8), other.clip(0, 255).astype(np.uint8)


@pytest.fixture(autouse=True)
def _quiet():
    """Let torch say what it likes about a library's use of it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "To copy construct from a tensor", UserWarning)
        yield
