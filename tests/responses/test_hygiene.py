"""What `percepnet store` lists, removes and finds; and whom it leaves alone."""

import json
import os
import shutil
import time
from dataclasses import asdict, replace

import pytest

from percepnet.errors import InputError
from percepnet.responses import plan
from percepnet.responses.extraction import Compute, extract
from percepnet.responses.hygiene import entries, lock_beside, usage
from percepnet.responses.upkeep import collect, verify
from percepnet.sources import lease
from percepnet.sources.cache import lock
from percepnet.sources.process import Process
from tests.fakes import memory_benchmark, tiny_network

CPU = Compute(device="cpu", batch=4)
BOTH = ["squared_difference", "unit_squared_difference"]
DAY = 86_400.0


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store of two entries, each of three shards."""
    root = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan.shards, "__defaults__", (5,))
        for seed, statistics in enumerate([BOTH, BOTH[:1]]):
            extract(tiny_network(seed=seed), memory_benchmark(), statistics, CPU, root)
    return root


@pytest.fixture
def root(made, tmp_path):
    """The same in a folder of its own."""
    return shutil.copytree(made, tmp_path / "responses")


def aged(folder, days):
    """Set the time of everything in a folder back."""
    then = time.time() - days * DAY
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (then, then))


def unfinished(folder):
    """Make an entry look as a killed process leaves it: no last shard, not its final name."""
    partial = folder.with_name(f"{folder.name}.partial")
    folder.rename(partial)
    (partial / "entry.json").rename(partial / "making.json")
    max(partial.glob("shard-*")).unlink()
    return partial


def leave(path, owner):
    path.write_text(json.dumps(asdict(owner) | {"token": "t"}))


def names(root):
    return sorted(path.name for path in root.iterdir())


def test_every_entry_is_listed_with_what_it_holds(root):
    first, second = entries(root)
    assert (first.network, second.network) == ("tiny.0", "tiny.1")
    assert (first.statistics, second.statistics) == (tuple(BOTH), tuple(BOTH[:1]))
    assert {one.benchmark for one in (first, second)} == {"memory"}
    assert {one.state for one in (first, second)} == {"finished"}
    assert first.pairs == 15
    assert first.size == sum(path.stat().st_size for path in first.folder.iterdir())
    assert time.time() - 3600 < first.made <= first.used + 1


def test_a_store_that_is_not_there_is_empty(tmp_path):
    nowhere = tmp_path / "nowhere"
    assert entries(nowhere) == []
    assert collect(nowhere, days=0, dry_run=False) == []
    assert verify(nowhere, delete=True) == []
    assert [one.entries for one in usage(entries(nowhere))] == [0]
    assert not nowhere.exists()


def test_what_is_not_an_entry_is_neither_listed_nor_removed(root):
    (root / "holiday").mkdir()
    (root / "holiday" / "photo").write_text("x")
    aged(root / "holiday", 900)
    assert len(entries(root)) == 2
    verify(root, delete=True)
    collect(root, days=0, dry_run=False)
    assert names(root) == ["holiday"]


def test_an_unfinished_entry_says_whose_it_is_and_whether_somebody_makes_it(root):
    partial = unfinished(entries(root)[0].folder)
    (one,) = [kept for kept in entries(root) if kept.folder == partial]
    assert (one.state, one.network, one.benchmark) == ("partial", "tiny.0", "memory")
    with lock(lock_beside(partial)):
        assert [kept.state for kept in entries(root)] == ["running", "finished"]
    leave(lock_beside(partial), replace(Process.here(), born="1"))  # dead
    assert [kept.state for kept in entries(root)] == ["partial", "finished"]


def test_an_entry_without_a_shard_or_a_description_is_damaged(root):
    first, second = entries(root)
    (first.folder / "entry.json").unlink()
    next(second.folder.glob("shard-*")).unlink()
    assert {kept.state for kept in entries(root)} == {"damaged"}


def test_room_is_told_in_all_by_network_and_by_benchmark(root):
    kept = entries(root)
    total, larger, smaller, benchmark = usage(kept)
    assert (total.of, total.entries, total.size) == ("total", 2, sum(one.size for one in kept))
    assert (larger.of, larger.name, larger.size) == ("network", "tiny.0", kept[0].size)
    assert (smaller.name, smaller.size) == ("tiny.1", kept[1].size)
    assert (benchmark.of, benchmark.name, benchmark.size) == ("benchmark", "memory", total.size)


def test_entries_that_were_not_used_for_long_are_removed_the_others_stay(root):
    first, second = entries(root)
    aged(first.folder, 31)
    aged(second.folder, 29)
    (removed,) = collect(root, days=30, dry_run=True)
    assert (removed.path, removed.size) == (first.folder, first.size)
    assert "31 days" in removed.reason
    assert first.folder.exists()
    assert collect(root, days=30, dry_run=False) == [removed]
    assert names(root) == [second.folder.name]


def test_an_old_entry_that_was_used_again_stays(root):
    first = entries(root)[0].folder
    aged(first, 400)
    extract(tiny_network(), memory_benchmark(), BOTH, CPU, root)
    assert collect(root, days=30, dry_run=False) == []


def test_times_in_the_future_remove_nothing(root):
    for kept in entries(root):
        aged(kept.folder, -4000)
    assert collect(root, days=0, dry_run=False) == []


def test_unfinished_entries_stay_a_week_for_jobs_that_wait_in_a_queue(root):
    partial = unfinished(entries(root)[0].folder)
    aged(partial, 6)
    assert collect(root, days=30, dry_run=False) == []
    aged(partial, 8)
    assert [one.path for one in collect(root, days=30, dry_run=False)] == [partial]
    assert not partial.exists()


def test_what_somebody_makes_is_never_removed_however_old(root):
    first, second = (kept.folder for kept in entries(root))
    partial = unfinished(first)
    aged(partial, 900)
    aged(second, 900)
    with lock(lock_beside(partial)), lock(lock_beside(second)):
        assert collect(root, days=0, dry_run=False) == []
        shard = next(partial.glob("shard-*"))
        shard.write_bytes(b"x")
        assert verify(root, delete=True) == []
    assert partial.exists()
    assert second.exists()


def test_what_a_dead_host_was_making_is_removed_once_its_lease_is_over(root, monkeypatch):
    monkeypatch.setattr(lease, "LEASE_S", 0.2)
    partial = unfinished(entries(root)[0].folder)
    aged(partial, 8)
    leave(lock_beside(partial), Process("other", "another-kernel 1", 7, "8"))
    assert entries(root)[0].state == "running"  # nobody can tell at a glance
    assert collect(root, days=30, dry_run=False) == []
    aged(lock_beside(partial).parent, 8)
    assert [one.path for one in collect(root, days=30, dry_run=False)] == [lock_beside(partial)]
    assert [one.path for one in collect(root, days=30, dry_run=False)] == [partial]


def test_leftovers_of_killed_processes_are_removed_and_fresh_marks_stay(root):
    kept = names(root)
    (root / ".abc.1234.tmp").mkdir()
    (root / ".abc.1234.tmp" / "shard-0000.safetensors").write_bytes(bytes(7))
    for name in (".x.lock.aa.claim", ".x.lock.bb.right", "x.lock"):
        leave(root / name, replace(Process.here(), born="1"))
    (tmp,) = collect(root, days=30, dry_run=False)
    assert (tmp.path.name, tmp.size) == (".abc.1234.tmp", 7)
    for name in (".x.lock.aa.claim", ".x.lock.bb.right", "x.lock"):
        os.utime(root / name, (1, 1))
    assert len(collect(root, days=30, dry_run=True)) == 3
    assert len(collect(root, days=30, dry_run=False)) == 3
    assert names(root) == kept


def test_negative_days_are_refused(root):
    with pytest.raises(InputError, match="must not be negative"):
        collect(root, days=-1, dry_run=True)


def test_a_sound_store_has_no_findings(root):
    unfinished(entries(root)[1].folder)
    assert verify(root, delete=True) == []
    assert len(entries(root)) == 2


def shard_of(folder):
    return sorted(folder.glob("shard-*"))[1]


def flip(folder, at):
    content = bytearray(shard_of(folder).read_bytes())
    content[at] ^= 64
    shard_of(folder).write_bytes(content)


def rewrite(folder, change):
    content = json.loads((folder / "entry.json").read_text())
    change(content)
    (folder / "entry.json").write_text(json.dumps(content))


def cut_without_a_hash(folder):
    rewrite(folder, lambda content: content.pop("sha256"))
    os.truncate(shard_of(folder), 100)


DAMAGE = {
    "a flipped bit in the numbers": (lambda f: flip(f, -5), "other bytes"),
    "a flipped bit in the header": (lambda f: flip(f, 3), "other bytes"),
    "a truncated shard": (lambda f: os.truncate(shard_of(f), 100), "other bytes"),
    "a lost shard": (lambda f: shard_of(f).unlink(), "No such file"),
    "no description": (lambda f: (f / "entry.json").unlink(), "No such file"),
    "half a description": (lambda f: os.truncate(f / "entry.json", 60), "cannot be read"),
    "another number of pairs": (lambda f: rewrite(f, lambda c: c.update(pairs=16)), "15 pairs in the shards"),
    "a statistic that is not there": (
        lambda f: rewrite(f, lambda c: c["taps"][0]["statistics"].append("gram")),
        "1 statistics are missing: input|gram",
    ),
    "a truncated shard without a hash": (
        cut_without_a_hash,
        "cannot be read",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_named_and_removed_on_request_and_the_next_run_makes_it_anew(root, name, monkeypatch):
    monkeypatch.setattr(plan.shards, "__defaults__", (5,))
    damage, said = DAMAGE[name]
    first, second = (kept.folder for kept in entries(root))
    damage(first)
    findings = verify(root, delete=False)
    assert {finding.folder for finding in findings} == {first}
    assert said in findings[0].problem
    assert not any(finding.deleted for finding in findings)
    assert first.exists()
    assert all(finding.deleted for finding in verify(root, delete=True))
    assert names(root) == [second.name]
    entry, passed = extract(tiny_network(), memory_benchmark(), BOTH, CPU, root)
    assert (entry.folder, passed) == (first, 18)
    assert verify(root, delete=False) == []


def test_numbers_that_are_none_are_found(root):
    from safetensors.numpy import load_file, save_file

    first = entries(root)[0].folder
    tensors = load_file(shard_of(first))
    tensors["input|squared_difference"][0, 0] = float("nan")
    save_file(tensors, shard_of(first))
    rewrite(first, lambda content: content.pop("sha256"))
    (finding,) = verify(root, delete=False)
    assert finding.problem == "not finite: input|squared_difference"


def test_of_an_unfinished_entry_the_damaged_shard_alone_is_removed(root):
    partial = unfinished(entries(root)[0].folder)
    damaged, sound = sorted(partial.glob("shard-*"))
    os.truncate(damaged, 50)
    (finding,) = verify(root, delete=True)
    assert (finding.file, finding.deleted) == (damaged, True)
    assert sound.exists()
    assert not damaged.exists()
