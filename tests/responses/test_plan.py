from hypothesis import given
from hypothesis import strategies as st

from percepnet.benchmarks.contract import Pair
from percepnet.responses.plan import batches, shards

groups = st.lists(st.integers(1, 40), min_size=1, max_size=8)


def pairs_of(sizes):
    return [Pair(f"r{r}", f"r{r}d{d}", f"r{r}", 0.0) for r, size in enumerate(sizes) for d in range(size)]


@given(groups, st.integers(1, 30))
def test_shards_cover_every_pair_once_in_order_and_none_is_too_large(sizes, limit):
    pairs = pairs_of(sizes)
    cut = shards(pairs, limit)
    assert [row for shard in cut for row in range(shard.start, shard.stop)] == list(range(len(pairs)))
    assert all(0 < shard.stop - shard.start <= limit for shard in cut)
    assert [shard.index for shard in cut] == list(range(len(cut)))


@given(groups, st.integers(1, 30), st.integers(2, 12))
def test_every_unique_image_passes_exactly_once(sizes, limit, batch):
    pairs = pairs_of(sizes)
    passed = [
        key
        for item in batches(pairs, shards(pairs, limit), batch)
        for key in ([item.reference] if item.reference else []) + list(item.distorted)
    ]
    assert len(passed) == len(set(passed)) == len(pairs) + len(sizes)


@given(groups, st.integers(2, 12))
def test_a_batch_has_one_reference_one_shard_and_at_most_its_size(sizes, size):
    pairs = pairs_of(sizes)
    cut = {shard.index: shard for shard in shards(pairs, 16)}
    for item in batches(pairs, list(cut.values()), size):
        stop = item.start + len(item.distorted)
        assert len({pair.reference for pair in pairs[item.start : stop]}) == 1
        assert cut[item.shard].start <= item.start < stop <= cut[item.shard].stop
        assert len(item.distorted) + (item.reference is not None) <= size


def test_a_resumed_run_passes_the_reference_again_if_it_passed_in_a_shard_that_is_finished():
    pairs = pairs_of([30])
    first, second, *_ = shards(pairs, 16)
    assert next(batches(pairs, [second], 8)).reference == "r0"
    assert [item.reference for item in batches(pairs, [first, second], 8)].count("r0") == 1


def test_references_are_kept_whole_where_they_fit():
    assert [(s.start, s.stop) for s in shards(pairs_of([20] * 4), 64)] == [(0, 60), (60, 80)]
