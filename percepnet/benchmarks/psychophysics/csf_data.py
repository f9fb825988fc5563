"""The castleCSF collection of contrast-sensitivity measurements, read strictly from its own files.

Ashraf et al. (2024), castleCSF: a contrast sensitivity function of color, area, spatiotemporal frequency,
luminance and eccentricity, J. Vision 24(4):5, doi:10.1167/jov.24.4.5. A threshold is the log10 of a cone
contrast, sqrt((dL/L)^2 + (dM/M)^2 + (dS/S)^2) / sqrt(3) for the deviation dLMS of the peak from a background
LMS; the sensitivity is its inverse. Averages over observers are of the logarithm.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from percepnet.benchmarks.files import some
from percepnet.benchmarks.psychophysics.csf_tables import (
    LMS,
    Light,
    Stimulated,
    read_lights,
    stimulated,
)
from percepnet.benchmarks.psychophysics.tables import read_table, refusal
from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from percepnet.benchmarks.psychophysics.tables import Row

AGGREGATED = "data_aggregated.csv"
INDIVIDUAL = "data_individual.csv"
BACKGROUNDS = "backgrounds.csv"
DIRECTIONS = "color_directions.csv"
STUDIES = "datasets.json"
FILES = (AGGREGATED, INDIVIDUAL, BACKGROUNDS, DIRECTIONS, STUDIES)

_MEASURED = ("log_cone_contrast", "sensitivity")
_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Condition:
    """One stimulus of one study, and the contrast that people need.

    Attributes:
        shown: What was shown.
        background: LMS of the background.
        white: What the background is called, such as `d65`.
        direction: Label of the colour direction; its number where it has none.
        delta: LMS of the colour direction, of any length.
        aperture: Of the study, in the collection's words; "" where it has none.
        threshold: log10 of the cone contrast at threshold, mean over observers.
        observers: The same of each observer, where they are published.
    """

    shown: Stimulated
    background: LMS
    white: str
    direction: str
    delta: LMS
    aperture: str
    threshold: float
    observers: Mapping[str, float]


def read_conditions(files: Mapping[str, Path], studies: Sequence[str], rows: int) -> list[Condition]:
    """Return every condition of `studies`, study by study in the order of the file.

    Several rows of one condition, from several experiments of a study, become their mean, weighted by the
    numbers of observers.

    Args:
        files: The five files of the collection, by name.
        studies: By the collection's names for them.
        rows: How many `data_aggregated.csv` has in this release.

    Raises:
        InputError: A file is damaged or of another release, or a study is unknown.
    """
    apertures = _apertures(files[STUDIES], studies)
    backgrounds = read_lights(files[BACKGROUNDS], "bkg_id", "bkg_label", ("L", "M", "S"))
    directions = read_lights(
        files[DIRECTIONS], "col_dir_id", "col_dir_label", ("L_delta", "M_delta", "S_delta")
    )
    averages = _averages(files[AGGREGATED], studies, rows)
    observers = _observers(files[INDIVIDUAL], studies)
    return [
        _condition(shown, found, (backgrounds, directions), apertures[shown.study], observers.get(shown, {}))
        for shown, found in averages.items()
    ]


def _condition(
    shown: Stimulated,
    rows: Sequence[Row],
    lights: tuple[Mapping[tuple[str, str], Light], Mapping[tuple[str, str], Light]],
    aperture: str,
    observers: Mapping[str, float],
) -> Condition:
    background, direction = (
        _light(rows[0], column, (shown.study, number), known)
        for column, number, known in zip(
            ("bkg_id", "col_dir_id"), (shown.background, shown.direction), lights, strict=True
        )
    )
    if min(background.lms) <= 0.0 or not any(direction.lms):
        problem = f"Line {rows[0].line}: no contrast can be had from its background and direction."
        found = f"{background.lms} and {direction.lms}"
        raise refusal(rows[0].path, problem, "LMS above 0, and a direction", found)
    weights = [row.positive("N") for row in rows]
    threshold = float(np.average([row.number("log_cone_contrast") for row in rows], weights=weights))
    label = direction.label or shown.direction
    return Condition(
        shown, background.lms, background.label, label, direction.lms, aperture, threshold, observers
    )


def _light(row: Row, column: str, key: tuple[str, str], known: Mapping[tuple[str, str], Light]) -> Light:
    if key not in known:
        names = (
            f"a {column} of {key[0]}: {some(sorted(number for study, number in known if study == key[0]))}"
        )
        raise row.refusal(column, names)
    return known[key]


def _averages(path: Path, studies: Sequence[str], rows: int) -> dict[Stimulated, list[Row]]:
    table = read_table(path, (*Stimulated.COLUMNS, *_MEASURED, "N"))
    if len(table) != rows:
        raise refusal(
            path,
            "The collection is cut off or of another release.",
            f"{rows} rows",
            f"{len(table)}",
            "put the original in its place, or tell the number of rows of yours: benchmark.csf.rows",
        )
    found: dict[Stimulated, list[Row]] = defaultdict(list)
    for study in studies:
        for row in (row for row in table if row.fields["dataset"] == study):
            _check_measured(row)
            same = found[stimulated(row)]
            if any(other.fields == row.fields for other in same):
                raise refusal(
                    path, f"Line {row.line} repeats another.", "each measurement once", "the same twice"
                )
            same.append(row)
    return found


def _observers(path: Path, studies: Sequence[str]) -> dict[Stimulated, dict[str, float]]:
    """Return each observer's mean log10 threshold by condition: some were measured several times."""
    table = read_table(path, ("observer", *Stimulated.COLUMNS, *_MEASURED))
    measured: dict[Stimulated, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in (row for row in table if row.fields["dataset"] in studies):
        _check_measured(row)
        measured[stimulated(row)][row.text("observer")].append(row.number("log_cone_contrast"))
    return {
        shown: {name: float(np.mean(values)) for name, values in by_name.items()}
        for shown, by_name in measured.items()
    }


def _check_measured(row: Row) -> None:
    contrast, sensitivity = 10.0 ** row.number("log_cone_contrast"), row.positive("sensitivity")
    if not math.isclose(contrast * sensitivity, 1.0, rel_tol=_SAME):
        raise row.refusal("sensitivity", f"the inverse of the cone contrast, {1.0 / contrast:g}")


def _apertures(path: Path, studies: Sequence[str]) -> dict[str, str]:
    """Return the aperture of every study; the names of authors in the file are not valid UTF-8."""
    try:
        known = json.loads(path.read_bytes().decode("utf-8", errors="replace"))["datasets"]
        apertures = {study: str(about.get("aperture", "")) for study, about in known.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise refusal(
            path, "The list of studies cannot be read.", "JSON with datasets", str(error)
        ) from error
    unknown = [study for study in studies if study not in apertures]
    if unknown or not studies:
        raise InputError(
            f"{path} does not have this study.",
            expected=some(apertures),
            found=some(unknown) or "no study named",
            remedy=nearest(unknown[0] if unknown else "", apertures),
        )
    return apertures
