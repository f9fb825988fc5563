"""An entry of the store that was damaged after it was made: told, made anew, never read as if whole."""

import pytest

from tests.driving import IMAGES

pytestmark = pytest.mark.slow


def cut(content):
    """Lose the second half of a file."""
    return content[: len(content) // 2]


def flip(content):
    """Turn one bit of the numbers, as bad memory or an old disk does; the file's structure stays whole."""
    return content[:-5] + bytes([content[-5] ^ 64]) + content[-4:]


@pytest.mark.parametrize("damage", [cut, flip])
def test_a_sweep_on_a_damaged_entry_says_so_and_is_whole_again_after_verify(
    damage, pair, undisturbed, percepnet
):
    status, shown = pair.run("readout=layerwise")
    assert status == 0, shown
    before = pair.scores()
    shard = sorted(pair.store.glob("*/shard-*.safetensors"))[1]
    shard.write_bytes(damage(shard.read_bytes()))

    status, shown = pair.run()
    assert status == 1, shown
    assert "2 cells: 1 done, 0 skipped, 1 failed" in shown
    assert "is damaged" in shown
    assert "percepnet store verify --delete" in shown
    assert pair.scores() == before

    status, shown = percepnet(pair, "store", "verify", "--delete")
    assert shard.parent.name in shown
    assert not shard.parent.exists()
    status, shown = pair.run()
    assert status == 0, shown
    assert f"2 cells: 2 done, 0 skipped, 0 failed; {IMAGES} images passed" in shown
    assert pair.scores() == undisturbed.scores()
