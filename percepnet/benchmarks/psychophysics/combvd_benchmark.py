"""Colour differences: pairs of uniform patches, and how different people saw them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement import stress
from percepnet.agreement.subsets import with_parts
from percepnet.benchmarks.manifest import Manifested

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from percepnet.agreement.contract import Bootstrap, FloatArray, IntArray, Score
    from percepnet.benchmarks.contract import ImageSource, Pair


@dataclass(frozen=True)
class ColourDifferences(Manifested):
    """A benchmark of visual colour differences.

    Attributes:
        name: The name in results.
        pairs: Every pair in gamut, references together; `kind` is its data set.
        images: Draws the patches.
        weights: Of each pair in the STRESS index.
        excluded: Why each pair that cannot be shown is left out, by name.
    """

    name: str
    pairs: Sequence[Pair]
    images: ImageSource
    weights: Sequence[float]
    excluded: Mapping[str, str] = field(default_factory=dict)

    @property
    def header(self) -> str:
        """What determines the scores beside pairs and images."""
        weights = " ".join(f"{weight:g}" for weight in self.weights)
        return f"colour differences {weights}"

    def part(self, clusters: Collection[str]) -> ColourDifferences:
        """Return the judgements of these clusters alone."""
        chosen = [place for place, pair in enumerate(self.pairs) if pair.cluster in clusters]
        weights = [self.weights[place] for place in chosen]
        return replace(self, pairs=[self.pairs[place] for place in chosen], weights=weights)

    def agreement(self, distances: FloatArray, bootstrap: Bootstrap) -> list[Score]:
        """Score distances `[R, P]` by STRESS and correlations, pooled and for each data set."""
        differences = np.array([pair.score for pair in self.pairs])
        clusters = np.array([pair.cluster for pair in self.pairs], dtype=object)
        weights = np.array(self.weights)

        def rate(chosen: IntArray) -> list[Score]:
            part = distances[:, chosen] if chosen.size < differences.size else distances
            return stress.rate(part, differences[chosen], list(clusters[chosen]), weights[chosen], bootstrap)

        return with_parts(rate, [pair.kind for pair in self.pairs], [pair.level for pair in self.pairs])
