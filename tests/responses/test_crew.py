"""Threads that share out work: what they make is what one makes."""

import threading
import time

import numpy as np
import pytest
import torch

from percepnet.errors import InputError
from percepnet.networks.network import Network
from percepnet.responses.crew import Crew
from percepnet.responses.extraction import Compute, extract
from percepnet.responses.once import once
from percepnet.responses.statistics import STATISTICS, reduced
from tests.fakes import memory_benchmark, tiny_network
from tests.responses.test_limits import REFUSED, refusing

CPU = Compute(device="cpu", batch=6)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def everything(entry):
    """Return every number of an entry, in order."""
    kinds = {tap: [kind for kind in STATISTICS if tap in entry.holding([kind])] for tap in entry.taps}
    return {
        (tap, kind): np.concatenate([shard[tap][kind] for shard in entry.shards([tap], kinds[tap])])
        for tap in entry.taps
        for kind in kinds[tap]
    }


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("distorted", [1, 2, 9])
def test_two_threads_make_the_numbers_of_one(tmp_path, request, distorted, precision):
    """Tolerance 1e-5 relative, 1e-6 of the largest: a convolution sums in another order for other batches."""
    benchmark = memory_benchmark(references=2, distorted=distorted, size=(40, 44))
    compute = Compute(device="cpu", batch=6, precision=precision)
    one, _ = extract(tiny_network(), benchmark, ["all"], compute, tmp_path / "one")
    request.getfixturevalue("two_threads")
    two, passed = extract(tiny_network(), benchmark, ["all"], compute, tmp_path / "two")
    assert passed == 2 * (1 + distorted)
    for place, values in everything(one).items():
        largest = np.abs(values).max()
        np.testing.assert_allclose(
            everything(two)[place], values, rtol=1e-5, atol=1e-6 * largest, err_msg=str(place)
        )


def test_each_thread_passes_a_share_through_a_network_of_its_own(tmp_path, monkeypatch, two_threads):
    seen = []
    observe, both = Network.observe, threading.Barrier(2, timeout=60)

    def observed(self, images, *rest):
        if not images.is_meta:
            seen.append((len(images), threading.get_ident(), id(self)))
            if len(seen) > 1:  # no longer the reference: two pass at the same time, or this never ends
                both.wait()
        return observe(self, images, *rest)

    monkeypatch.setattr(Network, "observe", observed)
    extract(tiny_network(), memory_benchmark(references=1, distorted=12), ["all"], CPU, tmp_path)
    reference, *others = seen
    assert reference[:2] == (1, threading.get_ident())
    assert sum(several for several, *_ in others) == 12
    assert {several for several, *_ in others} == {3}
    assert len({thread for _, thread, _ in others}) == len({network for *_, network in others}) == 2


@pytest.mark.parametrize("most", [1, 2])
def test_threads_pass_fewer_images_when_memory_is_refused(tmp_path, monkeypatch, two_threads, most):
    benchmark = memory_benchmark(references=2, distorted=12)
    entry, _ = extract(tiny_network(), benchmark, ["all"], CPU, tmp_path / "a")
    given = refusing(monkeypatch, REFUSED[1], most)
    other, passed = extract(tiny_network(), benchmark, ["all"], CPU, tmp_path / "b")
    assert passed == 26
    assert sum(several for several in given if several <= most) == 26
    for place, values in everything(entry).items():
        np.testing.assert_allclose(everything(other)[place], values, rtol=1e-5, atol=1e-6)


def test_no_memory_for_a_single_image_is_told_by_threads_too(tmp_path, monkeypatch, two_threads):
    refusing(monkeypatch, REFUSED[1], 0)
    with pytest.raises(InputError, match=r"(?s)single image.*19 x 23.*arch\.taps"):
        extract(tiny_network(), memory_benchmark(), ["all"], CPU, tmp_path)


def test_a_task_that_shares_out_tasks_does_them_itself():
    crew = Crew(2)
    found: dict[tuple[int, int], int] = {}

    def outer(number):
        crew.each(lambda part: found.setdefault((number, part), threading.get_ident()), range(4))

    crew.each(outer, range(4))
    assert len(found) == 16
    assert all(len({found[number, part] for part in range(4)}) == 1 for number in range(4))


def test_an_error_ends_the_work_and_no_task_goes_on_after_it():
    begun, broken, done = threading.Event(), threading.Event(), []

    def work(number):
        if number == 0:
            begun.wait(60)
            broken.set()
            raise ValueError("broken")
        begun.set()
        broken.wait(60)
        time.sleep(0.05)
        done.append(number)

    with pytest.raises(ValueError, match="broken"):
        Crew(2).each(work, range(50))
    ended = len(done)
    assert 1 <= ended < 49
    time.sleep(0.2)
    assert len(done) == ended


def test_a_value_is_computed_once_though_threads_ask_for_it_together():
    """Two objects' values are computed at the same time, or this never ends."""
    both = threading.Barrier(2, timeout=60)

    class Slow:
        asked = 0

        @once
        def value(self):
            """Say what it is."""
            self.asked += 1
            both.wait()
            return object()

    one, other = Slow(), Slow()
    found = []
    threads = [
        threading.Thread(target=lambda slow=slow: found.append(slow.value))
        for slow in (one, one, other, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (one.asked, other.asked) == (1, 1)
    assert len({*map(id, found)}) == 2
    assert Slow.value.__doc__ == "Say what it is."


def test_threads_share_every_image_where_a_network_cannot_be_copied(
    tmp_path, monkeypatch, caplog, two_threads
):
    def refuse(_self):
        raise TypeError("cannot pickle '_thread.lock' object")

    monkeypatch.setattr(Network, "twin", refuse)
    with caplog.at_level("INFO"):
        _, passed = extract(tiny_network(), memory_benchmark(), ["all"], CPU, tmp_path)
    assert passed == 18
    assert "threads share every image" in caplog.text


def test_nothing_is_reduced_under_autocast(tmp_path, monkeypatch, two_threads):
    seen = []

    def noted(*given, **options):
        seen.append(torch.is_autocast_enabled("cpu"))
        return reduced(*given, **options)

    monkeypatch.setattr("percepnet.responses.extractor.reduced", noted)
    compute = Compute(device="cpu", batch=6, precision="bf16")
    extract(tiny_network(), memory_benchmark(), ["all"], compute, tmp_path)
    assert seen
    assert not any(seen)
