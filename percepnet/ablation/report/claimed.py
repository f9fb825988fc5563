"""What the results say of each claim, with the arithmetic."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd

from percepnet.ablation.report.names import metric_name, number, p_value
from percepnet.ablation.report.parts import (
    Column,
    Fold,
    Listing,
    Section,
    Table,
    Text,
    chance,
    decimals,
    interval,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from percepnet.ablation.claims import Verdict
    from percepnet.ablation.report.parts import Part
    from percepnet.ablation.report.study import Study

FORMULA = "Each claim is tested on every benchmark that it speaks of; effects above 0 are more human-like."


def claims(study: Study, folders: Sequence[Path]) -> Section:
    """Return the section of the paper's claims and of a user's own.

    Args:
        study: The results.
        folders: Of claims beside the paper's.

    Raises:
        InputError: A claim's file is wrong.
    """
    from percepnet.ablation.claims import PAPER, evaluate, load

    evidence = list(study.evidence.values())
    verdicts = [verdict for claim in load([PAPER, *folders]) for verdict in evaluate(claim, evidence)]
    if not verdicts:
        return Section("claims", "Claims", [Text("There are no claims.")])
    frame = pd.DataFrame([_line(verdict) for verdict in verdicts])
    counts = frame["verdict"].value_counts()
    said = ", ".join(f"{count} {name}" for name, count in counts.items())
    columns = [
        text("claim"),
        text("title", "what is claimed"),
        text("version"),
        text("benchmark"),
        text("verdict"),
        interval("effect", "effect", "low", "high"),
        decimals("margin", "margin"),
        Column("rows missing", lambda row: str(row["missing"] or ""), is_number=True),
    ]
    table = Table("claims", "Verdicts: by wording of the claim and benchmark", frame, columns)
    return Section("claims", "Claims", [Text(f"{FORMULA} Verdicts: {said}."), table, *_folds(verdicts)])


def _folds(verdicts: Sequence[Verdict]) -> list[Part]:
    """Return the arithmetic, claim by claim."""
    folds: list[Part] = []
    for claim in dict.fromkeys(verdict.claim for verdict in verdicts):
        own = [(place, one) for place, one in enumerate(verdicts) if one.claim == claim]
        said = ", ".join(f"{count} {name}" for name, count in Counter(one.verdict for _, one in own).items())
        inner = [_details(place, one) for place, one in own]
        folds.append(Fold(f"{claim} {own[0][1].title}: {said}", inner))
    return folds


def _line(verdict: Verdict) -> dict[str, object]:
    effect = verdict.effect
    nothing = float("nan")
    return {
        "claim": verdict.claim,
        "title": verdict.title,
        "version": f"{verdict.version} {verdict.case}".strip(),
        "benchmark": verdict.benchmark,
        "metric": verdict.metric,
        "verdict": verdict.verdict,
        "effect": effect.value if effect else nothing,
        "low": effect.low if effect else nothing,
        "high": effect.high if effect else nothing,
        "p": effect.p if effect else nothing,
        "margin": verdict.margin,
        "missing": len(verdict.missing),
        "reason": verdict.reason,
    }


def _details(place: int, verdict: Verdict) -> Fold:
    on = f" on {verdict.benchmark}, {metric_name(verdict.metric)}" if verdict.benchmark else ""
    who = f"{verdict.version} {verdict.case}".strip()
    parts: list[Part] = [Text(f"“{verdict.wording}” {verdict.reason}")]
    if verdict.arithmetic:
        parts.append(_arithmetic(place, verdict))
    if verdict.missing:
        parts += [Text("What is missing for it:"), Listing(verdict.missing)]
    parts += [Text(f"Known from elsewhere: {verdict.expected}")] if verdict.expected else []
    parts += [Text(verdict.note)] if verdict.note else []
    return Fold(f"{who}{on}: {verdict.verdict}", parts)


def _arithmetic(place: int, verdict: Verdict) -> Table:
    lines = [
        {
            "ours": step.ours,
            "theirs": step.theirs,
            "ours_value": step.ours_value,
            "theirs_value": step.theirs_value,
            "value": step.effect.value,
            "low": step.effect.low,
            "high": step.effect.high,
            "margin": step.margin,
            "p": step.p,
            "holm": step.holm,
            "verdict": step.verdict,
            "note": step.note,
        }
        for step in verdict.arithmetic
    ]
    columns = [
        Column("ours", lambda row: _side(row["ours"], row["ours_value"])),
        Column("theirs", lambda row: _side(row["theirs"], row["theirs_value"])),
        interval("effect"),
        decimals("margin", "margin"),
        Column("p", lambda row: p_value(row["p"]), is_number=True),
        chance("holm", "p, Holm"),
        text("verdict"),
        text("note"),
    ]
    words = "-".join(part for part in (verdict.claim, verdict.version, verdict.benchmark) if part)
    caption = f"{verdict.claim}, {verdict.version}: every comparison"
    return Table(f"claim-{place:02d}-{_file(words)}", caption, pd.DataFrame(lines), columns)


def _side(name: str, value: float) -> str:
    shown = number(value)
    return name if shown == "-" or not name else f"{name}: {shown}"


def _file(words: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in words)
