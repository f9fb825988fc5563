"""An extraction on a GPU beside the bare forward pass there, in fp32 and in bf16.

    python -m experiments.speed.gpu --networks alexnet vgg16

Images are decoded before, in either: one process cannot decode as fast as a GPU takes them (compute.workers).
The bare pass takes 64 at once, in pinned memory; the extraction finds how many. TF32 is off.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from experiments.speed.goals import tell
from experiments.speed.measured import Pictures, alternating, asked, judged, network_called
from experiments.speed.passes import bare, decoded, whole
from percepnet.benchmarks.manifest import unique_keys
from percepnet.responses.device import full_fp32
from percepnet.responses.extraction import Compute

PAIRS = 200
AT_ONCE = 64
KINDS = {"fp32": torch.float32, "bf16": torch.bfloat16}


def tell_network(name: str, precision: str, pictures: Pictures, repeats: int) -> None:
    """Print the costs of an image, and the ratio of the two."""
    network, images = network_called(name), decoded(pictures)
    compute = Compute(device="gpu", precision=precision)

    def pass_bare() -> None:
        network.cuda()  # Lightning takes it off the GPU after an extraction
        with full_fp32(), torch.autocast("cuda", KINDS[precision], enabled=precision != "fp32"):
            bare(network, images, AT_ONCE)

    with tempfile.TemporaryDirectory() as folder:

        def extraction() -> None:
            whole(network, pictures, Path(tempfile.mkdtemp(dir=folder)), compute)

        runs = {"bare": pass_bare, "whole": extraction}
        alternating(runs, 1)
        torch.cuda.reset_peak_memory_stats()
        spent = alternating(runs, repeats)
    what = f"{name} in {precision} on a {torch.cuda.get_device_name()}"
    for run, seconds in spent.items():
        tell(f"{what}: {run}", 1000.0 * seconds / len(images), unit="ms an image")
    tell(f"{what}: whole extraction / bare forward pass", spent["whole"] / spent["bare"])
    tell(f"{what}: memory at most", [torch.cuda.max_memory_allocated() / 1e9], unit="GB")


def main() -> None:
    """Print the lines of every network and precision."""
    chosen = asked(__doc__)
    if not torch.cuda.is_available():
        print("there is no GPU here: not measured")
        return
    benchmark = judged(PAIRS)
    images = dict(zip(unique_keys(benchmark.pairs), decoded(benchmark), strict=True))
    pictures = Pictures("decoded", tuple(benchmark.pairs), images)
    for name in chosen.networks:
        for precision in KINDS:
            tell_network(name, precision, pictures, chosen.repeats)


if __name__ == "__main__":
    main()
