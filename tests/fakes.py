"""Small stand-ins: a network with an in-place ReLU, a benchmark in memory, TID2013's folder in small."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from percepnet.agreement.opinion import rate
from percepnet.benchmarks.contract import Pair
from percepnet.networks.architectures import Architecture
from percepnet.networks.build import structure_hash, tensor_hash
from percepnet.networks.network import Network
from percepnet.networks.preprocessing import Preprocessing
from percepnet.networks.taps import expand
from percepnet.results.resamples import write_resamples
from percepnet.results.rows import write_rows

IMAGENET = Preprocessing((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class Trunk(nn.Module):
    def __init__(self, padding=1):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=padding),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 3),
            nn.ReLU(inplace=True),
        )

    def forward(self, images):
        return self.features(images)


def tiny_network(seed=0, taps=("features.*",), padding=1):
    torch.manual_seed(seed)
    trunk = Trunk(padding).eval().requires_grad_(requires_grad=False)
    return Network(
        id=f"tiny.{seed}",
        trunk=trunk,
        preprocessing=IMAGENET,
        taps=expand(trunk, taps),
        stages=("features.1", "features.4"),
        weights_hash=tensor_hash(trunk.state_dict()),
        structure=structure_hash(Architecture("tiny", "tests:tiny"), trunk),
        origin="random",
    )


@dataclass
class MemoryBenchmark:
    images: dict[str, np.ndarray]
    pairs: list[Pair]
    name: str = "memory"
    reads: list[str] = field(default_factory=list)

    def image(self, key):
        self.reads.append(key)
        return self.images[key]

    def fingerprint(self):
        return hashlib.sha256(b"".join(image.tobytes() for image in self.images.values())).hexdigest()

    def agreement(self, distances, bootstrap):
        scores = np.array([pair.score for pair in self.pairs])
        clusters = [pair.cluster for pair in self.pairs]
        return rate(distances, scores, clusters, None, bootstrap, higher_is_better=True)

    def part(self, clusters):
        return replace(self, pairs=[pair for pair in self.pairs if pair.cluster in clusters])


def memory_benchmark(references=3, distorted=5, size=(19, 23), seed=0, dtype=np.uint8):
    generator = np.random.default_rng(seed)
    images, pairs = {}, []
    for r in range(references):
        keys = [f"r{r}", *(f"r{r}d{d}" for d in range(distorted))]
        for key in keys:
            noise = generator.random((*size, 3), dtype=np.float32)
            images[key] = noise if dtype == np.float32 else (noise * 255).astype(np.uint8)
        pairs += [Pair(keys[0], key, keys[0], float(generator.normal())) for key in keys[1:]]
    return MemoryBenchmark(images, pairs)


def miniature_tid2013(root: Path, references=3, types=4, levels=3, size=(64, 64)) -> list[str]:
    """Write TID2013's layout in small; return the overrides that make percepnet accept it."""
    generator = np.random.default_rng(0)
    (root / "reference_images").mkdir(parents=True)
    (root / "distorted_images").mkdir()
    rows = []
    for r in range(1, references + 1):
        base = generator.integers(40, 216, (*size, 3))
        Image.fromarray(base.astype(np.uint8)).save(root / f"reference_images/I{r:02d}.BMP")
        for t in range(1, types + 1):
            for level in range(1, levels + 1):
                name = f"i{r:02d}_{t:02d}_{level}.bmp"
                noisy = base + generator.normal(0, 4 * level + t, base.shape)
                Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(root / "distorted_images" / name)
                rows.append(f"{8 - 2 * level - 0.3 * t + generator.normal(0, 0.1):.5f} {name}")
    (root / "mos_with_names.txt").write_text("\n".join(rows) + "\n")
    (root / "mos_std.txt").write_text("0.1\n" * len(rows))
    counts = {"references": references, "types": types, "levels": levels}
    counts |= {"height": size[0], "width": size[1]}
    return ["benchmark=tid2013", f"benchmark.root={root}"] + [
        f"benchmark.tid2013.{name}={count}" for name, count in counts.items()
    ]


DRAWS = "40 resamples of 24 clusters, seed 0"


def finished_run(results, name, rows, spread=0.02, shared=0.0):
    """Write a finished run: its rows, and resamples about their values: 40, and 24 with a cluster left out.

    The noise of the resamples is the sum of a part that is the same in every run (`shared`) and its own.
    """
    folder = results / "runs" / name
    folder.mkdir(parents=True)
    own = np.random.default_rng(int(hashlib.sha256(name.encode()).hexdigest()[:8], 16))
    common = np.random.default_rng(0).normal(size=64)
    jackknife = np.r_[np.ones(40), np.full(24, 1.0 / 24.0)]

    def resampled(value):
        return value + jackknife * (shared * common + spread * own.normal(size=64))

    write_rows(folder, rows)
    write_resamples(
        folder,
        [
            ((row["benchmark"], row["metric"], row["layer_index"]), 24, resampled(row["value"]))
            for row in rows
            if row["subset"] == "all"
        ],
    )
    return folder


def result_rows(values=(-0.5, -0.8, -0.7), run_id="r0", polarity=-1, benchmark="tid2013", **changes):
    """Rows of one finished run: one benchmark, one metric, a row per layer."""
    return [
        {
            "study": "default",
            "run_id": run_id,
            "goal": "classification",
            "dataset": "imagenet1k",
            "arch": "alexnet",
            "variant": "",
            "weights": "pretrained",
            "network": "alexnet.tv1",
            "weights_hash": "ab" * 32,
            "readout": "layerwise",
            "distance": "euclidean",
            "layer": f"features.{index}",
            "layer_index": index,
            "depth": index / 2,
            "benchmark": benchmark,
            "manifest_hash": "cd" * 32,
            "subset": "all",
            "metric": "srcc",
            "value": value,
            "ci_low": value - 0.05,
            "ci_high": value + 0.05,
            "ci_method": "percentile",
            "draws": DRAWS,
            "fit": "",
            "ceiling": -0.98,
            "ceiling_method": "replication",
            "polarity": polarity,
            "n_pairs": 480,
            "n_clusters": 24,
            "images_passed": 504,
            "seconds": 1.5,
            "versions": "{}",
            **changes,
        }
        for index, value in enumerate(values)
    ]
