"""How many images pass at once: doubled while that pays and fits, halved for good when memory is refused."""

import pytest
import torch

from percepnet.errors import InputError
from percepnet.responses import portions
from percepnet.responses.crew import Crew
from percepnet.responses.portions import FIRST, MOST, Portions, Room
from tests.fakes import tiny_network

CPU, GPU = torch.device("cpu"), torch.device("cuda")


class Machine:
    """Passes images on a clock of its own: `seconds(n)` for n of them, and no more than `most` at once."""

    def __init__(self, seconds, most=10**6):
        self.seconds, self.most = seconds, most
        self.now = 0.0
        self.passed: list[int] = []
        self.rows: list[int] = []
        self.refused: list[int] = []

    def clock(self):
        return self.now

    def work(self, images, has_reference):
        if len(images) > self.most:
            self.refused.append(len(images))
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.passed.append(len(images))
        self.rows += images[int(has_reference) :, 0, 0, 0].tolist()
        self.now += self.seconds(len(images))
        return len(images) - has_reference


def pass_batches(machine, batches=12, size=MOST, room=None):
    """Pass batches of `size` images each; return the portions that the last was passed in."""
    network = tiny_network()
    found = Portions(network, {"input"}, 1, room or Room.of("auto", GPU, 1), clock=machine.clock)
    images = torch.arange(size, dtype=torch.uint8).view(size, 1, 1, 1).expand(size, 19, 23, 3)
    for _ in range(batches):
        machine.passed.clear()
        machine.rows.clear()
        made = found.passed(images, machine.work, has_reference=True)
        assert machine.rows == list(range(1, size))
        assert sum(made) == size - 1
    return machine.passed


def test_the_number_is_doubled_up_to_the_cap_while_images_get_no_slower():
    assert pass_batches(Machine(lambda n: 1.0 + 0.1 * n)) == [MOST]
    assert pass_batches(Machine(lambda n: 0.1 * n)) == [MOST]


def test_a_cap_below_the_next_double_is_kept():
    assert pass_batches(Machine(lambda n: 1.0), room=Room(8, 20)) == [20, 20, 20, 5]


def test_the_number_goes_back_to_the_one_before_when_each_image_gets_slower():
    slower_from_32 = Machine(lambda n: n * (0.1 if n < 32 else 0.2))
    assert pass_batches(slower_from_32) == [16, 16, 16, 16, 1]


def test_the_first_pass_of_a_number_does_not_count():
    """Kernels are chosen or compiled in it."""
    seen = set()

    def seconds(several):
        first = several not in seen
        seen.add(several)
        return 1.0 + 0.1 * several + 60.0 * first

    assert pass_batches(Machine(seconds)) == [MOST]


def test_a_refusal_while_the_number_grows_halves_it_for_good():
    machine = Machine(lambda n: 1.0, most=20)
    assert pass_batches(machine) == [16, 16, 16, 16, 1]
    assert machine.refused == [32]


def test_what_the_memory_seems_to_allow_bounds_the_growth(monkeypatch):
    monkeypatch.setattr(portions, "images_at_once", lambda *_, **__: 12)
    assert pass_batches(Machine(lambda n: 1.0)) == [12] * 5 + [5]


def test_batches_that_are_smaller_pass_whole_and_tell_nothing():
    assert pass_batches(Machine(lambda n: 1.0), size=6) == [6]


@pytest.mark.parametrize(
    ("batch", "device", "threads", "room"),
    [
        ("auto", CPU, 1, Room(FIRST, FIRST)),
        ("auto", CPU, 16, Room(64, 64)),
        ("auto", GPU, 16, Room(FIRST, MOST)),
        (3, CPU, 16, Room(3, 3)),
        (300, GPU, 16, Room(300, 300)),
    ],
)
def test_auto_grows_on_a_gpu_alone_and_a_number_is_kept(batch, device, threads, room):
    assert Room.of(batch, device, threads) == room


@pytest.mark.parametrize(
    ("threads", "at_once", "size", "passed"),
    [
        (2, 8, 21, [1, 3, 3, 3, 3, 4, 4]),
        (2, 8, 8, [1, 3, 4]),
        (4, 16, 21, [1, 2, 2, 2, 2, 3, 3, 3, 3]),
        (16, 64, 33, [1, *[2] * 16]),
        (16, 64, 10, [10]),  # too few for every thread: they share each image
        (16, 8, 33, [1, 8, 8, 8, 8]),
        (2, 1, 3, [1, 1, 1]),
    ],
)
def test_threads_pass_images_of_their_own_where_there_is_one_for_each(threads, at_once, size, passed):
    machine = Machine(lambda n: 1.0)
    found = Portions(tiny_network(), {"input"}, threads, Room(at_once, at_once), crew=Crew(threads))
    images = torch.arange(size, dtype=torch.uint8).view(size, 1, 1, 1).expand(size, 19, 23, 3)
    found.passed(images, machine.work, has_reference=True)
    assert sorted(machine.passed) == passed
    assert sorted(machine.rows) == [*range(1, size)]


def test_larger_portions_come_first_so_that_threads_end_together():
    told: list[int] = []

    class Told(Crew):
        def each(self, work, tasks):
            told.extend(stop - start for start, stop in tasks)
            super().each(work, tasks)

    found = Portions(tiny_network(), {"input"}, 2, Room(8, 8), crew=Told(2))
    found.passed(torch.zeros(21, 19, 23, 3), Machine(lambda n: 1.0).work, has_reference=True)
    assert told == [1, 4, 4, 3, 3, 3, 3]


def test_memory_that_was_kept_for_another_size_counts_as_available(monkeypatch):
    told = []
    monkeypatch.setattr(portions, "trim", lambda: told.append("trim"))
    monkeypatch.setattr(portions, "available", lambda _: told.append("available"))
    found = Portions(tiny_network(), {"input"}, 1, Room(4, 4))
    for height in (19, 19, 21):
        found.passed(torch.zeros(2, height, 23, 3), Machine(lambda n: 1.0).work, has_reference=False)
    assert told == ["trim", "available"] * 2


def test_memory_that_is_free_but_in_pieces_is_given_back_when_more_was_refused(monkeypatch):
    told = []
    found = Portions(tiny_network(), {"input"}, 1, Room(4, 4))
    found.passed(torch.zeros(2, 19, 23, 3), Machine(lambda n: 1.0).work, has_reference=False)
    monkeypatch.setattr(portions, "trim", lambda: told.append("trim"))
    found.passed(torch.zeros(4, 19, 23, 3), Machine(lambda n: 1.0, most=2).work, has_reference=False)
    assert told == ["trim"]


@pytest.mark.parametrize("batch", ["8x", "Auto", 0, -1])
def test_no_number_of_images_is_refused(batch):
    with pytest.raises(InputError, match=r"(?s)compute\.batch.*auto, or a whole number"):
        Room.of(batch, CPU, 1)
