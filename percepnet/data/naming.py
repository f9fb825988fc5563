"""What the numbers of a benchmark are, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from percepnet.benchmarks.choice.benchmark import ForcedChoice, SameOrNot
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.benchmarks.psychophysics.affine import Invisibility
from percepnet.benchmarks.psychophysics.combvd_benchmark import ColourDifferences
from percepnet.benchmarks.psychophysics.thresholds import Thresholds

if TYPE_CHECKING:
    from percepnet.benchmarks.contract import Benchmark


def score_name(benchmark: Benchmark) -> str:
    """Return what the score of a pair is, in words, with its unit and direction."""
    if isinstance(benchmark, OpinionScores):
        better = "better" if benchmark.higher_is_better else "worse"
        return f"mean opinion score, higher is {better}"
    names = {
        ForcedChoice: "share of votes for the image",
        SameOrNot: "share of people who saw no difference",
        ColourDifferences: "visual colour difference",
        Thresholds: "log10 threshold of people",
        Invisibility: "mean opinion score of rated pairs (changed ones have people's threshold)",
    }
    return next((words for kind, words in names.items() if isinstance(benchmark, kind)), "score of the pair")
