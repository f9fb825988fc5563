"""Evidence made by hand: cells whose agreement is known, with resamples about it."""

import numpy as np

from percepnet.ablation.claims import evaluate
from percepnet.ablation.claims.loading import read
from percepnet.ablation.evidence import Cell, Evidence, Row

CLUSTERS = 24
RESAMPLES = 400


def row(value, layer="features.1", depth=0.5, error=0.01, generator=None):
    generator = generator or np.random.default_rng(0)
    return Row(layer, depth, np.r_[value, value + error * generator.normal(size=RESAMPLES)])


def cell(network, values, error=0.01, control=(), layers=None, **levels):
    """A cell whose layers have these values, each with resamples of its own: independent noise."""
    seed = sum(map(ord, network + levels.get("readout", "")))
    generator = np.random.default_rng(seed)
    values = np.atleast_1d(values)
    names = layers or [f"features.{place}" for place in range(1, len(values) + 1)]
    rows = [
        row(value, name, (place + 1) / len(values), error, generator)
        for place, (name, value) in enumerate(zip(names, values, strict=True))
    ]
    learned_from = [row(value, "x (uniform)", 1.0, error, generator) for value in control]
    usual = {"goal": "classification", "dataset": "imagenet1k", "arch": network.split(".")[0]}
    told = {**usual, "readout": "layerwise euclidean", **levels}
    return Cell(f"{network}-{seed}", network, told, tuple(rows), tuple(learned_from))


def baseline(name, value, error=0.01):
    """A baseline as results tell it."""
    return cell(
        f"baseline.{name}", value, error, goal="baseline", dataset="none", arch=name, readout="baseline"
    )


def evidence(*cells, benchmark="tid2013", metric="srcc"):
    return Evidence(benchmark, metric, 1, CLUSTERS, 0, 0.98, "replication", cells, {})


def claim(**changes):
    """A claim of one version as a file would tell it."""
    entry = {
        "id": "X1",
        "title": "Something",
        "benchmarks": "tid2013",
        "statistic": "versus",
        "versions": [{"version": "mine", "wording": "So it is"}],
        **changes,
    }
    return read(entry)


def verdict(asked, *sets):
    """The one verdict of a claim on evidence."""
    [found] = evaluate(asked, list(sets))
    return found
