"""Losses: how far distances are from what people said. Each is blind to the distances' unit.

A loss takes the distances `[n]` of the chosen judged pairs, mean about 1, and gives a scalar; less is better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from percepnet.errors import InputError, NothingThereError, nearest

if TYPE_CHECKING:
    from percepnet.agreement.people import BoolArray, People

PARTNERS = 16
"""Partners of every image in one step of the ranking loss: its neighbours in a random order."""
TINY = 1e-6
"""Added to distances before their logarithm; their mean is about 1."""


class Pearson(nn.Module):
    """1 - Pearson's r between distances and scores, the sign turned by the polarity.

    As half the squared distance of two unit vectors, where nothing cancels when r is almost 1.
    """

    def __init__(self, scores: Tensor, polarity: int) -> None:
        super().__init__()
        self.scores = _unit(polarity * scores)

    def forward(self, distances: Tensor) -> Tensor:
        """Return the loss."""
        loss: Tensor = 0.5 * (_unit(distances) - self.scores).square().sum()
        return loss


def _unit(values: Tensor) -> Tensor:
    """Return the deviations from the mean at length 1; 0 where there are none."""
    centred = values - values.mean()
    unit: Tensor = centred / centred.norm().clamp_min(TINY)
    return unit


class Ranking(nn.Module):
    """Logistic loss on the order of two distances (RankNet: Burges et al., ICML 2005, eq. 3).

    log(1 + exp(-k (d_i - d_j))) where people put i further from its reference than j; the gain k > 0 is
    learned too. Two images need not have the same reference: the agreement that is reported orders all
    images, and so does this. Each step draws `PARTNERS` random partners for every image, in expectation the
    mean over all couples; ties are no couples.
    """

    def __init__(self, scores: Tensor, polarity: int, seed: int) -> None:
        super().__init__()
        self.scores = polarity * scores
        self.generator = torch.Generator().manual_seed(seed)
        self.log_gain = nn.Parameter(torch.tensor(1.0))

    def forward(self, distances: Tensor) -> Tensor:
        """Return the loss."""
        order = torch.randperm(len(distances), generator=self.generator)
        scores, mixed = self.scores[order], distances[order]
        signs = torch.cat([(scores - scores.roll(step)).sign() for step in range(1, PARTNERS + 1)])
        apart = torch.cat([mixed - mixed.roll(step) for step in range(1, PARTNERS + 1)])
        loss = softplus(-self.log_gain.exp() * signs * apart)
        return (loss * signs.abs()).sum() / signs.abs().sum().clamp_min(1.0)


class ForcedChoice(nn.Module):
    """Cross-entropy of the votes: P(second) = d0^k / (d0^k + d1^k), the gain k > 0 learned too.

    Luce's choice rule on powers of the distances, in place of the small network on (d0, d1, d0 - d1, d0 / d1,
    d1 / d0) of Zhang et al. (CVPR 2018, sec. 3.1): it is blind to the unit, never prefers the image that is
    further away, and has one parameter instead of thousands. Votes are shares, as there.
    """

    def __init__(self, sides: Tensor, preference: Tensor) -> None:
        super().__init__()
        self.sides = sides
        self.preference = preference
        self.log_gain = nn.Parameter(torch.tensor(1.0))

    def forward(self, distances: Tensor) -> Tensor:
        """Return the loss."""
        logs = (distances + TINY).log()[self.sides]
        logits = self.log_gain.exp() * (logs[:, 0] - logs[:, 1])
        return binary_cross_entropy_with_logits(logits, self.preference)


NEEDS = {"pearson": "opinion scores", "ranking": "opinion scores", "2afc": "forced choices"}


def check(name: str, people: People) -> None:
    """Refuse a loss that has nothing to learn from.

    Raises:
        InputError: An unknown loss, or one for another kind of judgement.
        NothingThereError: The benchmark has neither opinion scores nor forced choices.
    """
    if name not in NEEDS:
        raise InputError(f"unknown readout.loss {name!r}", remedy=nearest(name, NEEDS))
    scored, chosen = people.scores is not None, people.sides is not None and people.preference is not None
    if not (scored or chosen):
        raise NothingThereError(
            "channel_relevance learns from opinion scores or forced choices, and this benchmark has neither"
        )
    if not (scored if NEEDS[name] == "opinion scores" else chosen):
        raise InputError(
            f"readout.loss={name} cannot be used on this benchmark",
            expected=NEEDS[name],
            found="opinion scores" if scored else "forced choices",
            remedy=f"use readout.loss={'pearson or ranking' if scored else '2afc'}",
        )


def loss_called(name: str, people: People, chosen: BoolArray, seed: int) -> nn.Module:
    """Return a loss over the chosen judged pairs `[P]`; of forced choices, those with both pairs chosen.

    Raises:
        InputError: An unknown loss, or one for another kind of judgement.
    """
    check(name, people)
    if people.sides is not None and people.preference is not None and name == "2afc":
        inside = chosen[people.sides].all(axis=1)
        sides = (np.cumsum(chosen) - 1)[people.sides[inside]]
        return ForcedChoice(
            torch.from_numpy(sides), torch.tensor(people.preference[inside], dtype=torch.float32)
        )
    assert people.scores is not None
    scores = torch.tensor(people.scores[chosen], dtype=torch.float32)
    if name == "ranking":
        return Ranking(scores, people.polarity, seed)
    return Pearson(scores, people.polarity)
