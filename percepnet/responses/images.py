"""The images of an extraction, batch by batch, as its plan wants them."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.data import Dataset

from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from percepnet.benchmarks.contract import Benchmark
    from percepnet.responses.plan import Batch


class Images(Dataset[dict[str, Any]]):
    """The planned batches, decoded."""

    def __init__(self, benchmark: Benchmark, batches: Sequence[Batch]) -> None:
        self.benchmark = benchmark
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> dict[str, Any]:
        batch = self.batches[index]
        keys = [batch.reference, *batch.distorted] if batch.reference else list(batch.distorted)
        images = [self.benchmark.image(key) for key in keys]
        if len({image.shape for image in images}) > 1:
            sizes = ", ".join(f"{key} {[*image.shape]}" for key, image in zip(keys, images, strict=True))
            raise InputError(
                "a distorted image differs from its reference in size",
                found=sizes[:300],
                remedy="the two images of a pair must have the same height and width",
            )
        return {
            "images": torch.from_numpy(np.stack(images)),
            "has_reference": batch.reference is not None,
            "keys": keys,
            "shard": batch.shard,
        }


class Ahead(Dataset[dict[str, Any]]):
    """The same, each decoded by a thread while the one before is in use."""

    def __init__(self, images: Images) -> None:
        self.images = images
        self._thread = ThreadPoolExecutor(1)
        self._begun: dict[int, Future[dict[str, Any]]] = {}

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> dict[str, Any]:
        for wanted in range(index, min(index + 2, len(self))):
            if wanted not in self._begun:
                self._begun[wanted] = self._thread.submit(self.images.__getitem__, wanted)
        return self._begun.pop(index).result()
