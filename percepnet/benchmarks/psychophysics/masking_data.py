"""Contrast-masking thresholds in files that the user supplies: a table of our own form, or published JSON.

The table has one line per threshold and the columns of `COLUMNS`: contrasts from 0 to 1, frequencies in
cycles per degree, standard deviations and angles in degrees. An empty `mask_sigma` is a mask that fills the
image, an empty `mask_phase` one in phase with the target. On a line with `mask_contrast` 0 the other columns
of the mask are empty or passed over.

The JSON is that of published comparisons of models with Foley (1994), doi:10.1364/JOSAA.11.001710: two lists,
`mask_contrast_list` and `test_contrast_list`. It tells nothing of the stimuli, which are settings.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from percepnet.benchmarks.psychophysics.gabors import Patch
from percepnet.benchmarks.psychophysics.tables import read_table, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from percepnet.benchmarks.psychophysics.tables import Row

COLUMNS = (
    *("observer", "luminance", "target_frequency", "target_sigma", "target_orientation"),
    *("mask_contrast", "mask_frequency", "mask_sigma", "mask_orientation", "mask_phase", "threshold"),
)
_LISTS = ("mask_contrast_list", "test_contrast_list")


@dataclass(frozen=True, slots=True)
class Masked:
    """A target upon a mask.

    Attributes:
        luminance: Mean, in cd/m2.
        target: What is to be seen.
        mask: What lies there already; None for nothing.
        contrast: Of the mask; 0 for none.
    """

    luminance: float
    target: Patch
    mask: Patch | None
    contrast: float

    @property
    def field(self) -> str:
        """The key of its background: the mask alone."""
        if self.mask is None:
            return f"uniform-{self.luminance:g}"
        mask = self.mask
        window = f"{mask.sigma:g}deg-" if math.isfinite(mask.sigma) else ""
        about = f"{mask.frequency:g}cpd-{window}turned{mask.orientation:g}-phase{mask.phase:g}"
        return f"mask-{self.luminance:g}-{about}-{self.contrast:g}"

    @property
    def name(self) -> str:
        """Unlike every other's: target, then background."""
        target = self.target
        about = f"{target.frequency:g}cpd-{target.sigma:g}deg-turned{target.orientation:g}"
        return f"{about}-on-{self.field}"

    @property
    def kind(self) -> str:
        """How the mask differs from the target: `mask like the target`, `mask turned by 90 deg`."""
        if self.mask is None:
            return "no mask"
        turn = (self.mask.orientation - self.target.orientation) % 180.0
        ratio = self.mask.frequency / self.target.frequency
        lag = (self.mask.phase - self.target.phase) % 360.0
        words = [f"turned by {turn:g} deg"] if turn else []
        words += [f"at {ratio:g} times the frequency"] if ratio != 1.0 else []
        words += [f"shifted by {lag:g} deg of phase"] if lag else []
        return f"mask {' and '.join(words) or 'like the target'}"


Thresholds = dict[Masked, dict[str, float]]
"""log10 threshold contrasts of each observer ("" for an average), by condition."""


def read_masking(path: Path, target: Patch, luminance: float) -> Thresholds:
    """Return what was measured, in the order of the file.

    Args:
        path: A table, or JSON if its name ends so.
        target: Of the JSON, whose masks are gratings like it that fill the image; tables tell their own.
        luminance: Of the JSON, in cd/m2.

    Raises:
        InputError: The file is damaged, incomplete or tells of what cannot be.
    """
    if path.suffix.lower() == ".json":
        return _published(path, target, luminance)
    measured: dict[Masked, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    rows = read_table(path, COLUMNS)
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        line = tuple(row.fields.values())
        if line in seen:
            raise refusal(path, f"Line {row.line} repeats another.", "each threshold once", "the same twice")
        seen.add(line)
        measured[_masked(row, target.phase)][row.text("observer")].append(_log(row, "threshold"))
    if not measured:
        raise refusal(path, "There are no thresholds.", "a line per threshold", "a header alone")
    return {shown: _means(by_name) for shown, by_name in measured.items()}


def _means(by_name: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: float(np.mean(values)) for name, values in by_name.items()}


def _masked(row: Row, phase: float) -> Masked:
    target = Patch(
        row.positive("target_frequency"),
        row.positive("target_sigma"),
        row.number("target_orientation"),
        phase,
    )
    contrast = row.number("mask_contrast")
    if not 0.0 <= contrast < 1.0:
        raise row.refusal("mask_contrast", "a contrast from 0 to below 1")
    mask = _mask(row, phase) if contrast > 0.0 else None
    return Masked(row.positive("luminance"), target, mask, contrast)


def _mask(row: Row, phase: float) -> Patch:
    sigma = row.positive("mask_sigma") if row.fields["mask_sigma"] else math.inf
    lag = row.number("mask_phase") if row.fields["mask_phase"] else 0.0
    frequency, turn = row.positive("mask_frequency"), row.number("mask_orientation")
    return Patch(frequency, sigma, turn, phase + lag)


def _log(row: Row, column: str) -> float:
    contrast = row.positive(column)
    if contrast > 1.0:
        raise row.refusal(column, "a contrast up to 1: no per cent, no decibel")
    return math.log10(contrast)


def _published(path: Path, target: Patch, luminance: float) -> Thresholds:
    """Return the conditions of two lists; a mask contrast of 0 is no mask."""
    try:
        content = json.loads(path.read_bytes())
        masks, thresholds = (np.array(content[name], dtype=np.float64) for name in _LISTS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        expected = f"JSON with {' and '.join(_LISTS)}"
        raise refusal(
            path, "The lists cannot be read.", expected, f"{type(error).__name__}: {error}"
        ) from error
    good = masks.ndim == 1 and masks.shape == thresholds.shape and masks.size > 0
    if not good or len(set(masks.tolist())) != masks.size:
        found = f"shapes {list(masks.shape)} and {list(thresholds.shape)}, mask contrasts {masks.tolist()}"
        raise refusal(path, "The lists do not fit.", "one threshold for each mask contrast", found[:200])
    inside = (masks >= 0.0) & (masks < 1.0) & (thresholds > 0.0) & (thresholds <= 1.0)
    if not inside.all():
        at = int(np.argmin(inside))
        found = f"mask {masks[at]}, threshold {thresholds[at]} at place {at}"
        raise refusal(path, "A contrast cannot be.", "contrasts from 0 to 1", found)
    grating = Patch(target.frequency, math.inf, target.orientation, target.phase)
    return {
        Masked(luminance, target, grating if mask else None, mask): {"": math.log10(threshold)}
        for mask, threshold in zip(masks.tolist(), thresholds.tolist(), strict=True)
    }
