"""The rules: what each comparison says of a claim, and all of them together (see README.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from percepnet.ablation.claims.model import CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE, SUPPORTED, Step
from percepnet.agreement.comparison import holm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.ablation.claims.model import Comparison, Rule
    from percepnet.agreement.contract import FloatArray

ALPHA = 0.05


def judged(comparisons: Sequence[Comparison], rule: Rule) -> list[Step]:
    """Return every comparison with its own verdict; Holm's p is over all of them.

    Args:
        comparisons: Measured for the claim.
        rule: What is claimed of them.
    """
    both = np.array([_chances(one, rule) for one in comparisons]).reshape(-1, 2)
    adjusted = np.stack([_adjusted(both[:, side]) for side in (0, 1)], axis=1)
    return [_step(one, rule, *pair) for one, *pair in zip(comparisons, both, adjusted, strict=True)]


def _chances(one: Comparison, rule: Rule) -> tuple[float, float]:
    """Return the p values of the claim not holding and of its opposite not holding.

    Two-sided where a side of the margin is claimed (twice the smaller tail); of an equivalence the larger of
    two one-sided ones (Schuirmann 1987), and of its opposite twice the tail beyond the nearer margin.
    """
    margin = rule.margin
    if rule.direction == "equal":
        outside = min(one.above(margin), one.below(-margin))
        return max(one.above(-margin), one.below(margin)), min(1.0, 2.0 * outside)
    above, below = (one.above(margin), one.below(margin))
    if rule.direction == "less":
        above, below = one.below(-margin), one.above(-margin)
    return min(1.0, 2.0 * above), min(1.0, 2.0 * below)


def _adjusted(p: FloatArray) -> FloatArray:
    """Return Holm's p values; what is undefined is no member of the family and stays so."""
    known = np.isfinite(p)
    adjusted = p.copy()
    adjusted[known] = holm(p[known])
    return adjusted


def _step(one: Comparison, rule: Rule, both: FloatArray, adjusted: FloatArray) -> Step:
    beyond, against = _places(one, rule)
    word, side = INCONCLUSIVE, int(np.nanargmin(both)) if np.isfinite(both).any() else 0
    if beyond and adjusted[0] < ALPHA:
        word, side = SUPPORTED, 0
    elif against and adjusted[1] < ALPHA:
        word, side = CONTRADICTED, 1
    ours, theirs = one.values or (float("nan"), float("nan"))
    numbers = float(both[side]), float(adjusted[side])
    return Step(one.ours, one.theirs, ours, theirs, one.effect, rule.margin, *numbers, word, one.note)


def _places(one: Comparison, rule: Rule) -> tuple[bool, bool]:
    """Return whether the interval lies wholly where the claim has it, and wholly elsewhere.

    Of an equivalence it is the value alone that must lie inside: the tests have an interval of their own.
    """
    low, high, margin = one.effect.low, one.effect.high, rule.margin
    if rule.direction == "more":
        return low > margin, high < margin
    if rule.direction == "less":
        return high < -margin, low > -margin
    return abs(one.effect.value) < margin, low > margin or high < -margin


def conclusion(steps: Sequence[Step], rule: Rule) -> tuple[str, str, Step | None]:
    """Return the verdict, the rule as it was applied, and the step that decides.

    Args:
        steps: All of them.
        rule: With the quantifier.
    """
    if not steps:
        return NOT_TESTABLE, "", None
    yes, no = (sum(step.verdict == word for step in steps) for word in (SUPPORTED, CONTRADICTED))
    word = _quantified(yes, no, len(steps), rule.quantifier)
    return word, _reason(word, yes, no, len(steps), rule), _decisive(steps, rule)


def _quantified(yes: int, no: int, total: int, quantifier: str) -> str:
    needed = {"all": total, "mean": 1, "some": 1, "most": total // 2 + 1}[quantifier]
    refuted = {"all": 1, "mean": 1, "some": total, "most": total // 2 + 1}[quantifier]
    if no >= refuted:
        return CONTRADICTED
    return SUPPORTED if yes >= needed else INCONCLUSIVE


def _decisive(steps: Sequence[Step], rule: Rule) -> Step:
    """Return the weakest of `all`, the strongest of `some`, the middle one of `most`."""
    sign = {"more": 1.0, "less": -1.0}.get(rule.direction)
    strength = [sign * step.effect.value if sign else -abs(step.effect.value) for step in steps]
    order = np.argsort(strength)
    place = {"all": 0, "some": -1, "mean": 0, "most": (len(steps) - 1) // 2}[rule.quantifier]
    return steps[int(order[place])]


def _reason(word: str, yes: int, no: int, total: int, rule: Rule) -> str:
    where = {
        "more": f"above {rule.margin:g}",
        "less": f"below {0.0 - rule.margin:g}",
        "equal": f"between -{rule.margin:g} and {rule.margin:g}",
    }[rule.direction]
    if rule.quantifier == "mean":
        found = {SUPPORTED: "so it is", CONTRADICTED: "it lies elsewhere"}.get(word, "it cannot be told")
        return f"the mean is claimed to lie {where}: {found}"
    asked = {
        "all": "every one is asked for, one on the other side refutes it",
        "most": "more than half are asked for, more than half on the other side refute it",
        "some": "one is asked for, all on the other side refute it",
    }[rule.quantifier]
    others = total - yes - no
    return (
        f"of {total} comparison{'s' * (total > 1)}, {yes} lie{'s' * (yes == 1)} {where} after Holm, "
        f"{no} on the other side, {others} cannot be told; {asked}"
    )
