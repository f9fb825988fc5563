import io

import pytest
from rich.console import Console

from percepnet.cli import main
from percepnet.errors import InputError
from percepnet.fetching import fetch, order


def test_an_order_names_networks_and_benchmarks_as_a_sweep_does(tmp_path):
    wanted = order(["arch=alexnet,vgg", "goal=classification", "benchmark=modelfest"], cache=tmp_path)
    assert {row.arch for row in wanted.rows} == {"alexnet", "vgg"}
    assert wanted.benchmarks == ["modelfest"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing was named"),
        (["arch=alexnett"], "alexnet"),
        (["benchmark=modelfezt"], "did you mean modelfest"),
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
