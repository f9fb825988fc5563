import io
import re

import pytest
import yaml
from rich.console import Console

from percepnet.cli import main
from percepnet.config import conf_folder, make
from percepnet.errors import InputError, NothingThereError
from percepnet.fetching import Order, fetch, order
from percepnet.networks.place import Place


def test_an_order_names_networks_and_benchmarks_as_a_sweep_does(tmp_path):
    wanted = order(["arch=alexnet,vgg", "goal=classification", "benchmark=modelfest"], cache=tmp_path)
    assert {row.arch for row in wanted.rows} == {"alexnet", "vgg"}
    assert wanted.benchmarks == ["modelfest"]


def test_an_order_of_baselines_brings_what_they_stand_on_and_what_is_shared_once(tmp_path):
    wanted = order(["baseline=dists,lpips_vgg,psnr", "baseline=lpips_alex", "arch=alexnet"], cache=tmp_path)
    ids = [row.id for row in wanted.rows]
    assert {"vgg16.tv1", "dists.kadid10k", "alexnet.tv1"} <= {*ids}
    assert len(ids) == len({*ids})
    assert order(["baseline=psnr"], cache=tmp_path).rows == []


@pytest.mark.parametrize("name", sorted(path.stem for path in (conf_folder() / "baseline").glob("*.yaml")))
def test_a_baseline_asks_for_what_is_fetched_for_it_and_for_nothing_where_that_is_nothing(name, tmp_path):
    node = yaml.safe_load((conf_folder() / "baseline" / f"{name}.yaml").read_text())
    rows = order([f"baseline={name}"], cache=tmp_path).rows
    if rows:
        with pytest.raises(NothingThereError, match="|".join(re.escape(row.id) for row in rows)):
            make(node).prepare(Place(tmp_path, network=False))
    else:
        make(node).prepare(Place(tmp_path, network=False))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing was named"),
        (["arch=alexnett"], "alexnet"),
        (["benchmark=modelfezt"], "did you mean modelfest"),
        (["baseline=dist"], "baseline=dist does not exist(?s:.*)did you mean dists"),
    ],
)
def test_a_name_that_does_not_exist_is_answered_with_the_nearest(words, message, tmp_path):
    with pytest.raises(InputError, match=message):
        order(words, cache=tmp_path)


def test_without_a_network_and_a_mirror_the_command_says_what_is_missing_and_fails(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SystemExit, match="1"):
        main(
            [
                "fetch",
                "arch=alexnet",
                "goal=classification",
                "dataset=imagenet1k",
                "benchmark=modelfest",
                "--cache",
                str(tmp_path / "cache"),
                "--from",
                str(tmp_path / "empty"),
            ]
        )
    shown = capsys.readouterr().out
    assert "alexnet.tv1" in shown
    assert "benchmark=modelfest" in shown
    assert "could not be had" in shown


def test_a_benchmark_whose_files_only_the_user_has_is_not_fetched(tmp_path):
    shown = io.StringIO()
    wanted = order(["benchmark=tid2013"], cache=tmp_path)
    assert fetch(wanted, Console(file=shown)) == 1
    assert "only you can supply" in shown.getvalue()


def test_a_benchmark_whose_terms_are_not_accepted_is_not_fetched(tmp_path):
    shown = io.StringIO()
    assert fetch(order(["benchmark=kadid10k"], cache=tmp_path), Console(file=shown)) == 1
    assert "percepnet data fetch kadid10k" in shown.getvalue()


def test_what_has_nothing_to_fetch_says_so_and_is_no_failure(tmp_path):
    shown = io.StringIO()
    assert fetch(Order((), ["pairs_csv"], tmp_path), Console(file=shown)) == 0
    assert "the files are your own" in shown.getvalue()


def test_data_fetch_without_a_terminal_shows_the_terms_and_needs_the_flag(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(SystemExit, match=r"(?s)terms of csf have not been accepted.*--accept"):
        main(["data", "fetch", "csf", "--cache", str(tmp_path)])
    assert "MIT licence" in capsys.readouterr().out
    assert not (tmp_path / "benchmarks").exists()


def test_data_fetch_takes_files_from_a_mirror(tmp_path, capsys, shared_data):
    main(["data", "fetch", "csf", "--cache", str(tmp_path), "--accept", "--from", str(shared_data / "csf")])
    assert "1 of 1 are there" in capsys.readouterr().out
    folder = tmp_path / "benchmarks" / "csf" / "files"
    original = (shared_data / "csf" / "data_aggregated.csv").read_bytes()
    assert (folder / "data_aggregated.csv").read_bytes() == original


def test_data_fetch_shows_what_is_left_to_do_by_hand(tmp_path, capsys, shared_data):
    kodak = str(shared_data / "kodak")
    main(["data", "fetch", "tid2013_kodak", "--cache", str(tmp_path), "--accept", "--from", kodak])
    shown = capsys.readouterr().out
    assert "by hand, if it is not done: the scores come with TID2013" in shown
    assert f"{tmp_path}/benchmarks/tid2013_kodak/files/tid2013" in shown


def test_data_fetch_of_an_unknown_name_tells_the_nearest(tmp_path):
    with pytest.raises(SystemExit, match="did you mean kadid10k"):
        main(["data", "fetch", "kadid", "--cache", str(tmp_path), "--accept"])


@pytest.mark.slow
@pytest.mark.network
def test_data_fetch_of_what_a_benchmark_fetches_itself_is_the_same(tmp_path, capsys):
    main(["data", "fetch", "modelfest", "--cache", str(tmp_path)])
    assert (tmp_path / "benchmarks" / "modelfest" / "modelfest_data.csv").is_file()
    assert "GPL-2" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.network
def test_a_cache_is_carried_to_a_site_without_a_network(tmp_path):
    here, there, carried = (str(tmp_path / name) for name in ("here", "there", "carried"))
    words = ["arch=efficientnet_lite", "arch.variant=0", "benchmark=modelfest"]
    main(["fetch", *words, "--cache", here, "--mirror", carried])
    main(["fetch", *words, "--cache", there, "--from", carried])
    found = {path.name for path in (tmp_path / "there").rglob("*") if path.is_file() and path.name[0] != "."}
    assert found == {
        "efficientnet-lite0-57934424.pth",
        "modelfest_data.csv",
        "modelfest_natural_scene.tif",
        "modelfest_noise.tif",
    }


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("name", ["dists", "lpips_alex", "lpips_vgg", "st_lpips_alex", "st_lpips_vgg"])
def test_what_is_fetched_is_all_that_a_baseline_needs_at_a_site_without_a_network(name, tmp_path):
    main(["fetch", f"baseline={name}", "--mirror", str(tmp_path / "carried")])
    node = yaml.safe_load((conf_folder() / "baseline" / f"{name}.yaml").read_text())
    ready = make(node).prepare(Place(tmp_path / "empty", (tmp_path / "carried",), network=False))
    assert len(ready.weights_hash) == 64
