"""Threshold experiments of which a display can show a part: what is left out is known by name."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from percepnet.benchmarks.files import some
from percepnet.benchmarks.psychophysics.thresholds import Thresholds
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from percepnet.agreement.contract import FloatArray

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShownThresholds(Thresholds):
    """A benchmark of thresholds, and the conditions that it leaves out.

    Attributes:
        excluded: Why a condition is not shown, by its name.
    """

    excluded: Mapping[str, str] = field(default_factory=dict)


def report(benchmark: str, shown: Sequence[str], excluded: Mapping[str, str]) -> None:
    """Warn of what is left out: how many conditions for which reason, the first of them by name.

    Raises:
        InputError: Nothing is left.
    """
    reasons = [f"{len(names)}: {reason} ({some(names)})" for reason, names in by_reason(excluded).items()]
    if not shown:
        raise InputError(
            f"{benchmark} has no condition left.",
            expected="one that the display can show",
            found="; ".join(reasons) or "no conditions at all",
            remedy=f"ask for other conditions or another display: benchmark.{benchmark}",
        )
    for reason in reasons:
        _log.warning("%s leaves out %s", benchmark, reason)


def complete(observers: Sequence[Mapping[str, float]]) -> FloatArray | None:
    """Return log10 thresholds `[O, S]` of those who saw every one of S conditions; None for fewer than two.

    Args:
        observers: Of each condition, log10 thresholds by observer.
    """
    everyone = sorted(set.intersection(*(set(each) for each in observers))) if observers else []
    if len(everyone) < 2:
        return None
    return np.array([[each[name] for each in observers] for name in everyone])


def spread(observers: Mapping[str, float]) -> float | None:
    """Return the standard deviation over observers, None for fewer than two."""
    return float(np.std(list(observers.values()), ddof=1)) if len(observers) > 1 else None


def by_reason(excluded: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the names that are left out, by reason."""
    found: dict[str, list[str]] = {}
    for name, reason in excluded.items():
        found.setdefault(reason, []).append(name)
    return found
