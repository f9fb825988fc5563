"""Claims: sentences that a sweep can support or contradict, as data; what each asks for, and the verdict.

>>> from percepnet.ablation.claims import PAPER, evaluate, load
>>> verdicts = [verdict for claim in load([PAPER]) for verdict in evaluate(claim, [])]
>>> len({verdict.claim for verdict in verdicts}), {verdict.verdict for verdict in verdicts}
(16, {'not testable'})
"""

from percepnet.ablation.claims.loading import PAPER, load
from percepnet.ablation.claims.model import Claim, Step, Verdict, Version
from percepnet.ablation.claims.verdict import evaluate

__all__ = ["PAPER", "Claim", "Step", "Verdict", "Version", "evaluate", "load"]
