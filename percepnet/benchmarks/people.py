"""A benchmark's judgements, as a readout that learns from them is handed them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.choice import credit
from percepnet.agreement.contract import ALL, Bootstrap
from percepnet.agreement.correlation import spearman
from percepnet.agreement.people import BoolArray, People
from percepnet.benchmarks.choice.benchmark import ForcedChoice
from percepnet.benchmarks.manifest import distinct
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from percepnet.agreement.contract import FloatArray
    from percepnet.benchmarks.contract import Benchmark


def people_of(benchmark: Benchmark) -> People:
    """Return the judgements of a benchmark.

    Raises:
        InputError: Images of one reference are in two clusters: a split by clusters would let a readout see
            in training what it is judged by.
    """
    opinion = isinstance(benchmark, OpinionScores)
    choice = isinstance(benchmark, ForcedChoice)
    if opinion or choice:
        _refuse_shared_references(benchmark)
    return People(
        places=np.array(distinct(benchmark.pairs)[1], dtype=np.int64),
        groups=[pair.cluster for pair in benchmark.pairs],
        scores=np.array([pair.score for pair in benchmark.pairs]) if opinion else None,
        polarity=-1 if isinstance(benchmark, OpinionScores) and benchmark.higher_is_better else 1,
        sides=benchmark.sides if isinstance(benchmark, ForcedChoice) else None,
        preference=_preference(benchmark) if isinstance(benchmark, ForcedChoice) else None,
        agreement=_agreement_with(benchmark),
    )


def _agreement_with(benchmark: Benchmark) -> Callable[[FloatArray, BoolArray], FloatArray]:
    """Return what scores distances by the benchmark's first metric, a larger value being better.

    Learning asks often, so opinion scores and forced choices have a short way, without ceilings and parts.
    """
    if isinstance(benchmark, OpinionScores):
        scores = np.array([pair.score for pair in benchmark.pairs])
        sign = -1.0 if benchmark.higher_is_better else 1.0
        return lambda distances, chosen: sign * spearman(distances[:, chosen], scores[chosen])
    if isinstance(benchmark, ForcedChoice):
        sides, preference = benchmark.sides, _preference(benchmark)

        def earned(distances: FloatArray, chosen: BoolArray) -> FloatArray:
            both = chosen[sides].all(axis=1)
            return np.asarray(credit(distances[:, sides[both]], preference[both]).mean(axis=1))

        return earned
    return lambda distances, chosen: _agreement(benchmark, distances, chosen)


def _preference(benchmark: ForcedChoice) -> FloatArray:
    return np.array([one.preference for one in benchmark.triplets])


def _agreement(benchmark: Benchmark, distances: FloatArray, chosen: BoolArray) -> FloatArray:
    """Return the benchmark's first metric of every row over some clusters, a larger value being better."""
    part = benchmark.part(
        {pair.cluster for pair, wanted in zip(benchmark.pairs, chosen, strict=True) if wanted}
    )
    column = {(pair.reference, pair.distorted): place for place, pair in enumerate(benchmark.pairs)}
    columns = [column[pair.reference, pair.distorted] for pair in part.pairs]
    scores = part.agreement(distances[:, columns], Bootstrap(resamples=0))
    whole = [score for score in scores if score.subset == ALL]
    first = whole[0].metric
    return np.array([score.value * (score.polarity or 1) for score in whole if score.metric == first])


def refuse_shared_references(teacher: Benchmark, judge: Benchmark) -> None:
    """Return if no reference image of one benchmark is one of the other, pixel by pixel.

    Raises:
        InputError: Some are: what is learnt from them must not be judged by them (TID2008 and TID2013).
    """
    known, seen = _pixels(teacher), _pixels(judge)
    if shared := known.keys() & seen.keys():
        names = ", ".join(sorted(seen[pixels] for pixels in shared)[:3])
        raise InputError(
            f"{judge.name} cannot judge what was learnt from {teacher.name}",
            expected="different reference images",
            found=f"{len(shared)} of {len(seen)} are the same: {names}",
            remedy="train on another benchmark, or leave readout.train_on out: folds keep references apart",
        )


def _pixels(benchmark: Benchmark) -> dict[str, str]:
    """Return the name of every reference image by the sha256 of its pixels, but for uniform fields."""
    keys = dict.fromkeys(pair.reference for pair in benchmark.pairs)
    images = ((key, benchmark.image(key)) for key in keys)
    return {
        hashlib.sha256(f"{image.dtype}{image.shape}".encode() + image.tobytes()).hexdigest(): key
        for key, image in images
        if image.min() < image.max()
    }


def _refuse_shared_references(benchmark: Benchmark) -> None:
    cluster: dict[str, str] = {}
    for pair in benchmark.pairs:
        if cluster.setdefault(pair.reference, pair.cluster) != pair.cluster:
            raise InputError(
                f"{benchmark.name}: a readout cannot learn from it",
                expected="all pairs of a reference image in one cluster",
                found=f"{pair.reference} in {cluster[pair.reference]} and {pair.cluster}",
                remedy="give its pairs the same cluster, so that no split divides them",
            )
