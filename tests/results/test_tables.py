import io

import pandas as pd
from rich.console import Console

from percepnet.results.status import DONE, Status
from percepnet.results.tables import conclude, print_layers
from tests.fakes import result_rows


def printed(rows):
    shown = io.StringIO()
    print_layers(pd.DataFrame(rows), Console(file=shown, width=140))
    return shown.getvalue()


def test_parts_are_shown_at_the_layer_that_is_best_for_all_judgements():
    parts = result_rows(values=[-0.11, -0.22, -0.33], subset="kind=jpeg", n_pairs=120)
    shown = printed([*result_rows(values=[-0.5, -0.8, -0.7]), *parts])
    assert "by part, at features.1" in shown
    jpeg = next(line for line in shown.splitlines() if "kind=jpeg" in line)
    assert "120" in jpeg
    assert "-0.220" in jpeg
    assert "-0.110" not in shown


def test_without_parts_there_is_one_table():
    assert "by part" not in printed(result_rows())


def test_parts_are_not_shown_where_no_layer_has_a_score():
    rows = [*result_rows(values=[float("nan")]), *result_rows(values=[0.1], subset="kind=a")]
    assert "by part" not in printed(rows)


def test_images_that_baselines_read_are_not_counted_as_passed_through_networks(tmp_path, capsys):
    cells = {"alexnet": ("classification", 40), "vgg": ("classification", 2), "psnr": ("baseline", 1000)}
    for arch, (goal, images) in cells.items():
        cell = {"goal": goal, "dataset": "", "arch": arch, "variant": "", "readout": "layerwise"}
        folder = tmp_path / "runs" / arch
        folder.mkdir(parents=True)
        Status(DONE, cell, "one", images_passed=images).write(folder)
    assert conclude(tmp_path, "one") == 0
    assert "3 cells: 3 done, 0 skipped, 0 failed; 42 images passed" in capsys.readouterr().out
