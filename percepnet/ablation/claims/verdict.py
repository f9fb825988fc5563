"""From a claim and the evidence to verdicts, each with what is missing and how it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from percepnet.ablation.claims.measures.absent import Absent
from percepnet.ablation.claims.model import Measured, Verdict
from percepnet.ablation.claims.rules import conclusion, judged
from percepnet.ablation.claims.selector import fits_any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.ablation.claims.model import Claim, Version
    from percepnet.ablation.evidence import Evidence


def evaluate(claim: Claim, evidence: Sequence[Evidence]) -> list[Verdict]:
    """Return what results say of a claim: a verdict per version, benchmark and metric.

    A version that results cannot speak of has one verdict all the same: what is missing, and how it is made.

    Args:
        claim: What is claimed.
        evidence: Of every benchmark and metric (`percepnet.ablation.evidence.gather`).
    """
    there = [
        found
        for found in evidence
        if fits_any(found.benchmark, claim.benchmarks) and found.metric in claim.metrics
    ]
    return [verdict for version in claim.versions for verdict in _verdicts(claim, version, there, evidence)]


def _verdicts(
    claim: Claim, version: Version, there: Sequence[Evidence], evidence: Sequence[Evidence]
) -> list[Verdict]:
    always = version.statistic.needs if isinstance(version.statistic, Absent) else ()
    if always or not there:
        missing = Measured(missing=always or (_no_result(claim),))
        return [_verdict(claim, version, "", claim.metrics[0], missing)]
    pooled = version.rule.quantifier == "mean"
    return [
        _verdict(
            claim,
            version,
            found.benchmark,
            found.metric,
            version.statistic.measure(found, evidence, pooled=pooled),
        )
        for found in there
    ]


def _no_result(claim: Claim) -> str:
    names = " or ".join(name for name in claim.benchmarks if not name.startswith("!"))
    return f"no result on {names} ({' or '.join(claim.metrics)})"


def _verdict(claim: Claim, version: Version, benchmark: str, metric: str, found: Measured) -> Verdict:
    steps = judged(found.comparisons, version.rule)
    word, reason, decisive = conclusion(steps, version.rule)
    if not steps:
        reason = found.missing[0] if found.missing else "no rows of the kind that it speaks of"
    place = benchmark or next(iter(claim.benchmarks))
    return Verdict(
        claim=claim.id,
        title=claim.title,
        version=version.name,
        case=version.case,
        wording=version.wording,
        benchmark=benchmark,
        metric=metric,
        verdict=word,
        effect=None if decisive is None else decisive.effect,
        margin=version.rule.margin,
        missing=_with_sweeps(found.missing, version, place),
        arithmetic=steps,
        reason=reason,
        expected=version.expected,
        note=claim.note,
    )


def _with_sweeps(missing: Sequence[str], version: Version, benchmark: str) -> list[str]:
    """Return the sentences, and with or after them the commands that make the rows."""
    if not missing or not version.sweep:
        return list(missing)
    commands = "; ".join(command(overrides, benchmark) for overrides in version.sweep)
    return [f"{missing[0]}: {commands}"] if len(missing) == 1 else [*missing, f"what makes them: {commands}"]


def command(overrides: str, benchmark: str) -> str:
    """Return the command that makes rows on a benchmark, unless the overrides name theirs."""
    named = overrides if "benchmark=" in overrides else f"{overrides} benchmark={benchmark}"
    return f"python -m percepnet.sweep {named} benchmark.root=FOLDER"
