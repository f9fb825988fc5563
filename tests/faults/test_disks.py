"""Disks that are full or may not be written: the sweep says so, and the same command completes it."""

import os
import subprocess
from contextlib import contextmanager

import pytest

from tests.driving import IMAGES, SHARD

pytestmark = pytest.mark.slow


@contextmanager
def small_disk(folder, options):
    """A disk of its own in memory; needs the right to mount."""
    folder.mkdir(parents=True, exist_ok=True)
    if not mounted("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder):
        pytest.skip("needs the right to mount a small disk")
    try:
        yield
    finally:
        assert mounted("umount", folder)


def mounted(*command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def remount(folder, options):
    assert mounted("mount", "-o", f"remount,{options}", folder)


def test_a_store_that_cannot_hold_the_statistics_is_refused_with_both_figures(pair, undisturbed):
    with small_disk(pair.folder / "cache", "size=300k"):
        status, shown = pair.run()
        assert status == 1, shown
        assert "2 cells: 0 done, 0 skipped, 2 failed" in shown
        assert "the disk has no room for the statistics" in shown
        assert "MB free" in shown
        assert "sources.cache=DIR" in shown
        assert pair.passed() < SHARD  # told before the time was spent
        remount(pair.folder / "cache", "size=100m")
        status, shown = pair.run()
        assert status == 0, shown
        assert pair.scores() == undisturbed.scores()
        assert pair.leftovers() == []


def test_the_disk_fills_up_in_the_middle_and_the_sweep_goes_on_once_there_is_room(pair, undisturbed):
    with small_disk(pair.folder / "cache", "size=40m"):
        process = pair.start_to_the_middle()
        eater = pair.folder / "cache" / "somebody_else"
        with eater.open("wb") as file, pytest.raises(OSError, match="No space"):  # noqa: PT012
            while True:
                os.write(file.fileno(), bytes(4096))
        pair.open_gate()
        shown, _ = process.communicate(timeout=120)
        assert process.returncode == 1, shown
        assert "the disk is full" in shown
        assert "free some space" in shown
        eater.unlink()
        status, shown = pair.run()
        assert status == 0, shown
        assert f"{IMAGES - SHARD} images passed" in shown
        assert pair.scores() == undisturbed.scores()
        assert pair.leftovers() == []


def test_results_on_a_full_disk_are_told_on_the_screen_and_come_with_the_same_command(pair, undisturbed):
    with small_disk(pair.results, "size=24k"):
        status, shown = pair.run()
        assert status == 1, shown
        assert "the disk is full" in shown
        remount(pair.results, "size=100m")
        status, shown = pair.run()
        assert status == 0, shown
        assert pair.passed() == IMAGES  # the statistics were not lost
        assert pair.scores() == undisturbed.scores()


def test_a_cache_that_may_only_be_read_serves_what_it_holds_and_refuses_the_rest(pair, undisturbed):
    with small_disk(pair.folder / "cache", "size=100m"):
        status, shown = pair.run("readout=layerwise")
        assert status == 0, shown
        remount(pair.folder / "cache", "ro")
        status, shown = pair.run()  # another readout of the same network: read from the store
        assert status == 0, shown
        assert "0 images passed" in shown
        assert pair.scores() == undisturbed.scores()

        status, shown = pair.run("weights_seed=1")
        assert status == 1, shown
        assert "2 failed" in shown
        assert "cannot be written" in shown
        assert "sources.cache=DIR" in shown
        remount(pair.folder / "cache", "rw")
        status, shown = pair.run("weights_seed=1")
        assert status == 0, shown
        assert pair.passed() == 2 * IMAGES
