"""What must hold of disk and memory: told before it is too late, and no number depends on either."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from percepnet.errors import InputError
from percepnet.responses import extractor, limits, memory, plan, portions
from percepnet.responses.extraction import Compute, extract
from percepnet.responses.limits import images_at_once, is_out_of_memory, require_room, response_bytes
from tests.fakes import memory_benchmark, tiny_network

CPU = Compute(device="cpu", batch=6)
BOTH = ["squared_difference", "unit_squared_difference"]
GB = 10**9


def stored(entry):
    """Return every number of an entry, by tap and statistic."""
    shards = [*entry.shards(entry.taps, BOTH)]
    return {
        (tap, kind): np.concatenate([shard[tap][kind] for shard in shards])
        for tap in entry.taps
        for kind in (*BOTH, "positions")
    }


def assert_same(entry, other):
    """Tolerance 1e-6 relative: convolutions may sum in another order for another batch size."""
    for place, values in stored(entry).items():
        np.testing.assert_allclose(stored(other)[place], values, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("statistics", [BOTH, ["all"]])
def test_the_bytes_of_an_entry_are_known_before_the_first_is_written(tmp_path, monkeypatch, statistics):
    monkeypatch.setattr(plan.shards, "__defaults__", (5,))
    asked = []
    monkeypatch.setattr(extractor, "require_room", lambda folder, needed: asked.append(needed))
    entry, _ = extract(tiny_network(), memory_benchmark(size=(40, 44)), statistics, CPU, tmp_path)
    (predicted,) = asked
    shards = [*entry.folder.glob("shard-*")]
    taken = sum(path.stat().st_size for path in shards)
    tensors = sum(1 for one in shards for _ in extractor_names(one))
    assert len(shards) == 3
    assert taken <= predicted <= taken + limits.HEADER * tensors


def extractor_names(shard):
    from safetensors import safe_open

    with safe_open(shard, framework="numpy") as file:
        yield from file.keys()


def test_a_disk_without_room_is_refused_with_both_figures_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_200_000))
    with pytest.raises(InputError, match=r"(?s)no room.*1\.2 MB free.*percepnet store gc"):
        extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    assert not [*tmp_path.glob("*/shard-*")]
    monkeypatch.undo()
    _, passed = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    assert passed == 18


def test_only_what_is_missing_needs_room(tmp_path, monkeypatch):
    monkeypatch.setattr(plan.shards, "__defaults__", (5,))
    asked = []
    monkeypatch.setattr(extractor, "require_room", lambda folder, needed: asked.append(needed))
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    partial = entry.folder.with_name(f"{entry.folder.name}.partial")
    entry.folder.rename(partial)
    max(partial.glob("shard-*")).unlink()
    extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    assert asked[0] == 3 * asked[1]


def test_a_margin_stays_free(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000 + limits.SPARE))
    require_room(tmp_path, 5_000_000)
    with pytest.raises(InputError, match="no room"):
        require_room(tmp_path, 5_000_001)


def test_the_sizes_of_responses_are_those_of_a_real_pass_and_the_network_is_left_as_it_was():
    network = tiny_network()
    real = {}
    network.observe(
        torch.zeros(1, 19, 23, 3, dtype=torch.uint8), lambda tap, r: real.update({tap: 4 * r[0].numel()})
    )
    assert response_bytes(network, 19, 23) == real
    assert {one.device.type for one in network.parameters()} == {"cpu"}
    assert response_bytes(network, 19, 23) == real


def test_what_a_pass_leaves_in_a_module_does_not_reach_the_real_one(tmp_path):
    class Keeping(torch.nn.Conv2d):
        kept = None

        def forward(self, images):
            if self.kept is None:
                self.kept = torch.ones_like(images[:1])
            return super().forward(images * self.kept)

    network = tiny_network()
    first = Keeping(3, 6, 3, padding=1).requires_grad_(requires_grad=False)
    first.load_state_dict(network.trunk.features[0].state_dict())
    network.trunk.features[0] = first
    assert response_bytes(network, 19, 23)
    assert first.kept is None
    entry, _ = extract(network, memory_benchmark(), BOTH, CPU, tmp_path / "a")
    plain, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path / "b")
    assert_same(plain, entry)


def test_a_network_that_needs_numbers_to_know_its_shapes_is_no_failure(tmp_path):
    class Curious(torch.nn.Conv2d):
        def forward(self, images):
            return super().forward(images if float(images.sum()) < 1e30 else images[:, :, 1:])

    network = tiny_network()
    network.trunk.features[0] = Curious(3, 6, 3, padding=1).requires_grad_(requires_grad=False)
    assert response_bytes(network, 19, 23) == {}
    assert extract(network, memory_benchmark(), BOTH, CPU, tmp_path)[1] == 18


def test_as_many_images_pass_as_fit():
    sizes = {"input": 10, "a": 100, "b": 40}
    kept = 10 + 3 * 100 + 40
    working = limits.REDUCE_COPIES * 100 * 2

    def fitting(free):
        return images_at_once(sizes, {"a"}, 8, free, threads=2)

    room_for_five = kept + working + 5 * limits.PASS_COPIES * 100
    assert fitting(int(room_for_five / limits.SHARE) + 1) == 5
    assert fitting(int(room_for_five / limits.SHARE) - 2) == 4
    assert fitting(GB) == 8
    assert fitting(1) == 1
    assert fitting(None) == 8
    assert images_at_once({}, set(), 8, 1, threads=2) == 8


def test_a_compiled_trunk_keeps_the_responses_of_every_image_at_every_tap():
    sizes = {"input": 10, "a": 100, "b": 40}
    free = int((150 + limits.REDUCE_COPIES * 100 + 8 * limits.PASS_COPIES * 100) / limits.SHARE) + 1
    assert images_at_once(sizes, set(), 65, free, threads=1) == 8
    assert images_at_once(sizes, set(), 65, free, threads=1, whole=True) == 5


def test_the_batch_is_lowered_to_what_fits_and_the_numbers_stay(tmp_path, monkeypatch, caplog):
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path / "a")
    monkeypatch.setattr(portions, "available", lambda _: 1)
    with caplog.at_level("INFO"):
        other, passed = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path / "b")
    assert passed == 18
    assert "1 instead of 6 images of 19 x 23" in caplog.text
    assert other.folder.name == entry.folder.name
    assert_same(entry, other)


REFUSED = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: 12"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:90] . DefaultCPUAllocator: not enough memory: you tried"),
    RuntimeError("MPS backend out of memory (MPS allocated: 8 GB"),
    MemoryError("Unable to allocate 2 GiB"),
]
OTHER = [
    RuntimeError("CUDA error: an illegal memory access was encountered"),
    RuntimeError("CUDA error: out of range"),
    RuntimeError("cuDNN error: CUDNN_STATUS_NOT_INITIALIZED"),
    RuntimeError("shape '[2]' is invalid for input of size 3"),
    NotImplementedError("DefaultCPUAllocator: can't allocate memory"),
    ValueError("out of memory"),
]


def test_memory_refused_and_nothing_else_is_taken_for_that():
    assert [is_out_of_memory(error) for error in REFUSED] == [True] * len(REFUSED)
    assert [is_out_of_memory(error) for error in OTHER] == [False] * len(OTHER)


def refusing(monkeypatch, error, most):
    """Let a module of the network refuse more than `most` images at once; return what it was given."""
    given = []
    real = torch.nn.MaxPool2d.forward

    def forward(self, images):
        if not images.is_meta:
            given.append(len(images))
            if len(images) > most:
                raise error
        return real(self, images)

    monkeypatch.setattr(torch.nn.MaxPool2d, "forward", forward)
    return given


@pytest.mark.parametrize("most", [1, 2, 4])
@pytest.mark.parametrize("error", REFUSED[:2])
def test_the_batch_is_halved_when_memory_is_refused_and_the_numbers_stay(tmp_path, monkeypatch, error, most):
    benchmark = memory_benchmark(references=2, distorted=9)
    entry, _ = extract(tiny_network(), benchmark, BOTH, CPU, tmp_path / "a")
    given = refusing(monkeypatch, error, most)
    other, passed = extract(tiny_network(), benchmark, BOTH, CPU, tmp_path / "b")
    assert passed == 20
    refusals = [several for several in given if several > most]
    assert refusals == [5, 2][: 1 + (most < 2)]  # from then on it knows
    assert sum(several for several in given if several <= most) == 20
    assert_same(entry, other)


def test_another_error_is_not_tried_again(tmp_path, monkeypatch):
    given = refusing(monkeypatch, OTHER[0], 2)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    assert given == [6]


def test_no_memory_for_a_single_image_is_told_with_what_to_do(tmp_path, monkeypatch):
    refusing(monkeypatch, REFUSED[1], 0)
    with pytest.raises(InputError, match=r"(?s)single image.*19 x 23.*arch\.taps"):
        extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)


def test_a_real_refusal_of_the_allocator_is_known_as_such():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_rows_and_shards_are_the_same_for_every_batch(tmp_path, monkeypatch, batch):
    monkeypatch.setattr(plan.shards, "__defaults__", (5,))
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path / "a")
    other, _ = extract(tiny_network(), memory_benchmark(), BOTH, replace(CPU, batch=batch), tmp_path / "b")
    assert [path.stat().st_size for path in sorted(entry.folder.glob("shard-*"))] == [
        path.stat().st_size for path in sorted(other.folder.glob("shard-*"))
    ]
    assert_same(entry, other)


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="needs Linux")
def test_available_memory_is_no_more_than_the_host_has():
    free = memory.available(torch.device("cpu"))
    assert free is not None
    assert 0 < free <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert memory.available(torch.device("meta")) is None


def test_the_limit_of_a_job_counts_wherever_it_is_set_above(tmp_path):
    """A SLURM step's own group has no limit, its job's has; the page cache is given back when needed."""
    step = tmp_path / "slurm" / "job_7" / "step_0"
    step.mkdir(parents=True)
    for group, most, used, cache in (
        (step, "max", 500, 0),
        (step.parent, "1000", 700, 200),
        (step.parent.parent, "9000", 800, 0),
    ):
        (group / "memory.max").write_text(f"{most}\n")
        (group / "memory.current").write_text(f"{used}\n")
        (group / "memory.stat").write_text(f"anon 3\ninactive_file {cache}\n")
    membership = tmp_path / "cgroup"
    membership.write_text("0::/slurm/job_7/step_0\n")
    assert sorted(memory._groups(membership, tmp_path)) == [500, 8200]


def test_the_older_layout_of_control_groups_is_read_too(tmp_path):
    job = tmp_path / "memory" / "job_7"
    job.mkdir(parents=True)
    (job / "memory.limit_in_bytes").write_text("1000")
    (job / "memory.usage_in_bytes").write_text("400")
    membership = tmp_path / "cgroup"
    membership.write_text("5:cpuset:/job_7\n4:cpu,memory:/job_7\n")
    assert list(memory._groups(membership, tmp_path)) == [600]
