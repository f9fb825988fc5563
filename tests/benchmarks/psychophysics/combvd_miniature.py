"""COMBVD's six files in small: invented colours around centres, in the published form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

WHITES = {
    "bfd-c": [98.07, 100, 118.23],
    "bfd-d65": [94.81, 100, 107.33],
    "bfd-m": [94.65, 100, 103.97],
    "leeds": [94.81, 100, 107.33],
    "rit-dupont": [94.81, 100, 107.33],
    "witt": [94.81, 100, 107.33],
}
CENTRES, AROUND = 3, 4
COUNTS = dict.fromkeys(WHITES, CENTRES * AROUND)


def colour_set(name: str) -> dict[str, Any]:
    """Return one data set: colours of a centre scattered in the file, pairs in no order, as published."""
    generator = np.random.default_rng(sorted(WHITES).index(name))
    greys = np.outer([20.0, 35.0, 50.0], np.array(WHITES[name]) / 100.0)
    xyz = np.concatenate([greys, np.repeat(greys, AROUND, axis=0)])
    xyz[CENTRES:] *= generator.uniform(0.94, 1.06, (CENTRES * AROUND, 3))
    pairs = [[place // AROUND, CENTRES + place] for place in generator.permutation(CENTRES * AROUND)]
    differences = 1.02 + generator.uniform(0.1, 1.0, len(pairs)) * (name != "rit-dupont")
    return {
        "reference_white": WHITES[name],
        "L_A": 100,
        "dv": differences.tolist(),
        "pairs": [[int(first), int(second)] for first, second in pairs],
        "xyz": xyz.tolist(),
    }


def write_set(folder: Path, name: str, **changes: Any) -> None:
    (folder / f"{name}.json").write_text(json.dumps(colour_set(name) | changes))


def write_all(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in WHITES:
        write_set(folder, name)
    return folder
