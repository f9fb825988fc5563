import hashlib
from dataclasses import replace

import pytest

from percepnet.errors import InputError
from percepnet.networks.catalogue import checkpoints, untrained
from percepnet.networks.place import Place
from percepnet.networks.prefetch import deliver
from percepnet.sources.copying import carry, copy
from percepnet.sources.source import UrlSource


def row_like(name, source):
    return replace(checkpoints()[0], id=name, sources=(source,))


def digest(body):
    return hashlib.sha256(body).hexdigest()


@pytest.fixture
def rows(site):
    """Three networks that a server has, under one base name, and one that it has not."""
    bodies = [bytes([number]) * 5000 for number in range(3)]
    found = [
        row_like(f"net{n}", UrlSource(site.put(f"/{n}/same_name.pth", body), digest(body)))
        for n, body in enumerate(bodies)
    ]
    return [*found, row_like("lost", UrlSource(f"{site.root}/lost.pth", "ab" * 32))]


def delivered(rows, tmp_path, **options):
    place = Place(tmp_path / "cache", tuple(options.pop("mirrors", ())), options.pop("network", True))
    to = options.pop("to", tmp_path / "cache")
    return {item.id: item for item in deliver(rows, place, to, **options)}


def test_every_file_is_brought_and_one_failure_leaves_the_others_alone(rows, tmp_path):
    got = delivered(rows, tmp_path)
    assert sorted(got) == ["lost", "net0", "net1", "net2"]
    assert [got[f"net{n}"].path.read_bytes()[0] for n in range(3)] == [0, 1, 2]
    assert "404" in got["lost"].problem


def test_a_second_call_asks_the_server_for_nothing_that_is_there(rows, site, tmp_path):
    delivered(rows[:2], tmp_path)
    asked = len(site.asked)
    got = delivered(rows[:3], tmp_path)
    assert len(site.asked) == asked + 1
    assert all(item.path for item in got.values())


def test_a_mirror_filled_here_serves_a_site_without_a_network(rows, tmp_path):
    delivered(rows[:3], tmp_path, to=tmp_path / "mirror")
    offline = tmp_path / "offline"
    got = delivered(rows[:3], offline, mirrors=[tmp_path / "mirror"], network=False)
    assert {item.path for item in got.values()} == {
        offline / "cache" / f"net{n}" / "same_name.pth" for n in range(3)
    }


def test_a_damaged_mirror_is_named_and_not_copied(rows, tmp_path):
    mirror = tmp_path / "mirror"
    delivered(rows[:1], tmp_path, to=mirror)
    (mirror / "net0" / "same_name.pth").write_bytes(b"something else")
    got = delivered(rows[:1], tmp_path / "offline", mirrors=[mirror], network=False)
    assert "corrupt" in got["net0"].problem
    assert not list((tmp_path / "offline").rglob("same_name.pth"))


def test_a_licence_that_asks_to_be_accepted_is_asked_for_first(rows, site, tmp_path):
    asking = replace(rows[0], licence="theirs", licence_accept=True)
    assert "accept" in delivered([asking], tmp_path)["net0"].problem
    assert site.asked == []
    assert delivered([asking], tmp_path, accepted=["theirs"])["net0"].path


def test_an_untrained_network_needs_no_file(tmp_path):
    assert delivered([untrained("alexnet", "", 0)], tmp_path) == {}
    assert any(row.sources for row in checkpoints())


def test_files_are_carried_without_locks_and_leftovers(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("scores.csv", ".lock", ".scores.csv.12-ab.tmp"):
        (folder / name).write_text(name)
    assert carry(folder, tmp_path / "to") == [tmp_path / "to" / "scores.csv"]
    assert carry(tmp_path / "nowhere", tmp_path / "to") == []


def test_a_copy_that_does_not_arrive_whole_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    with pytest.raises(InputError, match="changed while it was copied"):
        copy(tmp_path / "a", tmp_path / "b", digest(b"another"))
    assert not (tmp_path / "b").exists()
