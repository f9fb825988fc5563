"""The Lightning side of channel relevance: full-batch steps on the terms of every training pair."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import lightning
import numpy as np
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from percepnet.readouts.relevance.losses import loss_called

if TYPE_CHECKING:
    from collections.abc import Callable

    from percepnet.agreement.people import BoolArray
    from percepnet.readouts.contract import FloatArray
    from percepnet.readouts.relevance.problem import Problem

EPSILON = 1e-12
"""Inside the root, so that its gradient is finite for identical images; sums have a mean of 1."""
CHECK_EVERY = 5
"""Epochs between two looks at the held-out pairs."""


@dataclass(frozen=True)
class Penalty:
    """What is added to the loss; all three are blind to the weights' unit.

    Let p be the channels' shares of the mean sum over the training pairs, q those before training.

    Attributes:
        l1: Times |p|_1 / (sqrt(K) |p|_2), which is 1 when all channels share alike and 1 / sqrt(K) when one
            has everything (Hoyer, JMLR 2004, sec. 3.1: the norms' ratio, as an L1 norm alone says nothing
            where the unit is free).
        l2: Times sum (p - q)^2 / q, a squared length that draws the weights to uniform ones.
        dropout: Probability that a channel is left out of a step (Srivastava et al., JMLR 2014).
    """

    l1: float = 0.0
    l2: float = 0.0
    dropout: float = 0.0


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Attributes:
        loss: Name of the loss.
        epochs: At most so many steps, each on all training pairs.
        patience: Stops after so many epochs without better agreement on held-out pairs.
        learning_rate: Of Adam (Kingma and Ba, ICLR 2015); 0.1 moves an average channel by 10 % in a step.
        seed: Of dropout and of the ranking loss's partners.
    """

    loss: str
    epochs: int
    patience: int
    learning_rate: float
    seed: int


class Weights(lightning.LightningModule):
    """Non-negative weights of K channels, from uniform ones on.

    A channel's parameter is its weight times the root of its mean term over the training pairs: between the
    weight, whose steps would hardly move weak channels, and the channel's share, whose steps would toss them
    about. A channel that never differs in training keeps the weight 0: nothing is known of it.
    """

    def __init__(self, problem: Problem, chosen: BoolArray, penalty: Penalty, schedule: Schedule) -> None:
        super().__init__()
        terms = torch.from_numpy(problem.terms[chosen])
        means = terms.mean(dim=0, dtype=torch.float64)
        roots = (means / means.sum().clamp_min(1e-300)).sqrt()
        self.scale = torch.where(roots > 0.0, 1.0 / (roots * means.sum()), 0.0).float()
        self.start = roots.float()
        self.terms = terms.mul_(self.scale)  # a copy of its own: `chosen` is a mask
        self.relevance = nn.Parameter(self.start.clone())
        self.loss = loss_called(schedule.loss, problem.people, chosen, schedule.seed)
        self.rooted = problem.rooted
        self.penalty = penalty
        self.learning_rate = schedule.learning_rate
        self.generator = torch.Generator().manual_seed(schedule.seed)

    def forward(self, terms: Tensor) -> Tensor:
        """Return distances `[n]` from conditioned terms `[n, K]`: 0 for terms that are all 0."""
        weights: Tensor = self.relevance
        if self.penalty.dropout > 0.0:
            kept = torch.rand(len(weights), generator=self.generator) >= self.penalty.dropout
            weights = weights * kept / (1.0 - self.penalty.dropout)
        sums = terms @ weights
        distances: Tensor = (sums + EPSILON).sqrt() - EPSILON**0.5 if self.rooted else sums
        return distances

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """Return the penalised loss over all training pairs."""
        del batch_idx
        shares = self.relevance * self.start
        spread = shares.sum() / (shares.norm() * len(shares) ** 0.5).clamp_min(EPSILON)
        away = (self.relevance - self.start).square().sum()
        loss: Tensor = self.loss(self(batch))
        penalised: Tensor = loss + self.penalty.l1 * spread + self.penalty.l2 * away
        return penalised

    def on_train_batch_end(self, *_: object) -> None:
        """Bring the weights back to what they may be: none negative, shares that sum to 1."""
        with torch.no_grad():
            self.relevance.clamp_(min=0.0)
            total = self.relevance @ self.start
            if total > 0.0:
                self.relevance.div_(total)
            else:
                self.relevance.copy_(self.start)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam over the weights and the loss's own gain."""
        rate = self.learning_rate
        own = {"params": [self.relevance], "lr": rate / len(self.relevance) ** 0.5}
        return torch.optim.Adam([own, {"params": list(self.loss.parameters())}], lr=rate)

    def plain(self) -> FloatArray:
        """Return the weights `[K]` of the unconditioned terms."""
        return (self.relevance.detach() * self.scale).double().numpy()


class Whole(Dataset[Tensor]):
    """All terms as the only batch."""

    def __init__(self, terms: Tensor) -> None:
        self.terms = terms

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Tensor:
        if index != 0:
            raise IndexError(index)
        return self.terms


class Watch(lightning.Callback):
    """Looks at the held-out pairs from time to time, and ends a training that has stopped getting better."""

    def __init__(self, agreement: Callable[[FloatArray], float], patience: int) -> None:
        self.agreement = agreement
        self.patience = patience
        self.curve: list[float] = []

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Look at the uniform weights."""
        self._look(trainer, pl_module)

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Look at the weights so far."""
        if (trainer.current_epoch + 1) % CHECK_EVERY == 0:
            self._look(trainer, pl_module)

    def _look(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        assert isinstance(module, Weights)
        self.curve.append(self.agreement(module.plain()))
        since = len(self.curve) - 1 - int(np.argmax(self.curve))
        trainer.should_stop = since * CHECK_EVERY >= self.patience


def train(problem: Problem, chosen: BoolArray, penalty: Penalty, schedule: Schedule) -> FloatArray:
    """Return the weights `[K]` after all epochs of the schedule; none at all leave them uniform."""
    if schedule.epochs == 0:
        return np.ones(problem.terms.shape[1])
    module = Weights(problem, chosen, penalty, schedule)
    _run(module, schedule.epochs, [])
    return problem.scaled(module.plain(), chosen)


def watched(
    problem: Problem, chosen: BoolArray, held: BoolArray, penalty: Penalty, schedule: Schedule
) -> list[float]:
    """Return the agreement on held-out pairs before training and after every `CHECK_EVERY` epochs of it.

    An undefined agreement (all distances alike) counts as -1, the least there is.
    """

    def agreement(weights: FloatArray) -> float:
        distances = np.zeros((1, len(held)))
        distances[0, held] = problem.distances(weights, held)
        value = float(problem.people.agreement(distances, held)[0])
        return value if np.isfinite(value) else -1.0

    watch = Watch(agreement, schedule.patience)
    _run(Weights(problem, chosen, penalty, schedule), schedule.epochs, [watch])
    return watch.curve


def _run(module: Weights, epochs: int, callbacks: list[lightning.Callback]) -> None:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # our choice: the only batch is a tensor in memory
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        # where SLURM is installed: a cell is one process, with or without srun
        warnings.filterwarnings("ignore", message="The `srun` command is available.*")
        trainer = lightning.Trainer(
            accelerator="cpu",
            devices=1,
            max_epochs=epochs,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=callbacks,
            # no SLURM environment: its signal handlers fight the launcher's, which does the requeueing
            plugins=[LightningEnvironment()],
        )
        trainer.fit(module, DataLoader(Whole(module.terms), batch_size=None))
