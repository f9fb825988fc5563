"""Pairs whose distances are spread out, and how much alike two extractions rank them."""

import numpy as np
from scipy.stats import spearmanr

from percepnet.benchmarks.contract import Pair
from percepnet.readouts.layerwise import Layerwise
from percepnet.responses.extraction import extract
from tests.fakes import MemoryBenchmark

SAME_RANKS = 0.999
"""Spearman's correlation with the distances of fp32, at least, at every tap."""


def graded(references, levels):
    """A benchmark of references `[H, W, 3]` uint8, each with noise and with less contrast, by levels."""
    generator = np.random.default_rng(0)
    images, pairs = {}, []
    for name, reference in enumerate(references):
        images[f"r{name}"] = reference
        noise, mean = generator.normal(size=reference.shape), reference.mean()
        for level in levels:
            versions = {"n": reference + level * noise, "c": mean + (reference - mean) / (1.0 + level / 64.0)}
            for kind, pixels in versions.items():
                key = f"r{name}{kind}{level}"
                images[key] = pixels.round().clip(0, 255).astype(np.uint8)
                pairs.append(Pair(f"r{name}", key, f"r{name}", 0.0))
    return MemoryBenchmark(images, pairs)


def layerwise(network, benchmark, compute, store):
    """The distance of every pair at every tap, `[R, P]`."""
    entry, _ = extract(network, benchmark, Layerwise().statistics, compute, store)
    return Layerwise().read(entry).values


def rank_correlations(one, other):
    return np.array([spearmanr(a, b).statistic for a, b in zip(one, other, strict=True)])
