"""Evidence of known truth: networks and readouts whose scores are made of given effects and noise."""

from itertools import product

import numpy as np

from percepnet.ablation.evidence import FACTORS, Cell, Evidence, Row

RESAMPLES, CLUSTERS = 200, 25


def row(value, noise=0.0, generator=None, layer="x", depth=1.0, common=0.0):
    """A row whose resamples scatter about its value, and whose jackknife scatters as it should."""
    width = RESAMPLES + CLUSTERS
    scale = np.r_[np.ones(RESAMPLES), np.full(CLUSTERS, 1.0 / np.sqrt(CLUSTERS * (CLUSTERS - 1.0)))]
    own = noise * generator.normal(size=width) if noise else np.zeros(width)
    return Row(layer, depth, np.r_[value, value + scale * (own + common)])


def cell(value, network="net", goal="g0", dataset="d0", arch="a0", readout="r0", **noise):
    """A cell of one row."""
    levels = dict(zip(FACTORS, (goal, dataset, arch, readout), strict=True))
    return Cell(f"{network} {readout}", network, levels, (row(value, **noise),))


def evidence(cells):
    """What the cells are to the ablation."""
    return Evidence(
        "simulated", "srcc", 1, CLUSTERS, CLUSTERS, float("nan"), "", tuple(cells), dict[str, str]()
    )


def grid(effects, network_sd=0.0, cell_sd=0.0, image_sd=0.0, seed=0, missing=0.0, interaction=None):
    """The full crossing of networks and readouts, or what is left of it.

    effects: factor -> level -> what it adds to a score.
    missing: the share of cells that is left out at random.
    interaction: (goal, readout) -> what it adds.
    """
    generator = np.random.default_rng(seed)
    cells = []
    for goal, dataset, arch in product(*(effects[name] for name in FACTORS[:3])):
        own = generator.normal(0.0, network_sd) if network_sd else 0.0
        name = f"{goal}.{dataset}.{arch}"
        base = 0.5 + own + effects["goal"][goal] + effects["dataset"][dataset] + effects["arch"][arch]
        for readout in effects["readout"]:
            value = base + effects["readout"][readout] + (interaction or {}).get((goal, readout), 0.0)
            value += generator.normal(0.0, cell_sd) if cell_sd else 0.0
            value += generator.normal(0.0, image_sd) if image_sd else 0.0
            cells.append(cell(value, name, goal, dataset, arch, readout, noise=image_sd, generator=generator))
    kept = generator.permutation(len(cells))[round(missing * len(cells)) :]
    return evidence([cells[place] for place in sorted(kept)])
