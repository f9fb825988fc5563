"""Memory that is freed and needed again is not asked for anew, in any thread, and given back at the end."""

import ctypes
import platform
import subprocess
import sys

import pytest

from percepnet import heap
from percepnet.responses.extraction import Compute, extract
from tests.fakes import memory_benchmark, tiny_network

ON_GLIBC = platform.libc_ver()[0] == "glibc"

WORK = """
import resource
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import percepnet
from percepnet import heap

def pages():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

def asked_for(mode):
    with mode:
        ThreadPoolExecutor(1).submit(use).result()
        first = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        pool = ThreadPoolExecutor(2)
        for found in [pool.submit(use) for _ in range(8)]:
            found.result()
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - first, pages()

def use():
    for _ in range(4):
        block = bytearray(80 << 20)
        del block

before = pages()
found = [asked_for(nullcontext()), asked_for(heap.kept()), asked_for(nullcontext())]
print(*[faults for faults, _ in found], found[1][1] - before, pages() - before)
"""


@pytest.mark.skipif(not ON_GLIBC, reason="another C library")
def test_what_is_freed_is_kept_for_what_comes_next_in_every_thread_and_given_back():
    told = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True)
    before, inside, after, held, left = map(int, told.stdout.split())
    block = (80 << 20) // 4096
    assert inside < before / 4  # as it comes each of 32 blocks is filled with zeros anew
    assert after > before / 2
    assert held > block / 2
    assert left < block / 4


def test_another_c_library_is_left_as_it_is(monkeypatch):
    def no_options(_name):
        return object()

    monkeypatch.setattr(ctypes, "CDLL", no_options)
    heap.share()
    with heap.kept():
        pass


@pytest.fixture
def called(monkeypatch):
    """What the C library is asked for, in order."""
    told: list[tuple[str, ...]] = []
    monkeypatch.setattr(heap, "_call", lambda *call: told.append(call))
    return told


def test_an_extraction_keeps_memory_and_gives_it_back(called, tmp_path):
    extract(tiny_network(), memory_benchmark(), ["squared_difference"], Compute(device="cpu"), tmp_path)
    assert called[0] == ("mallopt", heap.MMAP_MAX, 0)
    assert ("mallopt", heap.MMAP_MAX, heap.BLOCKS) in called
    assert called[-1] == ("malloc_trim", 0)


def test_it_ends_where_the_work_within_fails(called):
    with pytest.raises(KeyError), heap.kept():
        raise KeyError
    assert called[0] == ("mallopt", heap.MMAP_MAX, 0)
    assert called[-1] == ("malloc_trim", 0)
