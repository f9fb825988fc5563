"""A goal of speed, and the one line that tells whether it is met."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

REPEATS = 5
SEPARATOR = " | "


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on what is measured.

    Attributes:
        bound: In the unit of what is measured.
        at_least: Whether it is a lower bound; else an upper one.
    """

    bound: float
    at_least: bool = False

    def verdict(self, value: float) -> str:
        """Return the bound and whether a value keeps it."""
        met = value >= self.bound if self.at_least else value <= self.bound
        return f"{'at least' if self.at_least else 'at most'} {self.bound:g}: {'met' if met else 'not met'}"


def tell(what: str, values: Sequence[float], goal: Goal | None = None, unit: str = "") -> str:
    """Print and return `what | median (low to high) | goal: met`; the median is what is judged.

    Args:
        what: Is measured.
        values: Of every repeat; a single one is told without a range.
        goal: None for what is told without a goal.
        unit: Stands behind the numbers.
    """
    middle = statistics.median(values)
    spread = f" ({min(values):.3g} to {max(values):.3g})" if len(values) > 1 else ""
    measured = f"{middle:.3g}{spread}{unit and ' '}{unit}"
    line = SEPARATOR.join((what, measured, goal.verdict(middle) if goal else "no goal"))
    print(line, flush=True)
    return line
