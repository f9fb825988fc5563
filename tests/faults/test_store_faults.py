"""What happens to the store when its makers are killed, stopped, or many: the bytes of an undisturbed run."""

import errno
import json
import os
import random
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from percepnet.errors import InputError
from percepnet.responses.extraction import Compute, extract
from percepnet.responses.hygiene import entries
from percepnet.responses.upkeep import verify
from tests.driving import eventually
from tests.fakes import memory_benchmark, tiny_network
from tests.faults.extracting import IMAGES, SHARD, STATISTICS, Workers, contents, once

KILLS = 20


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The shards of an extraction that nothing happened to."""
    folder, passed = once(tmp_path_factory.mktemp("undisturbed"))
    assert passed == IMAGES
    return contents(folder)


@pytest.fixture
def workers(tmp_path):
    """Processes that extract into one store; none outlives the test."""
    started = Workers(tmp_path / "responses")
    yield started
    started.end()


def has_passed(workers, images):
    return workers.passed() >= images


def left(root):
    """Return what is in the store beside the one entry."""
    return sorted(path.name for path in root.iterdir())[1:]


@pytest.mark.slow
def test_a_maker_is_killed_at_twenty_random_moments(workers, undisturbed):
    """Each is killed after up to one and a half shards, while it passes images, writes or renames."""
    moments = random.Random(11)
    for _ in range(KILLS):
        enough = workers.passed() + moments.randrange(1, SHARD + SHARD // 2)
        process = workers.start(pause=0.01)
        eventually(partial(has_passed, workers, enough))
        time.sleep(moments.uniform(0, 0.02))
        assert process.is_alive()
        process.kill()
        process.join()
        assert not [one for one in entries(workers.root) if one.state in ("finished", "damaged")]
        assert verify(workers.root, delete=False) == []
    again = workers.start(pause=0)
    folder, passed = workers.results(1)[again.pid]
    assert 0 < passed < IMAGES
    assert IMAGES <= workers.passed() <= IMAGES + KILLS * SHARD
    assert contents(folder) == undisturbed
    assert left(workers.root) == []


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"elsewhere": True}, {"clock": True, "elsewhere": True}])
def test_eight_makers_at_once_pass_each_image_once(workers, undisturbed, options):
    """Also where no process can tell whether another lives, and every look at a clock jumps by hours."""
    for _ in range(8):
        workers.start(**options)
    results = workers.results(8)
    assert len({folder for folder, _ in results.values()}) == 1, results
    assert sorted(passed for _, passed in results.values()) == [0] * 7 + [IMAGES]
    assert workers.passed() == IMAGES
    assert contents(next(iter(results.values()))[0]) == undisturbed
    assert left(workers.root) == []


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"elsewhere": True}, {"clock": True, "elsewhere": True}])
def test_of_eight_makers_one_after_the_other_is_killed(workers, undisturbed, options):
    makers = {process.pid: process for process in [workers.start(**options) for _ in range(8)]}
    for number in range(1, 5):
        eventually(partial(has_passed, workers, number * IMAGES // 8))
        maker = makers.pop(holder(workers.root))
        maker.kill()
        maker.join()
    results = workers.results(4)
    assert {*results} == {*makers}
    assert len({folder for folder, _ in results.values()}) == 1, results
    assert IMAGES <= workers.passed() <= IMAGES + 4 * SHARD
    assert contents(next(iter(results.values()))[0]) == undisturbed
    assert left(workers.root) == []


def holder(root):
    """Return the number of the process that holds the lock."""
    (lock,) = root.glob("*.lock")
    return json.loads(lock.read_text())["pid"]


@pytest.mark.slow
def test_a_maker_that_stood_still_finds_its_work_taken_over_and_publishes_nothing(workers, undisturbed):
    """A laptop that sleeps, a frozen container: the other goes on; who wakes up says what to do."""
    first = workers.start(elsewhere=True)
    eventually(lambda: workers.passed() > SHARD)
    os.kill(first.pid, signal.SIGSTOP)
    second = workers.start(elsewhere=True)
    try:
        folder, passed = workers.results(1)[second.pid]
    finally:
        os.kill(first.pid, signal.SIGCONT)
    said = workers.results(1)[first.pid]
    assert said.startswith("LostError: the lock")
    assert "type the same command again" in said
    assert passed < IMAGES
    assert workers.passed() <= IMAGES + 2 * SHARD
    assert contents(folder) == undisturbed
    assert left(workers.root) == []


def test_the_disk_is_full_in_the_middle_and_nothing_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(extract.__globals__["plan"].shards, "__defaults__", (5,))
    arguments = (tiny_network(), memory_benchmark(), STATISTICS, Compute(device="cpu"))
    whole, _ = extract(*arguments, tmp_path / "whole")
    real = Path.write_bytes

    def full(path, content):
        if "shard-0001" in path.name:
            real(path, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return real(path, content)

    root = tmp_path / "responses"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(InputError, match=r"(?s)the disk is full.*free some space"):
            extract(*arguments, root)
    assert [one.state for one in entries(root)] == ["partial"]
    assert verify(root, delete=False) == []
    entry, passed = extract(*arguments, root)
    assert passed == 2 * SHARD
    assert contents(entry.folder) == contents(whole.folder)
    assert left(root) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere; test_disks.py mounts one read-only")
def test_a_store_that_may_only_be_read_is_told(tmp_path):
    arguments = (tiny_network(), memory_benchmark(), STATISTICS, Compute(device="cpu"))
    entry, _ = extract(*arguments, tmp_path)
    tmp_path.chmod(0o555)
    try:
        assert extract(*arguments, tmp_path) == (entry, 0)
        with pytest.raises(InputError, match="cannot be written"):
            extract(tiny_network(seed=1), *arguments[1:], tmp_path)
    finally:
        tmp_path.chmod(0o755)
