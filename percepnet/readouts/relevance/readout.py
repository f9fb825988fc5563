"""The readout `channel_relevance`: fine-tuned on people, and judged on references it has not seen."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from percepnet.agreement.contract import UNIFORM
from percepnet.errors import InputError, nearest
from percepnet.readouts.concatenated import taps_called
from percepnet.readouts.contract import Distances
from percepnet.readouts.folds import held_out
from percepnet.readouts.relevance.weights import Relevance, apply, sum_called

if TYPE_CHECKING:
    from pathlib import Path

    from percepnet.agreement.people import BoolArray, People
    from percepnet.readouts.contract import FloatArray
    from percepnet.readouts.relevance.problem import Problem
    from percepnet.readouts.relevance.search import Plan
    from percepnet.responses.store import Entry

OVER = ("taps", "each")
VERSION = 1
"""Raised when the way of learning changes, so that older weights are not taken up again."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChannelRelevance:
    """A non-negative weight per channel, learned so that distances follow human judgements.

    Every reference image (stimulus) is in one of the folds; a fold's distances come from weights learned on
    the others. Hyper-parameters and the epoch to stop at are chosen by folds within those: no choice sees
    what it is judged by. Weights are scaled so that the training pairs keep the mean distance that they have
    without weights: so folds can be judged together, and beside a row of uniform weights.

    Attributes:
        name: In results.
        layers: Names of taps; `stages` stands for the architecture's own list.
        distance: Whose terms are weighted: a sum over channels of `percepnet.readouts.distances`.
        over: `taps`: one vector of weights over all layers laid end to end. `each`: weights for every layer
            by itself.
        loss: `pearson` or `ranking` (opinion scores), `2afc` (forced choices); see
            `percepnet.readouts.relevance.losses`.
        folds: Outer folds: what is reported.
        inner_folds: Folds of the training pairs, for every choice.
        l1: Strengths to choose from; see `percepnet.readouts.relevance.training.Penalty`.
        l2: Likewise.
        dropout: Likewise.
        epochs: At most so many steps of a training, each on all training pairs.
        patience: A training ends after so many epochs without better agreement on its held-out pairs.
        learning_rate: Of Adam, relative to an average weight.
        seed: Of splits and training.
        train_on: Benchmark that is learned from for all others; "" for folds within each.
    """

    name: str = "channel_relevance"
    layers: list[str] = field(default_factory=lambda: ["stages"])
    distance: str = "euclidean"
    over: str = "taps"
    loss: str = "pearson"
    folds: int = 5
    inner_folds: int = 3
    l1: list[float] = field(default_factory=lambda: [0.0])
    l2: list[float] = field(default_factory=lambda: [0.0, 0.01])
    dropout: list[float] = field(default_factory=lambda: [0.0])
    epochs: int = 200
    patience: int = 40
    learning_rate: float = 0.1
    seed: int = 0
    train_on: str = ""

    def __post_init__(self) -> None:
        if self.over not in OVER:
            raise InputError(f"unknown readout.over {self.over!r}", remedy=nearest(self.over, OVER))
        for name in ("l1", "l2", "dropout"):
            values, limit = getattr(self, name), 1.0 if name == "dropout" else float("inf")
            if not values or not all(0.0 <= value < limit for value in values):
                raise InputError(
                    f"readout.{name} is a list of numbers to choose from",
                    expected=f"one or more, from 0 to {limit:g}",
                    found=str(values),
                )
        for name in ("epochs", "patience", "learning_rate"):
            if not getattr(self, name) > 0:
                raise InputError(f"readout.{name} must be positive", found=str(getattr(self, name)))

    @property
    def statistics(self) -> tuple[str, ...]:
        """The pair statistics it needs."""
        return sum_called(self.distance).statistics

    def learn(self, entry: Entry, people: People, folder: Path) -> Distances:
        """Return two rows for each set of weights: learned on other references, and uniform.

        Writes `relevance-foldK.safetensors` as each fold is done (a later call goes on from there),
        `relevance.safetensors`, learned from all pairs, and `relevance.svg` and `.png`.

        Raises:
            InputError: Unknown layers, fewer references than folds, or a loss for another kind of judgement.
            NothingThereError: A benchmark without opinion scores and forced choices.
        """
        training = self._training(entry, people)
        uniform = Relevance(self.distance, {tap: np.ones(width) for tap, width in training.widths.items()})
        rows = [taps for taps in training.blocks for _ in range(2)]
        values = np.full((len(rows), entry.rows), np.nan)
        for index, taps in enumerate(training.blocks):
            values[2 * index + 1] = apply(uniform, entry, taps)
        for fold, held in enumerate(training.held):
            relevance = training.kept(folder / f"relevance-fold{fold}.safetensors", ~held, f"fold {fold + 1}")
            places = people.places[held]
            for index, taps in enumerate(training.blocks):
                values[2 * index, places] = apply(relevance, entry, taps)[places]
        every = np.ones(len(people.groups), dtype=np.bool_)
        whole = training.kept(folder / "relevance.safetensors", every, "all pairs")
        _draw(whole, entry, folder)
        return _named(entry, rows, values)

    def carry_over(self, known: Entry, people: People, entry: Entry) -> Distances:
        """Return a learned and a uniform row for each set of weights, learned from another benchmark.

        Raises:
            InputError: As `learn`.
            NothingThereError: As `learn`.
        """
        training = self._training(known, people)
        learned = self.fit(known, people)
        uniform = Relevance(self.distance, {tap: np.ones(width) for tap, width in training.widths.items()})
        rows = [taps for taps in training.blocks for _ in range(2)]
        values = [apply((learned, uniform)[place % 2], entry, taps) for place, taps in enumerate(rows)]
        return _named(entry, rows, np.stack(values))

    def fit(self, entry: Entry, people: People) -> Relevance:
        """Return weights learned from all judged pairs of an entry, to be applied to another entry.

        Raises:
            InputError: As `learn`.
            NothingThereError: As `learn`.
        """
        return self._training(entry, people).relevance(np.ones(len(people.groups), dtype=np.bool_))

    def _training(self, entry: Entry, people: People) -> _Training:
        from percepnet.readouts.relevance.losses import check

        check(self.loss, people)
        return _Training(self, entry, people)


@dataclass(frozen=True)
class _Training:
    """One entry and its judgements, about to be learned from."""

    settings: ChannelRelevance
    entry: Entry
    people: People

    @cached_property
    def held(self) -> list[BoolArray]:
        """Which judged pairs `[P]` each outer fold holds out."""
        return held_out(self.people.groups, self.settings.folds, self.settings.seed)

    @cached_property
    def blocks(self) -> list[list[str]]:
        """The taps that share a vector of weights."""
        taps = taps_called(self.entry, self.settings.layers, self.settings.statistics)
        return [taps] if self.settings.over == "taps" else [[tap] for tap in taps]

    @cached_property
    def widths(self) -> dict[str, int]:
        """The number of terms of every tap."""
        taps, distance = [tap for block in self.blocks for tap in block], sum_called(self.settings.distance)
        shard = next(iter(self.entry.shards(taps, distance.statistics)))
        return {tap: distance.channels(shard[tap]).shape[1] for tap in taps}

    @cached_property
    def plan(self) -> Plan:
        """How every set of weights is learned."""
        from percepnet.readouts.relevance.search import Plan, penalties
        from percepnet.readouts.relevance.training import Schedule

        own = self.settings
        schedule = Schedule(own.loss, own.epochs, own.patience, own.learning_rate, own.seed)
        return Plan(schedule, penalties(own.l1, own.l2, own.dropout), own.inner_folds, own.seed)

    @cached_property
    def problems(self) -> list[Problem]:
        """One for each set of weights."""
        from percepnet.readouts.relevance.problem import Problem

        distance = sum_called(self.settings.distance)
        return [Problem.of(self.entry, self.people, taps, distance) for taps in self.blocks]

    def relevance(self, chosen: BoolArray) -> Relevance:
        """Return weights learned from the chosen judged pairs `[P]`."""
        from percepnet.readouts.relevance.search import learn

        weights: dict[str, FloatArray] = {}
        about = {"key": self.key(chosen)}
        for problem in self.problems:
            learned = learn(problem, chosen, self.plan)
            weights |= problem.parted(learned.weights)
            about["+".join(problem.taps)] = json.dumps({**asdict(learned.penalty), "epochs": learned.epochs})
        return Relevance(self.settings.distance, weights, about)

    def kept(self, path: Path, chosen: BoolArray, which: str) -> Relevance:
        """Return the weights of these judged pairs: those in the file if it is theirs, else learnt."""
        if path.exists():
            try:
                found = Relevance.load(path)
            except InputError:
                log.warning("%s is damaged: its weights are learned anew", path)
            else:
                if found.about.get("key") == self.key(chosen):
                    return found
        log.info("%s: learning the channels' relevance from %d pairs, %s", path.name, chosen.sum(), which)
        relevance = self.relevance(chosen)
        relevance.save(path)
        return relevance

    def key(self, chosen: BoolArray) -> str:
        """Return a hash of everything that these weights are learned from."""
        people = self.people
        described = {
            "version": VERSION,
            "entry": self.entry.content["key"],
            "settings": asdict(self.settings),
            "groups": list(people.groups),
            "polarity": people.polarity,
        }
        digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
        for array in (chosen, people.places, people.scores, people.sides, people.preference):
            digest.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:32]


def _named(entry: Entry, rows: list[list[str]], values: FloatArray) -> Distances:
    """Return distances whose every other row is the uniform one that the row before is compared with."""
    names = tuple("+".join(taps) + UNIFORM * (place % 2) for place, taps in enumerate(rows))
    depths = tuple(max(entry.depth(tap) for tap in taps) for taps in rows)
    against = tuple((place, place + 1) for place in range(0, len(rows), 2))
    return Distances(names, depths, values, against)


def _draw(relevance: Relevance, entry: Entry, folder: Path) -> None:
    from percepnet.readouts.relevance.figure import draw

    draw(relevance, entry, folder)
