"""Opinion scores: image pairs with a mean opinion score each, whatever their images come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement import opinion
from percepnet.agreement.subsets import with_parts
from percepnet.benchmarks.manifest import Manifested

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from percepnet.agreement.contract import Bootstrap, FloatArray, IntArray, Score
    from percepnet.benchmarks.contract import ImageSource, Pair


@dataclass(frozen=True)
class OpinionScores(Manifested):
    """A benchmark of mean opinion scores.

    Attributes:
        name: The name in results.
        pairs: Every pair, references together.
        images: Where the images come from.
        higher_is_better: Whether a higher score means a better image (MOS) or a worse one (DMOS).
    """

    name: str
    pairs: Sequence[Pair]
    images: ImageSource
    higher_is_better: bool

    @property
    def header(self) -> str:
        """What determines the scores beside pairs and images."""
        return f"opinion {self.higher_is_better}"

    def part(self, clusters: Collection[str]) -> OpinionScores:
        """Return the judgements of these clusters alone."""
        return replace(self, pairs=[pair for pair in self.pairs if pair.cluster in clusters])

    def agreement(self, distances: FloatArray, bootstrap: Bootstrap) -> list[Score]:
        """Score distances `[R, P]` against the opinion scores; clusters are references."""
        known = [pair.spread for pair in self.pairs if pair.spread is not None]
        spreads = np.array(known) if len(known) == len(self.pairs) else None
        scores = np.array([pair.score for pair in self.pairs])
        clusters = np.array([pair.cluster for pair in self.pairs], dtype=object)

        def rate(chosen: IntArray) -> list[Score]:
            is_whole = chosen.size == scores.size
            return opinion.rate(
                distances if is_whole else distances[:, chosen],
                scores[chosen],
                list(clusters[chosen]),
                None if spreads is None else spreads[chosen],
                bootstrap if is_whole else replace(bootstrap, logistic=0),  # a part is too small for a curve
                higher_is_better=self.higher_is_better,
            )

        return with_parts(rate, [pair.kind for pair in self.pairs], [pair.level for pair in self.pairs])
