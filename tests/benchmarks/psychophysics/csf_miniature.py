"""castleCSF's five files in small: the same columns and quirks, invented thresholds."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from percepnet.benchmarks.psychophysics.csf import CSF

if TYPE_CHECKING:
    from pathlib import Path

    from percepnet.benchmarks.psychophysics.shown import ShownThresholds

BACKGROUND = (0.686868619103131, 0.313131380896869, 0.0238787121121228)
DELTAS = {
    "9": (0.904788433511642, 0.419896446537257, 0.0710272114680906),
    "10": (0.762860488743917, -0.646494144848117, -0.00944433112997181),
    "11": (0.450449715432406, 0.274890824273731, 0.84942927227461),
}
LABELS = {"9": "C1", "10": "C2", "11": "C3"}
BASE = {"9": -1.6, "10": -2.0, "11": -1.2}
LUMINANCES = {"6": 20.0, "7": 200.0}
SIZE, RESOLUTION = 128, 20.0
SIZES = ((0.5, 1.0), (1.0, 0.5), (2.0, 0.25), (2.0, 2.0), (4.0, 0.125), (12.0, 0.2))
AVERAGED = (
    *("luminance", "s_frequency", "col_dir_id", "bkg_id", "ge_sigma", "area", "N", "log_cone_contrast"),
    *("dataset", "ge_lambda", "stim_id", "t_frequency", "orientation", "eccentricity", "vis_field"),
    *("var_log_cone_contrast", "stimulus", "sensitivity"),
)
OBSERVED = ("observer", "age", *(column for column in AVERAGED if column != "N"))


@dataclass
class Miniature:
    root: Path
    averages: list[dict[str, Any]]
    observed: list[dict[str, Any]]

    def write(self) -> None:
        for name, columns, rows in (
            ("data_aggregated.csv", AVERAGED, self.averages),
            ("data_individual.csv", OBSERVED, self.observed),
        ):
            with (self.root / name).open("w", newline="") as stream:
                table = csv.DictWriter(stream, columns, extrasaction="ignore")
                table.writeheader()
                table.writerows(rows)

    def load(self, **settings: Any) -> ShownThresholds:
        small = CSF(root=str(self.root), luminances=[20.0, 200.0], size=SIZE, pixels_per_degree=RESOLUTION)
        config = dataclasses.replace(small, **settings)
        config = dataclasses.replace(config, rows=settings.get("rows", len(self.averages)))
        return config.load(self.root, (), network=False)


def build(root: Path) -> Miniature:
    """Write a collection of 40 rows: 36 of `hdr_csf`, and 4 of a study that moves and looks aside."""
    root.mkdir(parents=True, exist_ok=True)
    averages = [*_study(), *_moving()]
    observed = [
        row | {"observer": f"obs_{number}", "age": "NaN"} | measured(row["log_cone_contrast"] + shift)
        for row in averages
        if row["dataset"] == "hdr_csf"
        for number, shift in ((1, -0.1), (2, 0.0), (3, 0.1))
    ]
    _write(root / "backgrounds.csv", "bkg_id,L,M,S,bkg_label,dataset,R", _backgrounds())
    _write(
        root / "color_directions.csv",
        "col_dir_id,L_delta,M_delta,S_delta,dataset,R_delta,col_dir_label",
        _directions(),
    )
    studies = {
        "hdr_csf": {"aperture": "gauss", "author": "Risto Näsänen"},
        "old1966": {"author": "J. Robson"},
    }
    text = json.dumps({"datasets": studies}, ensure_ascii=False)
    (root / "datasets.json").write_bytes(text.encode("latin-1"))
    mini = Miniature(root, averages, observed)
    mini.write()
    return mini


def measured(threshold: float) -> dict[str, float]:
    return {"log_cone_contrast": threshold, "sensitivity": 10.0**-threshold}


def _study() -> list[dict[str, Any]]:
    return [
        _row("hdr_csf", "gabor", direction, background, luminance, frequency, sigma)
        for (background, luminance), direction, (frequency, sigma) in itertools.product(
            LUMINANCES.items(), DELTAS, SIZES
        )
    ]


def _moving() -> list[dict[str, Any]]:
    rows = [_row("old1966", "grating", "99", "66", 20.0, frequency, 0.5) for frequency in (1, 2, 3, 4)]
    rows[0]["t_frequency"], rows[1]["t_frequency"] = 2.0, 4.0
    rows[2]["eccentricity"] = 7.5
    return rows


def _row(
    dataset: str,
    shape: str,
    direction: str,
    background: str,
    luminance: float,
    frequency: float,
    sigma: float,
) -> dict[str, Any]:
    threshold = BASE.get(direction, -1.5) + 0.2 * abs(math.log2(frequency)) - 0.31 * math.log10(sigma)
    threshold -= 0.037 * math.log10(luminance)
    return {
        "luminance": luminance,
        "s_frequency": frequency,
        "col_dir_id": direction,
        "bkg_id": background,
        "ge_sigma": sigma,
        "area": math.pi * sigma**2,
        "N": 3,
        "dataset": dataset,
        "ge_lambda": sigma * frequency,
        "stim_id": -1,
        "t_frequency": 0,
        "orientation": 0,
        "eccentricity": 0,
        "vis_field": 180,
        "var_log_cone_contrast": "NaN",
        "stimulus": shape,
        **measured(threshold),
    }


def _backgrounds() -> list[str]:
    lights = {number: [luminance * cone for cone in BACKGROUND] for number, luminance in LUMINANCES.items()}
    rows = [f"{number},{light[0]},{light[1]},{light[2]},d65,hdr_csf,5" for number, light in lights.items()]
    return [*rows, "66,13.9,6.04,0.41,CR_Oscilloscope,old1966,NaN"]


def _directions() -> list[str]:
    rows = [
        f"{number},{delta[0]},{delta[1]},{delta[2]},hdr_csf,5,{LABELS[number]}"
        for number, delta in DELTAS.items()
    ]
    # numbers repeat from study to study, as 110 and 111 do in the original
    return [*rows, "99,0.9175,0.3967,0.0271,old1966,NaN,NaN", "9,1,0,0,old1966,NaN,NaN"]


def _write(path: Path, header: str, rows: list[str]) -> None:
    path.write_text("\n".join((header, *rows)) + "\n")
