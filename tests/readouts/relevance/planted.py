"""Judgements made from planted weights, and an entry of the store made by hand."""

import json

import numpy as np
from safetensors.numpy import save
from scipy.stats import rankdata

from percepnet.agreement.people import People
from percepnet.readouts.relevance.problem import Problem
from percepnet.readouts.relevance.weights import sum_called
from percepnet.responses.store import Entry

WIDTHS = {"a": 12, "b": 20}
POSITIONS = {"a": 30.0, "b": 6.0}


def spearman(one, other):
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def statistics(pairs, seed, widths=None):
    """Squared differences `[P, K]` per tap: every channel has a size and a course of its own."""
    generator = np.random.default_rng(seed)
    strength = generator.gamma(2.0, 1.0, (pairs, 1))
    return {
        tap: (generator.gamma(1.5, 1.0, (pairs, width)) * strength * np.exp(generator.normal(0, 1.5, width)))
        for tap, width in (widths or WIDTHS).items()
    }


def planted_weights(found, seed=0):
    """Weights `[K]`: every other channel 0, the others of like importance for the distance."""
    generator = np.random.default_rng(seed)
    means = np.concatenate([values.mean(axis=0) * POSITIONS[tap] for tap, values in found.items()])
    return np.where(np.arange(len(means)) % 2 == 0, generator.uniform(0.5, 2.0, len(means)) / means, 0.0)


def distances_of(found, weights):
    """The plain Euclidean distance with a weight per channel."""
    terms = np.concatenate([values * POSITIONS[tap] for tap, values in found.items()], axis=1)
    return np.sqrt(terms @ weights)


def write_entry(folder, found, shards=3):
    """An entry as `extract` leaves it, of so many shards."""
    folder.mkdir(parents=True)
    pairs = len(next(iter(found.values())))
    names = []
    for index, rows in enumerate(np.array_split(np.arange(pairs), shards)):
        flat = {f"{tap}|squared_difference": values[rows].astype(np.float32) for tap, values in found.items()}
        flat |= {f"{tap}|positions": np.full(len(rows), POSITIONS[tap], dtype=np.float32) for tap in found}
        names.append(f"shard-{index:04d}.safetensors")
        (folder / names[-1]).write_bytes(save(flat))
    taps = [
        {"name": tap, "depth": (place + 1) / len(found), "statistics": ["squared_difference"]}
        for place, tap in enumerate(found)
    ]
    content = {"key": folder.name, "taps": taps, "stages": list(found), "pairs": pairs, "shards": names}
    (folder / "entry.json").write_text(json.dumps(content))
    return Entry(folder)


def opinions(distances, per_group, noise=0.0, seed=0):
    """Opinion scores that fall with the distance."""
    generator = np.random.default_rng(seed)
    spread = noise * distances.std() * generator.normal(size=len(distances))
    return scored(-(distances + spread), per_group)


def scored(scores, per_group):
    """People who gave these scores; agreement is the Spearman correlation, turned by the polarity."""

    def agreement(values, chosen):
        return np.array([-spearman(row[chosen], scores[chosen]) for row in values])

    groups = [f"image {place // per_group:03d}" for place in range(len(scores))]
    return People(np.arange(len(scores)), groups, scores, -1, None, None, agreement)


def choices(distances, per_group, gain=8.0, votes=9, seed=0):
    """Forced choices between neighbouring pairs: P(second) = d0^k / (d0^k + d1^k)."""
    generator = np.random.default_rng(seed)
    sides = np.arange(len(distances)).reshape(-1, 2)
    powers = distances[sides] ** gain
    preference = generator.binomial(votes, powers[:, 0] / powers.sum(axis=1)) / votes

    def agreement(values, chosen):
        inside = chosen[sides].all(axis=1)
        nearer = values[:, sides[inside, 1]] < values[:, sides[inside, 0]]
        return np.where(nearer, preference[inside], 1.0 - preference[inside]).mean(axis=1)

    groups = [f"image {place // per_group:03d}" for place in range(len(distances))]
    return People(np.arange(len(distances)), groups, None, 1, sides, preference, agreement)


def problem_of(found, people):
    """The problem of all taps laid end to end, without a store."""
    terms = np.concatenate([values * POSITIONS[tap] for tap, values in found.items()], axis=1)
    widths = tuple(values.shape[1] for values in found.values())
    in_unit = (terms / terms.sum(axis=1).mean()).astype(np.float32)
    return Problem(tuple(found), widths, in_unit, sum_called("euclidean"), people)
