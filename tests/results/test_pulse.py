"""A running cell's signs of life: written by a thread of their own, and never after its end."""

import time

from percepnet.errors import InputError
from percepnet.results import pulse
from percepnet.results.pulse import Pulse
from percepnet.results.status import RUNNING, Status, read_status


def eventually(true):
    limit = time.monotonic() + 10.0
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.005)


def seen(folder):
    status = read_status(folder)
    return status or Status("none")


def test_stage_and_images_are_written_while_the_work_goes_on_and_not_after_it(tmp_path, monkeypatch):
    monkeypatch.setattr(pulse, "WRITE_S", 0.01)
    one = Pulse(Status(RUNNING), tmp_path)
    with one.beating():
        one.stage("extraction, b")
        one.images(0, 8)
        time.sleep(0.01)
        one.images(4, 8)
        eventually(lambda: seen(tmp_path).images_done == 4)
        status = seen(tmp_path)
        assert (status.stage, status.images_total) == ("extraction, b", 8)
        assert 0 < status.speed < 400
        one.stage("readout, b")
        eventually(lambda: seen(tmp_path).stage == "readout, b")
        assert (seen(tmp_path).images_done, seen(tmp_path).speed) == (0, 0.0)
    (tmp_path / "status.json").unlink()
    one.stage("later")
    time.sleep(0.05)
    assert not (tmp_path / "status.json").exists()


def test_a_status_that_does_not_change_is_written_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(pulse, "WRITE_S", 0.01)
    monkeypatch.setattr(pulse, "BEAT_S", 0.02)
    with Pulse(Status(RUNNING), tmp_path).beating():
        eventually(lambda: seen(tmp_path).seconds > 0)
        first = seen(tmp_path).seconds
        eventually(lambda: seen(tmp_path).seconds > first)


def test_a_disk_that_refuses_a_sign_of_life_stops_no_work_and_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(pulse, "WRITE_S", 0.01)
    tried = []
    write = Status.write

    def refuse_twice(status, folder):
        tried.append(status)
        if len(tried) <= 2:
            raise InputError("the disk is full")
        write(status, folder)

    monkeypatch.setattr(Status, "write", refuse_twice)
    one = Pulse(Status(RUNNING), tmp_path)
    with one.beating():
        one.stage("extraction, b")
        eventually(lambda: seen(tmp_path).stage == "extraction, b")
    assert len(tried) >= 3
