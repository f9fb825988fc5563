"""What must hold of an entry: it serves whoever asks for less, and is read only if it is what was written."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from percepnet.errors import InputError
from percepnet.responses import plan, store
from percepnet.responses.address import find, lock_of
from percepnet.responses.extraction import Compute, extract
from percepnet.responses.store import Entry, Unfinished, discard, key_of
from percepnet.sources import cache
from percepnet.sources.cache import lock
from percepnet.sources.lease import LostError
from tests.fakes import memory_benchmark, tiny_network

CPU = Compute(device="cpu", batch=4)
BOTH = ["squared_difference", "unit_squared_difference"]
ONE = BOTH[:1]


@pytest.fixture
def short_shards(monkeypatch):
    """Five pairs a shard, so that three references make three."""
    monkeypatch.setattr(plan.shards, "__defaults__", (5,))


def test_an_entry_that_holds_more_serves_without_a_pass(tmp_path):
    more, passed = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    assert passed == 18
    assert extract(tiny_network(), memory_benchmark(), ONE, CPU, tmp_path) == (more, 0)


def test_an_entry_that_holds_less_does_not_serve_but_stays(tmp_path):
    less, _ = extract(tiny_network(), memory_benchmark(), ONE, CPU, tmp_path)
    more, passed = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    assert passed == 18
    assert less.folder != more.folder
    assert extract(tiny_network(), memory_benchmark(), ONE, CPU, tmp_path) == (less, 0)


def test_an_entry_with_more_of_another_precision_does_not_serve(tmp_path):
    extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    _, passed = extract(tiny_network(), memory_benchmark(), ONE, replace(CPU, precision="bf16"), tmp_path)
    assert passed == 18


def test_an_entry_with_another_version_of_a_statistic_does_not_serve(tmp_path):
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    key = entry.content["key"]
    assert find(tmp_path, key) == entry
    assert find(tmp_path, key | {"statistics": {ONE[0]: 2}}) is None


def test_an_unfinished_entry_with_more_does_not_serve(tmp_path):
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    entry.folder.rename(f"{entry.folder}.partial")
    key = json.loads((tmp_path / f"{entry.folder.name}.partial" / "entry.json").read_text())["key"]
    assert find(tmp_path, key | {"statistics": {ONE[0]: 3}}) is None


def test_an_entry_under_an_address_of_old_is_found(tmp_path):
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    old = tmp_path / key_of(entry.content["key"])
    entry.folder.rename(old)
    assert extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path) == (Entry(old), 0)


def test_a_used_entry_is_marked_as_used(tmp_path):
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    os.utime(entry.folder / "entry.json", (1, 1))
    extract(tiny_network(), memory_benchmark(), ONE, CPU, tmp_path)
    assert (entry.folder / "entry.json").stat().st_mtime > 1e9


def test_one_flipped_bit_in_the_numbers_is_found_before_they_are_read(tmp_path):
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    shard = next(entry.folder.glob("shard-*"))
    content = bytearray(shard.read_bytes())
    content[-5] ^= 64
    shard.write_bytes(content)
    with pytest.raises(InputError, match="is damaged") as caught:
        list(Entry(entry.folder).shards(entry.taps, BOTH))
    assert "other bytes than were written" in str(caught.value)
    assert "percepnet store verify --delete" in str(caught.value)


@pytest.mark.parametrize("text", ["", "{}", "[1", '{"key": 1}'])
def test_a_description_that_cannot_be_read_is_named_with_the_remedy(tmp_path, text):
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    (entry.folder / "entry.json").write_text(text)
    with pytest.raises(InputError, match=rf"delete the folder {entry.folder}"):
        list(Entry(entry.folder).shards(["input"], BOTH))


def test_a_shard_is_hashed_once_however_often_it_is_read(tmp_path, monkeypatch):
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    hashed = []

    def counting(path):
        hashed.append(path)
        return cache.sha256(path)

    monkeypatch.setattr(store, "sha256", counting)
    for _ in range(3):
        list(Entry(entry.folder).shards(entry.taps, BOTH))
    assert len(hashed) == 1


def test_a_shard_that_a_power_cut_shortened_is_made_again_alone(tmp_path, monkeypatch, short_shards):
    whole, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path / "whole")
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    partial = entry.folder.with_name(f"{entry.folder.name}.partial")
    entry.folder.rename(partial)
    shards = sorted(partial.glob("shard-*"))
    assert len(shards) == 3
    shards[1].write_bytes(shards[1].read_bytes()[:-8])
    again, passed = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    assert passed == 6
    assert contents(again.folder) == contents(whole.folder)


def contents(folder):
    """Return the bytes of all shards."""
    return [path.read_bytes() for path in sorted(folder.glob("shard-*"))]


def test_who_has_lost_the_lock_publishes_nothing(tmp_path):
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path / "other")
    key, shards = entry.content["key"], plan.shards(memory_benchmark().pairs)
    values = {"input": {ONE[0]: np.zeros((15, 3), np.float32)}}
    path = lock_of(tmp_path, key)
    with lock(path) as lease:
        unfinished = Unfinished.at(tmp_path, "a" * 32, lease)
        unfinished.write(shards[0], values)
        path.write_text("another process")
        with pytest.raises(LostError, match="type the same command again"):
            unfinished.write(shards[0], values)
        with pytest.raises(LostError):
            unfinished.finish(shards, {})
    assert not unfinished.final.exists()
    assert path.read_text() == "another process"


def test_the_wish_for_less_waits_for_who_makes_more(tmp_path):
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    key = entry.content["key"]
    assert lock_of(tmp_path, key) == lock_of(tmp_path, key | {"statistics": {ONE[0]: 3}})


def test_a_removal_that_was_killed_half_way_leaves_no_half_entry(tmp_path, monkeypatch):
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    key = entry.content["key"]

    def killed(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        discard(entry.folder)
    assert find(tmp_path, key) is None
    _, passed = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    assert passed == 18


def test_an_unfinished_entry_says_what_it_will_hold_and_a_finished_one_what_it_holds(tmp_path, monkeypatch):
    told = []
    real = Unfinished.write

    def watched(self, shard, arrays):
        told.append(json.loads((self.folder / "making.json").read_text())["network"])
        assert not (self.folder / "entry.json").exists()
        real(self, shard, arrays)

    monkeypatch.setattr(Unfinished, "write", watched)
    entry, _ = extract(tiny_network(), memory_benchmark(), BOTH, CPU, tmp_path)
    assert told == ["tiny.0"]
    assert sorted(path.name for path in entry.folder.iterdir()) == ["entry.json", "shard-0000.safetensors"]
