"""The Lightning side of an extraction: batches in, pair statistics out, shards written as they fill."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import lightning
import numpy as np
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.callbacks import BasePredictionWriter
from torch import Tensor
from torch.utils.data import DataLoader

from percepnet.errors import InputError
from percepnet.heap import kept
from percepnet.networks.taps import INPUT
from percepnet.responses.crew import Crew
from percepnet.responses.device import full_fp32, precision_on, quiet
from percepnet.responses.images import Ahead
from percepnet.responses.limits import require_room, stored_bytes
from percepnet.responses.portions import Portions
from percepnet.responses.response import Reference, Response
from percepnet.responses.statistics import prepare, reduced
from percepnet.responses.store import POSITIONS, Unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from percepnet.networks.compiled import CompiledTrunk
    from percepnet.networks.network import Network
    from percepnet.responses.extraction import Compute
    from percepnet.responses.images import Images
    from percepnet.responses.plan import Shard
    from percepnet.responses.portions import Room
    from percepnet.responses.statistics import Kinds

log = logging.getLogger(__name__)

Reduced = dict[str, dict[str, Tensor]]
"""tap -> statistic -> `[n, K]`."""


class Extractor(lightning.LightningModule):
    """Keeps a reference's responses while its distorted images pass, and reduces at every tap.

    A batch passes at once if the memory allows it, else in parts: its rows are the same. On a CPU each thread
    passes and reduces a part (`lanes` threads): threads that share a single image wait for each other.
    """

    def __init__(self, network: Network, kinds: Kinds, room: Room, lanes: int, compute: Compute) -> None:
        super().__init__()
        self.network = network
        self.kinds = kinds
        self.images_passed = 0
        self.stages = {INPUT, *network.stages}
        self.references: dict[str, Reference] = {}
        threads = torch.get_num_threads()
        self.crew = Crew(threads)
        self.compile_trunk = compute.compile
        self.compiled: CompiledTrunk | None = None
        self.network.lay_out(channels_last=compute.channels_last)
        self.idle = _twins(network, lanes)
        lane = self.crew if len(self.idle) > 1 else Crew()
        self.portions = Portions(network, self.stages, threads, room, whole=compute.compile, crew=lane)

    def on_predict_start(self) -> None:
        """Compile the trunk if that is wanted: by now it is on its device."""
        if self.compile_trunk:
            from percepnet.networks.compiled import CompiledTrunk

            self.compiled = CompiledTrunk(self.network)

    def predict_step(self, batch: dict[str, Any], batch_idx: int) -> Reduced:
        """Return, per tap, the statistics `[n, K]` of the n distorted images of the batch."""
        del batch_idx
        images = batch["images"]
        device = images.device.type
        kind, enabled = torch.get_autocast_dtype(device), torch.is_autocast_enabled(device)

        def work(portion: Tensor, has_reference: bool) -> Reduced:
            with torch.autocast(device, kind, enabled):  # a thread has a mode of its own
                return self._pass(portion, has_reference)

        parts = self.portions.passed(images, work, has_reference=batch["has_reference"])
        self.images_passed += len(images)
        return parts[0] if len(parts) == 1 else _joined(parts)

    def _pass(self, images: Tensor, has_reference: bool) -> Reduced:
        results: Reduced = {}

        def visit(tap: str, response: Tensor) -> None:
            with torch.autocast(response.device.type, enabled=False):
                if has_reference:
                    # a copy: a later module may write into the tensor
                    self.references[tap] = Reference(response[0].float().clone(), self.crew)
                    prepare(self.references[tap], self.kinds, stage=tap in self.stages)
                    response = response[1:]
                if len(response):
                    results[tap] = self._reduce(tap, response.float())

        network = self.idle.pop()
        try:
            network.observe(images, visit, self.compiled)
        finally:
            self.idle.append(network)
        return results

    def _reduce(self, tap: str, response: Tensor) -> dict[str, Tensor]:
        """Return the statistics of every image of a response `[n, C, H, W]`."""
        reference, others = self.references[tap], Response(response, self.crew)
        values = reduced(reference, others, self.kinds, stage=tap in self.stages)
        return {**values, POSITIONS: response.new_full((len(others),), float(reference.positions))}


def _twins(network: Network, several: int) -> list[Network]:
    """Return a network for each thread; one for all where its code does not let it be copied."""
    try:
        return [network, *(network.twin() for _ in range(several - 1))]
    except Exception as error:  # noqa: BLE001 (a network may hold any code)
        log.info("%s cannot be copied (%s): threads share every image", network.id, error)
        return [network]


def _joined(parts: Sequence[Reduced]) -> Reduced:
    """Return tap -> statistic -> `[n, K]` of all parts that have rows."""
    return {
        tap: {kind: torch.cat([part[tap][kind] for part in parts]) for kind in kinds}
        for tap, kinds in parts[0].items()
    }


class ShardWriter(BasePredictionWriter):
    """Gathers batches and writes each shard when its last batch has passed."""

    def __init__(self, unfinished: Unfinished, missing: Sequence[Shard], tick: Callable[[], object]) -> None:
        super().__init__(write_interval="batch")
        self.unfinished = unfinished
        self.missing = {shard.index: shard for shard in missing}
        self.tick = tick
        self.gathered: list[Reduced] = []
        self.announced = False

    def write_on_batch_end(  # noqa: D102, PLR0913 (Lightning's)
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        prediction: Reduced,
        batch_indices: Sequence[int] | None,
        batch: dict[str, Any],
        batch_idx: int,
        dataloader_idx: int,
    ) -> None:
        del trainer, pl_module, batch_indices, batch_idx, dataloader_idx
        if not self.gathered and not self.announced:
            self._announce(prediction)
        self.gathered.append(prediction)
        self.tick()
        shard = self.missing[batch["shard"]]
        if sum(_rows(part) for part in self.gathered) == shard.stop - shard.start:
            self.unfinished.write(shard, _checked(_joined(self.gathered)))
            self.gathered = []

    def _announce(self, first: Reduced) -> None:
        """Make sure, before anything is written, that the disk can hold all that will be."""
        widths = {tap: {kind: one[0].numel() for kind, one in kinds.items()} for tap, kinds in first.items()}
        needed = stored_bytes([*self.missing.values()], widths)
        require_room(self.unfinished.folder, needed)
        log.info("%.1f MB of statistics will be stored", needed / 1e6)
        self.announced = True


def _rows(part: Reduced) -> int:
    return len(next(iter(part.values()))[POSITIONS])


def _checked(joined: Reduced) -> dict[str, dict[str, Any]]:
    """Return the numbers as arrays; refuses numbers that are none."""
    arrays = _arrays(joined)
    for tap, kinds in arrays.items():
        for kind, values in kinds.items():
            if not np.isfinite(values).all():
                raise InputError(
                    f"{kind} at {tap} is not finite",
                    remedy="use compute.precision=fp32; with it, the checkpoint is damaged",
                )
    return arrays


def _arrays(joined: Reduced) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Return the numbers as arrays; those of a GPU come all at once."""
    every = [values for kinds in joined.values() for values in kinds.values()]
    flat = torch.cat([values.flatten() for values in every]).cpu()
    arrays = (
        part.view(values.shape).numpy()
        for part, values in zip(torch.split(flat, [values.numel() for values in every]), every, strict=True)
    )
    return {tap: {kind: next(arrays) for kind in kinds} for tap, kinds in joined.items()}


def predict(  # noqa: PLR0913 (all that a run is)
    extractor: Extractor,
    images: Images,
    writer: ShardWriter,
    device: torch.device,
    autocast: str,
    workers: int,
) -> None:
    """Pass every batch through the network.

    Args:
        extractor: Reduces the responses.
        images: The batches.
        writer: Stores what comes out.
        device: Where they pass.
        autocast: `bf16` or `fp16`; none where it is `fp32`.
        workers: Processes that decode images.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    with quiet(), full_fp32(), kept() if device.type == "cpu" else nullcontext():
        trainer = lightning.Trainer(
            accelerator=device.type,
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[writer],
            # no SLURM environment: its signal handlers fight the launcher's, which does the requeueing
            plugins=[LightningEnvironment(), precision_on(device, autocast)],
        )
        trainer.predict(extractor, loader(images, device, workers), return_predictions=False)


def loader(images: Images, device: torch.device, workers: int) -> DataLoader[dict[str, Any]]:
    """Return what decodes the batches, in order; Lightning moves pinned ones without waiting for the copy."""
    ahead = images if workers else Ahead(images)
    return DataLoader(ahead, batch_size=None, num_workers=workers, pin_memory=device.type == "cuda")
