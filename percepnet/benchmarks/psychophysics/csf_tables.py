"""What a row of castleCSF's tables says was shown, and the lights that it refers to by number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from percepnet.benchmarks.psychophysics.tables import read_table, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from percepnet.benchmarks.psychophysics.tables import Row

LMS = tuple[float, float, float]
"""Responses of the long-, middle- and short-wavelength cones (CIE 2006), L + M about the luminance."""

_UNLABELLED = ("", "NaN", "NA")


@dataclass(frozen=True, slots=True)
class Stimulated:
    """What was shown; conditions that differ in nothing here are the same.

    Attributes:
        study: The collection's name for it.
        direction: Number of the colour direction, unlike others within the study alone.
        background: Number of the background.
        luminance: Of the background, in cd/m2.
        frequency: In cycles per degree.
        sigma: Standard deviation of a Gaussian window, in degrees.
        area: In square degrees.
        orientation: 0 for vertical bars, 90 for horizontal ones.
        hertz: Temporal frequency; 0 for a stimulus that stands still.
        eccentricity: Degrees from the fovea.
        field: Where in the visual field, in degrees, for what lies beside the fovea.
        shape: `gabor`, `grating` or `disk`.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = (
        *("dataset", "col_dir_id", "bkg_id", "luminance", "s_frequency", "ge_sigma", "area"),
        *("orientation", "t_frequency", "eccentricity", "vis_field", "stimulus"),
    )

    study: str
    direction: str
    background: str
    luminance: float
    frequency: float
    sigma: float
    area: float
    orientation: float
    hertz: float
    eccentricity: float
    field: float
    shape: str


@dataclass(frozen=True, slots=True)
class Light:
    """A background or a colour direction.

    Attributes:
        label: What it is called; "" for nothing.
        lms: Its cone responses.
    """

    label: str
    lms: LMS


def stimulated(row: Row) -> Stimulated:
    """Return what a row says was shown.

    Sizes are rounded to six digits: the two tables of the collection differ in the last.

    Raises:
        InputError: A field is no number, or none that it can be.
    """
    study, direction, background, shape = (
        row.text(column) for column in ("dataset", "col_dir_id", "bkg_id", "stimulus")
    )
    sizes = [row.positive(column) for column in ("luminance", "ge_sigma", "area")]
    sizes.append(row.number("s_frequency") if shape == "disk" else row.positive("s_frequency"))
    luminance, sigma, area, frequency = (float(f"{size:.6g}") for size in sizes)
    orientation, hertz, eccentricity, field = (
        row.number(column) for column in ("orientation", "t_frequency", "eccentricity", "vis_field")
    )
    return Stimulated(
        study=study,
        direction=direction,
        background=background,
        luminance=luminance,
        frequency=frequency,
        sigma=sigma,
        area=area,
        orientation=orientation,
        hertz=hertz,
        eccentricity=eccentricity,
        field=field,
        shape=shape,
    )


def read_lights(
    path: Path, number: str, label: str, columns: Sequence[str]
) -> Mapping[tuple[str, str], Light]:
    """Return backgrounds or directions by study and number: numbers repeat from study to study.

    Args:
        path: The table.
        number: Its column of numbers.
        label: Its column of names.
        columns: Its columns of L, M and S.

    Raises:
        InputError: The table is damaged, or has a number twice within a study.
    """
    found: dict[tuple[str, str], Light] = {}
    for row in read_table(path, ("dataset", number, label, *columns)):
        key = (row.text("dataset"), row.text(number))
        if key in found:
            problem = f"Line {row.line}: {number} stands for two lights."
            raise refusal(path, problem, f"each {number} of a study once", f"{key[1]} of {key[0]} again")
        long, middle, short = (row.number(column) for column in columns)
        name = row.fields[label]
        found[key] = Light("" if name in _UNLABELLED else name, (long, middle, short))
    return found
