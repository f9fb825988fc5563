"""`absent`: what no results can hold yet, and what it would take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from percepnet.ablation.claims.model import Measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.ablation.evidence import Evidence


@dataclass(frozen=True)
class Absent:
    """A wording that percepnet cannot test.

    Attributes:
        needs: What it would take, a sentence each.
    """

    POOLS: ClassVar[bool] = False

    needs: tuple[str, ...]

    def measure(self, evidence: Evidence, others: Sequence[Evidence], *, pooled: bool) -> Measured:  # noqa: ARG002
        """Return what is missing."""
        return Measured(missing=self.needs)
