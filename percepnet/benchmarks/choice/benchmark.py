"""Forced choices and same-or-not judgements, whatever their images come from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.checks import require_shape
from percepnet.agreement.choice import rate_choices
from percepnet.agreement.jnd import rate_same
from percepnet.agreement.subsets import with_parts
from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.manifest import Manifested

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from percepnet.agreement.contract import Bootstrap, FloatArray, IntArray, Score
    from percepnet.benchmarks.contract import ImageSource


@dataclass(frozen=True, slots=True)
class Triplet:
    """A reference and two images, one of which people had to call nearer to it.

    Attributes:
        reference: Key of the reference.
        first: Key of the first image (left, p0, A).
        second: Key of the second image (right, p1, B).
        preference: Share of votes for the second.
        cluster: What the bootstrap resamples.
        kind: What breakdowns go by: the family of distortions.
        level: Within the kind.
    """

    reference: str
    first: str
    second: str
    preference: float
    cluster: str
    kind: str = ""
    level: str = ""

    @property
    def pairs(self) -> list[Pair]:
        """The two image pairs, each with its own share of votes."""
        about = (None, self.kind, self.level)
        return [
            Pair(self.reference, self.first, self.cluster, 1.0 - self.preference, *about),
            Pair(self.reference, self.second, self.cluster, self.preference, *about),
        ]


@dataclass(frozen=True)
class ForcedChoice(Manifested):
    """A benchmark of forced choices between two images.

    Attributes:
        name: The name in results.
        triplets: Those of one reference together.
        images: Where the images come from.
        votes: Voters behind each preference, for the ceiling; None where unknown or unanimous by selection.
    """

    name: str
    triplets: Sequence[Triplet]
    images: ImageSource
    votes: int | None = None

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Every image with its reference, once; `score` is its share of votes, averaged over its triplets.

        An image of one triplet stands beside its rival. One that met several rivals is not computed twice.
        """
        met: dict[tuple[str, str], list[Pair]] = {}
        for triplet in self.triplets:
            for pair in triplet.pairs:
                met.setdefault((pair.reference, pair.distorted), []).append(pair)
        return tuple(_mean_of(pairs) for pairs in met.values())

    @property
    def header(self) -> str:
        """What determines the scores beside pairs and images."""
        digest = hashlib.sha256("\n".join(self._lines()).encode()).hexdigest()
        return f"choice {self.votes} {digest}"

    def _lines(self) -> Iterator[str]:
        for one in self.triplets:
            about = (one.reference, one.first, one.second, one.cluster, one.kind, one.level)
            yield "\t".join((*about, one.preference.hex()))

    def part(self, clusters: Collection[str]) -> ForcedChoice:
        """Return the judgements of these clusters alone."""
        return replace(self, triplets=[one for one in self.triplets if one.cluster in clusters])

    def agreement(self, distances: FloatArray, bootstrap: Bootstrap) -> list[Score]:
        """Score distances `[R, P]`, one column per pair: the 2afc of all triplets and of each part."""
        require_shape("distances", distances, (None, len(self.pairs)), "[R taps, P pairs]")
        sides = self.sides
        preference = np.array([one.preference for one in self.triplets])
        clusters = [one.cluster for one in self.triplets]

        def rate(chosen: IntArray) -> list[Score]:
            names = [clusters[index] for index in chosen]
            return rate_choices(distances[:, sides[chosen]], preference[chosen], names, bootstrap, self.votes)

        return with_parts(rate, [one.kind for one in self.triplets], [one.level for one in self.triplets])

    @cached_property
    def sides(self) -> IntArray:
        """Places among `pairs` of the first and of the second image of each triplet, `[T, 2]`."""
        place = {(pair.reference, pair.distorted): index for index, pair in enumerate(self.pairs)}
        both = [[place[one.reference, one.first], place[one.reference, one.second]] for one in self.triplets]
        return np.array(both, dtype=np.int64)


@dataclass(frozen=True)
class SameOrNot(Manifested):
    """A benchmark of pairs that people called the same or different.

    Attributes:
        name: The name in results.
        pairs: `score` is the share of people who said "same"; those of one reference together.
        images: Where the images come from.
    """

    name: str
    pairs: Sequence[Pair]
    images: ImageSource

    @property
    def header(self) -> str:
        """What determines the scores beside pairs and images."""
        return "same or not"

    def part(self, clusters: Collection[str]) -> SameOrNot:
        """Return the judgements of these clusters alone."""
        return replace(self, pairs=[pair for pair in self.pairs if pair.cluster in clusters])

    def agreement(self, distances: FloatArray, bootstrap: Bootstrap) -> list[Score]:
        """Score distances `[R, P]`: the average precision of all pairs and of each part."""
        require_shape("distances", distances, (None, len(self.pairs)), "[R taps, P pairs]")
        same = np.array([pair.score for pair in self.pairs])
        clusters = [pair.cluster for pair in self.pairs]

        def rate(chosen: IntArray) -> list[Score]:
            names = [clusters[index] for index in chosen]
            return rate_same(distances[:, chosen], same[chosen], names, bootstrap)

        return with_parts(rate, [pair.kind for pair in self.pairs], [pair.level for pair in self.pairs])


def _mean_of(pairs: Sequence[Pair]) -> Pair:
    one = pairs[0]
    kind = one.kind if all(pair.kind == one.kind for pair in pairs) else ""
    level = one.level if all(pair.level == one.level for pair in pairs) else ""
    score = sum(pair.score for pair in pairs) / len(pairs)
    return Pair(one.reference, one.distorted, one.cluster, score, None, kind, level)
