"""What a claim is, what is measured for it, and what a verdict holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from percepnet.ablation.evidence import Evidence
    from percepnet.agreement.comparison import Difference

    Tail = Callable[[float], float]
    """From a bound to the one-sided p value of the true effect not lying beyond it."""

SUPPORTED = "supported"
CONTRADICTED = "contradicted"
INCONCLUSIVE = "inconclusive"
NOT_TESTABLE = "not testable"

DIRECTIONS = ("more", "less", "equal")
QUANTIFIERS = ("all", "most", "some", "mean")


@dataclass(frozen=True)
class Rule:
    """What is claimed of the effects that a statistic measures.

    Attributes:
        direction: `more`: the effect is above the margin. `less`: below minus the margin. `equal`: between.
        margin: In the unit of the effect; below 0, `more` and `less` allow that much of the other side.
        quantifier: Of how many comparisons: `all`, `most` (more than half), `some` (one), or of their `mean`.
    """

    direction: str = "more"
    margin: float = 0.0
    quantifier: str = "all"

    def __post_init__(self) -> None:
        """Refuse names that do not exist, and an equivalence without a margin.

        Raises:
            InputError: So it is.
        """
        one_of("direction", self.direction, DIRECTIONS)
        one_of("quantifier", self.quantifier, QUANTIFIERS)
        if self.direction == "equal" and not self.margin > 0.0:
            raise InputError(
                "direction: equal needs a margin", expected="a positive number", found=str(self.margin)
            )


@dataclass(frozen=True, eq=False)
class Comparison:
    """One effect, and how sure it is.

    Attributes:
        ours: What is compared.
        theirs: With what; "" where the effect stands by itself.
        values: How human-like the two are; empty where the effect stands by itself.
        effect: Its value, interval and p of there being none.
        above: Of the true effect not lying above a bound.
        below: Of the true effect not lying below a bound.
        note: What else a reader must know.
    """

    ours: str
    theirs: str
    values: tuple[float, ...]
    effect: Difference
    above: Tail
    below: Tail
    note: str = ""


@dataclass(frozen=True)
class Measured:
    """What a statistic found.

    Attributes:
        comparisons: What the rule is applied to.
        missing: Sentences on rows that the claim speaks of and that are not there.
    """

    comparisons: tuple[Comparison, ...] = ()
    missing: tuple[str, ...] = ()


class Statistic(Protocol):
    """What is measured; one frozen dataclass per kind, whose fields are the keys in the file."""

    def measure(self, evidence: Evidence, others: Sequence[Evidence], *, pooled: bool) -> Measured:
        """Return the comparisons; one alone, of their mean, if they are to be pooled."""
        ...


@dataclass(frozen=True)
class Version:
    """One wording of a claim.

    Attributes:
        name: Who says so: `v1`, `journal`, `group`, or a name of yours.
        case: Tells several tests of one wording apart.
        wording: Its gist.
        expected: Sign and size that are known from elsewhere; for information.
        sweep: Overrides of the sweeps that make its rows.
        rule: What is claimed.
        statistic: What is measured.
    """

    name: str
    case: str
    wording: str
    expected: str
    sweep: tuple[str, ...]
    rule: Rule
    statistic: Statistic


@dataclass(frozen=True)
class Claim:
    """A sentence about networks and people that results can speak for or against.

    Attributes:
        id: Unique.
        title: In a few words.
        note: How the wording became a test, and what the test cannot see.
        benchmarks: Patterns of names; the claim is tested on each one that results have.
        metrics: By which agreement is measured.
        versions: Its wordings.
    """

    id: str
    title: str
    note: str
    benchmarks: tuple[str, ...]
    metrics: tuple[str, ...]
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class Step:
    """One comparison and what it says.

    Attributes:
        ours: What is compared.
        theirs: With what; "" where the effect stands by itself.
        ours_value: How human-like it is; NaN where the effect stands by itself.
        theirs_value: Of the other.
        effect: Value, interval, p of there being none, standard error.
        margin: That the effect is held against.
        p: Of the effect not lying on its side of the margin (two-sided; of an equivalence the larger of two).
        holm: The same, adjusted for all comparisons of the verdict (Holm 1979).
        verdict: `supported`, `contradicted` or `inconclusive`.
        note: What else a reader must know.
    """

    ours: str
    theirs: str
    ours_value: float
    theirs_value: float
    effect: Difference
    margin: float
    p: float
    holm: float
    verdict: str
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """What results say of one wording of a claim on one benchmark.

    Attributes:
        claim: Its id.
        title: Of the claim.
        version: Name of the wording.
        case: Which of its tests; "" for the only one.
        wording: Its gist.
        benchmark: Name; "" where results have none of those it may be tested on.
        metric: By which agreement was measured.
        verdict: `supported`, `contradicted`, `inconclusive` or `not testable`.
        effect: Of the comparison that decides: the weakest of `all`, the middle one of `most`, the strongest
            of `some`, the mean; None where there is none.
        margin: That effects were held against.
        missing: Rows that it speaks of and that are not there, each with the sweep that makes them.
        arithmetic: Every comparison with its numbers.
        reason: The rule as it was applied, in one sentence.
        expected: Sign and size that are known from elsewhere; for information.
        note: How the wording became a test, and what the test cannot see.
    """

    claim: str
    title: str
    version: str
    case: str
    wording: str
    benchmark: str
    metric: str
    verdict: str
    effect: Difference | None
    margin: float
    missing: list[str]
    arithmetic: list[Step]
    reason: str
    expected: str = ""
    note: str = ""


def one_of(what: str, name: str, known: Sequence[str]) -> None:
    """Refuse a name that does not exist.

    Raises:
        InputError: It is not among `known`; names the nearest.
    """
    if name not in known:
        raise InputError(
            f"unknown {what}: {name!r}", expected="one of " + ", ".join(known), remedy=nearest(name, known)
        )
