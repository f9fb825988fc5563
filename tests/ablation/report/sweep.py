"""A small sweep, fabricated: three networks in three readouts and two baselines, judged by two benchmarks."""

from itertools import product

from percepnet.results.status import DONE, FAILED, RUNNING, SKIPPED, Status
from tests.fakes import finished_run, result_rows

NETWORKS = {
    "alexnet.tv1": {"arch": "alexnet", "goal": "classification"},
    "vgg16.tv1": {"arch": "vgg", "variant": "16", "goal": "classification"},
    "alexnet.jigsaw": {"arch": "alexnet", "goal": "jigsaw"},
}
READOUTS = {"layerwise": "euclidean", "gram": "gram", "last": "cosine"}
BENCHMARKS = ("kadid10k", "tid2013")
MISSING = ("alexnet.jigsaw", "gram")
KINDS = {"blur": 0.05, "<jpeg> & co": -0.05}
BASELINES = {"ssim": 0.6, "dists": 0.79}


def agreement(network, readout, benchmark):
    """Return what the best layer of a cell reaches; VGG-16's Gram matrices are best everywhere."""
    value = 0.7 + 0.04 * list(NETWORKS).index(network) * (network == "vgg16.tv1")
    return value + 0.05 * (readout == "gram") - 0.02 * (readout == "last") - 0.03 * (benchmark == "kadid10k")


def write_sweep(results):
    for network, readout in product(NETWORKS, READOUTS):
        if (network, readout) != MISSING:
            about = NETWORKS[network] | {"network": network, "readout": readout}
            about |= {"distance": READOUTS[readout], "run_id": f"{network}-{readout}"}
            rows = [row for name in BENCHMARKS for row in _rows(name, network, readout, about)]
            folder = finished_run(results, f"{network}-{readout}", rows, spread=0.01, shared=0.02)
            Status(DONE, invocation="20260101T000000-1-abcd").write(folder)
    for name, value in BASELINES.items():
        about = {"network": name, "arch": name, "readout": "baseline", "distance": "", "layer": "output"}
        about |= {"goal": "baseline", "dataset": "", "run_id": name}
        rows = [row for place in BENCHMARKS for row in result_rows([-value], benchmark=place, **about)]
        finished_run(results, name, rows, spread=0.01, shared=0.02)
    for name, status in {
        "bad": Status(FAILED, reason="the file <weights> could not be reached"),
        "nobody": Status(SKIPPED, reason="nobody has published jigsaw on places365"),
        "busy": Status(RUNNING),
    }.items():
        (results / "runs" / name).mkdir()
        status.write(results / "runs" / name)


def _rows(benchmark, network, readout, about):
    value = agreement(network, readout, benchmark)
    layers = [-value] if readout == "last" else [-value + 0.1, -value, -value + 0.06]
    rows = result_rows(layers, benchmark=benchmark, **about)
    rows += result_rows([0.9 * one for one in layers], benchmark=benchmark, metric="plcc", **about)
    for kind, more in KINDS.items():
        parts = [one - more for one in layers]
        rows += result_rows(parts, benchmark=benchmark, subset=f"kind={kind}", n_pairs=20, **about)
    return rows
