"""The 25 ellipses of MacAdam (1942) in the chromaticity diagram, as observed, from colour-science."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from percepnet.benchmarks.psychophysics.colour_space import library

if TYPE_CHECKING:
    from percepnet.agreement.contract import FloatArray

_TABLE_UNIT = 1e-3


@dataclass(frozen=True)
class Ellipse:
    """One ellipse in CIE 1931 xy.

    Attributes:
        name: Its number in the table, `01` to `25`.
        centre: xy `[2]`.
        major: Semi-axis, in xy.
        minor: Semi-axis, in xy.
        theta: Of the major axis from the x axis, in degrees.
    """

    name: str
    centre: FloatArray
    major: float
    minor: float
    theta: float

    def radius(self, angle: float) -> float:
        """Return the distance in xy from the centre to the ellipse at `angle` degrees from the x axis.

        Polar form of an ellipse about its centre: `a b / sqrt((b cos t)^2 + (a sin t)^2)`, t from the
        major axis.
        """
        turned = math.radians(angle - self.theta)
        across = math.hypot(self.minor * math.cos(turned), self.major * math.sin(turned))
        return self.major * self.minor / across


def published() -> list[Ellipse]:
    """Return the ellipses as observed: columns x, y, 1000 a, 1000 b, theta of the table."""
    table = np.asarray(library().DATA_MACADAM_1942_ELLIPSES, dtype=np.float64)
    return [
        Ellipse(
            name=f"{number:02d}",
            centre=row[:2],
            major=float(row[2] * _TABLE_UNIT),
            minor=float(row[3] * _TABLE_UNIT),
            theta=float(row[4]),
        )
        for number, row in enumerate(table, start=1)
    ]
