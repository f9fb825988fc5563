"""What must hold of a lock: one owner at a time, none that is dead, whatever the clocks say."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from percepnet.sources import lease
from percepnet.sources.lease import BusyError, LostError, hold
from percepnet.sources.marker import look, right_to
from percepnet.sources.process import Process
from tests.sources.conftest import listing

ROOT = Path(__file__).parents[2]
ELSEWHERE = Process("other", "another-kernel 1", 7, "8")

HOLDER = """
import pathlib, sys, time
from percepnet.sources.lease import hold
with hold(pathlib.Path(sys.argv[1])):
    time.sleep(60)
"""
COUNTER = """
import pathlib, sys, time
from percepnet.sources.lease import hold
folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
for _ in range(count):
    with hold(folder / "lock") as lease:
        inside = folder / "inside"
        inside.touch(exist_ok=False)
        number = folder / "number"
        number.write_text(str(int(number.read_text()) + 1))
        inside.unlink()
        lease.check()
"""


def start(program, *arguments) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", program, *map(str, arguments)], cwd=ROOT)


def holder(path) -> subprocess.Popen[bytes]:
    process = start(HOLDER, path)
    while (sight := look(path)) is None or not sight.text:
        time.sleep(0.005)
    return process


def leave(path, owner: Process, token="t") -> None:
    path.write_text(json.dumps(asdict(owner) | {"token": token}))


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(lease, "BEAT_S", 0.05)
    monkeypatch.setattr(lease, "LEASE_S", 0.4)
    monkeypatch.setattr(lease, "EMPTY_S", 0.1)
    monkeypatch.setattr(lease, "LOOK_S", 0.05)


def test_it_is_there_while_it_is_held_and_says_who_holds_it(tmp_path) -> None:
    with hold(tmp_path / "lock") as held:
        assert listing(tmp_path) == ["lock"]
        assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()
        held.check()
    assert listing(tmp_path) == []


def test_it_is_released_after_an_error(tmp_path) -> None:
    with pytest.raises(ZeroDivisionError), hold(tmp_path / "lock"):
        _ = 1 / 0
    assert listing(tmp_path) == []


def test_two_threads_of_one_process_exclude_each_other(tmp_path) -> None:
    entered = threading.Event()

    def second() -> None:
        with hold(tmp_path / "lock"):
            entered.set()

    with hold(tmp_path / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.1)
    thread.join(5)
    assert entered.is_set()


def test_who_does_not_want_to_wait_is_told_who_holds_it(tmp_path) -> None:
    with (
        hold(tmp_path / "lock"),
        pytest.raises(BusyError, match=f"process {os.getpid()}"),
        hold(tmp_path / "lock", wait=False),
    ):
        pass


def test_a_killed_owner_on_this_host_is_followed_at_once_even_as_a_zombie(tmp_path) -> None:
    owner = holder(tmp_path / "lock")
    owner.send_signal(signal.SIGKILL)
    while look(tmp_path / "lock") and not Process(**_owner(tmp_path)).is_gone():
        time.sleep(0.001)  # until the kernel has ended it; nobody has asked for its end, so it is a zombie
    with hold(tmp_path / "lock", wait=False):
        pass
    owner.wait()
    assert listing(tmp_path) == []


def _owner(folder):
    said = json.loads((folder / "lock").read_text())
    return {name: said[name] for name in ("host", "place", "pid", "born")}


def test_a_process_that_got_a_dead_ones_number_is_not_taken_for_it(tmp_path) -> None:
    leave(tmp_path / "lock", replace(Process.here(), born="1"))
    with hold(tmp_path / "lock", wait=False):
        pass


def test_an_owner_elsewhere_that_renews_is_never_followed(tmp_path, quick) -> None:
    path = tmp_path / "lock"
    leave(path, ELSEWHERE)
    done = threading.Event()

    def renew() -> None:
        while not done.wait(0.05):
            os.utime(path)

    thread = threading.Thread(target=renew)
    thread.start()
    with pytest.raises(BusyError), hold(path, wait=False, judge=True):
        pass
    got = threading.Event()
    waiter = threading.Thread(target=lambda: _touch_inside(path, got))
    waiter.start()
    assert not got.wait(2 * lease.LEASE_S)
    done.set()
    waiter.join(10)
    thread.join()
    assert got.is_set()


def _touch_inside(path, got) -> None:
    with hold(path):
        got.set()


def test_an_owner_elsewhere_that_does_not_renew_is_followed_after_the_lease(tmp_path, quick) -> None:
    leave(tmp_path / "lock", ELSEWHERE)
    began = time.monotonic()
    with hold(tmp_path / "lock", wait=False, judge=True):
        assert lease.LEASE_S <= time.monotonic() - began < 5 * lease.LEASE_S


def test_without_judging_an_owner_elsewhere_counts_as_alive(tmp_path) -> None:
    leave(tmp_path / "lock", ELSEWHERE)
    with pytest.raises(BusyError, match="process 7 on other"), hold(tmp_path / "lock", wait=False):
        pass


@pytest.mark.parametrize("text", ["", "no owner's words"])
def test_a_file_that_names_no_owner_does_not_block_for_ever(tmp_path, quick, text) -> None:
    (tmp_path / "lock").write_text(text)
    with hold(tmp_path / "lock"):
        pass
    assert listing(tmp_path) == []


def test_a_clock_that_jumps_does_not_matter(tmp_path, quick, monkeypatch) -> None:
    """The owner's clock jumps, its file's time lies in the future: it is renewed all the same."""
    jumps = iter(range(10**6))
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + (-1) ** next(jumps) * 10**18)
    with hold(tmp_path / "lock"):
        os.utime(tmp_path / "lock", (4e9, 4e9))
        # seen as from another host, which cannot ask whether the owner lives
        monkeypatch.setattr(Process, "is_near", lambda _: False)
        got = threading.Event()
        waiter = threading.Thread(target=lambda: _touch_inside(tmp_path / "lock", got))
        waiter.start()
        assert not got.wait(2 * lease.LEASE_S)
    waiter.join(10)
    assert got.is_set()


def test_an_owner_that_stood_still_finds_out_before_it_publishes_and_takes_nothing_away(tmp_path) -> None:
    with hold(tmp_path / "lock") as held:
        leave(tmp_path / "lock", Process.here(), "of the next owner")
        with pytest.raises(LostError, match="type the same command again"):
            held.check()
    assert "of the next owner" in (tmp_path / "lock").read_text()


def test_a_lock_file_that_was_deleted_by_hand_is_lost(tmp_path) -> None:
    with hold(tmp_path / "lock") as held:
        (tmp_path / "lock").unlink()
        with pytest.raises(LostError, match="no lock file"):
            held.check()


def test_a_real_process_that_was_stopped_is_followed_and_loses_the_lock(tmp_path, quick, monkeypatch) -> None:
    owner = holder(tmp_path / "lock")
    owner.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(Process, "is_near", lambda _: False)
    with hold(tmp_path / "lock") as held:
        owner.send_signal(signal.SIGCONT)
        time.sleep(0.1)
        held.check()
        owner.kill()
        owner.wait()
        held.check()


def test_the_right_of_one_that_died_while_it_took_over_is_cleared(tmp_path) -> None:
    dead = replace(Process.here(), born="1")
    leave(tmp_path / "lock", dead)
    leave(right_to(tmp_path / "lock", (tmp_path / "lock").read_text()), dead)
    with hold(tmp_path / "lock"):
        pass
    assert listing(tmp_path) == []


def test_a_full_disk_leaves_no_lock_file(tmp_path, monkeypatch) -> None:
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"), hold(tmp_path / "lock"):
        pass
    assert listing(tmp_path) == []


def test_processes_that_all_see_a_dead_owner_enter_one_by_one(tmp_path) -> None:
    """Each enters many times; what they count under the lock comes out whole."""
    (tmp_path / "number").write_text("0")
    leave(tmp_path / "lock", replace(Process.here(), born="1"))
    workers = [start(COUNTER, tmp_path, 25) for _ in range(4)]
    assert [worker.wait(60) for worker in workers] == [0] * 4
    assert (tmp_path / "number").read_text() == "100"
    assert listing(tmp_path) == ["number"]


def test_threads_that_see_one_dead_owner_after_the_other_follow_one_at_a_time(tmp_path) -> None:
    """The worst for a takeover: every owner dies at the end, and leaves its file."""
    path, inside, most, entries = tmp_path / "lock", [0], [0], [0]
    dead = replace(Process.here(), born="1")

    def work() -> None:
        for _ in range(15):
            with hold(path) as held:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                entries[0] += 1
                held.check()
                inside[0] -= 1
                fresh = tmp_path / f"dead{threading.get_ident()}"
                leave(fresh, dead, str(entries[0]))
                fresh.replace(path)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (most[0], entries[0]) == (1, 90)
