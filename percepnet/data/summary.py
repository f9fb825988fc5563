"""A benchmark in a few lines: how much of what, judged how, how well people agree, what is odd."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.contract import ALL, Bootstrap
from percepnet.benchmarks.files import some
from percepnet.benchmarks.psychophysics.shown import by_reason
from percepnet.data.inspection import byte_identical, duplicates, identical
from percepnet.data.naming import score_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from percepnet.agreement.contract import Score
    from percepnet.benchmarks.contract import Benchmark
    from percepnet.data.inspection import Facts, Inspection

_NAMED = 8


def summary(benchmark: Benchmark, seen: Inspection, off: Mapping[str, float], listed: int) -> dict[str, str]:
    """Return what is known of a benchmark, each line by its name.

    Args:
        benchmark: The benchmark.
        seen: What looking at its images has brought.
        off: By how many dB pairs are off their published PSNR.
        listed: Number of pairs whose PSNR is published.

    Raises:
        InputError: Its own scores cannot be made from distances.
    """
    pairs = benchmark.pairs
    scores = [pair.score for pair in pairs]
    spreads = sum(pair.spread is not None for pair in pairs)
    references = len({pair.reference for pair in pairs})
    return {
        "pairs": f"{len(pairs)} of {references} references; {len(seen.images)} images",
        "images": _sizes(seen.images),
        "clusters": str(len({pair.cluster for pair in pairs})),
        "kinds": _names(pair.kind for pair in pairs),
        "levels": _names(pair.level for pair in pairs),
        "scores": f"{min(scores):.4g} to {max(scores):.4g}: {score_name(benchmark)}",
        "spreads": f"known for {spreads} of {len(pairs)} pairs" if spreads else "unknown",
        **_agreement(benchmark, seen),
        "identical": _identical(benchmark, seen.images),
        "duplicates": _duplicates(benchmark, seen.images),
        "excluded": _excluded(getattr(benchmark, "excluded", {})),
        "fingerprints": _fingerprints(benchmark, off, listed),
        "manifest hash": benchmark.fingerprint(),
    }


def _sizes(images: Mapping[str, Facts]) -> str:
    """Return how many images are of which size and type, the most frequent first."""
    counts = Counter(f"{facts.width} x {facts.height}, {facts.dtype}" for facts in images.values())
    if len(counts) == 1:
        return next(iter(counts))
    return some(f"{number} of {size}" for size, number in counts.most_common())


def _names(names: Iterable[str]) -> str:
    counts = Counter(names)
    if set(counts) <= {""}:
        return "none"
    listed = [f"{name or '(none)'} {number}" for name, number in counts.items()]
    rest = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return f"{len(listed)}: {', '.join(listed[:_NAMED])}{rest}"


def _agreement(benchmark: Benchmark, seen: Inspection) -> dict[str, str]:
    """Return the score of the plainest distance there is, and what people reach."""
    if seen.problems:
        return {"pixel RMSE": "not scored, as images are broken", "ceiling": "not known"}
    every = benchmark.agreement(np.array([seen.rmse]), Bootstrap(resamples=0))
    scores = [score for score in every if score.subset == ALL] or every
    known = [score for score in scores if np.isfinite(score.ceiling)]
    ceilings = ", ".join(f"{_metric(score)} {score.ceiling:.3f}" for score in known)
    methods = "; ".join(dict.fromkeys(score.ceiling_method for score in known if score.ceiling_method))
    return {
        "pixel RMSE": ", ".join(f"{_metric(score)} {score.value:.3f}" for score in scores),
        "ceiling": f"{ceilings} ({methods})" if known else "none",
    }


def _metric(score: Score) -> str:
    return score.metric if score.subset == ALL else f"{score.metric} of {score.subset}"


def _identical(benchmark: Benchmark, images: dict[str, Facts]) -> str:
    pairs = identical(benchmark, images)
    if not pairs:
        return "no pair"
    return f"{len(pairs)} pairs, whose distance is 0: {some(pair.distorted for pair in pairs)}"


def _duplicates(benchmark: Benchmark, images: dict[str, Facts]) -> str:
    groups = duplicates(benchmark, images)
    if not groups:
        return "none"
    bytewise = len(byte_identical(benchmark, groups))
    files = f" ({bytewise} byte by byte)" if bytewise else ""
    return f"{len(groups)} images under several keys{files}: {some(' = '.join(keys) for keys in groups)}"


def _excluded(excluded: Mapping[str, str]) -> str:
    """Return how many are left out for which reason, details of single ones aside."""
    reasons = by_reason({name: reason.partition(":")[0] for name, reason in excluded.items()})
    lines = [f"{len(names)}: {reason} ({some(names)})" for reason, names in reasons.items()]
    return "\n".join(lines) or "nothing"


def _fingerprints(benchmark: Benchmark, off: Mapping[str, float], listed: int) -> str:
    proved = getattr(benchmark, "worst_psnr_deviation", None)
    if proved is not None:
        return f"every pair has its published PSNR, within {proved:.4f} dB"
    if not listed:
        return "none published beside the scores"
    worst = f", at most {max(off.values()):.4f} dB off" if off else ""
    return f"published PSNR of {listed} of {len(benchmark.pairs)} pairs{worst}"
