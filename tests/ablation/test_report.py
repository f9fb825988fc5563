import json
import re

import pandas as pd
import pytest

from percepnet.ablation.figures import depth_profile
from percepnet.ablation.report import write_report
from percepnet.cli import main
from percepnet.errors import NothingThereError
from percepnet.results.rows import write_rows
from percepnet.results.status import FAILED, RUNNING, Status
from tests.fakes import result_rows


@pytest.fixture
def results(tmp_path):
    runs = tmp_path / "runs"
    for name, rows in {
        "one": result_rows(run_id="one"),
        "two": result_rows(run_id="two", values=[-0.1, -0.95, -0.3], network="vgg16.tv1"),
        "single": result_rows(run_id="single", values=[-0.6], readout="concatenated", layer="a+b"),
        "thresholds": result_rows(
            run_id="one", values=[0.4, 0.6], polarity=1, benchmark="modelfest", ceiling=0.96, metric="plcc"
        ),
        "other": result_rows(run_id="other", study="other"),
    }.items():
        (runs / name).mkdir(parents=True)
        write_rows(runs / name, rows)
    (runs / "bad").mkdir()
    Status(FAILED, reason="the file <weights> could not be reached").write(runs / "bad")
    (runs / "busy").mkdir()
    Status(RUNNING).write(runs / "busy")
    return tmp_path


def page(results, **options):
    write_report(results, results / "report", **options)
    return (results / "report" / "report.html").read_text()


def test_the_page_needs_no_network(results):
    """No script, style sheet, image or font is loaded from elsewhere: only text inside the page."""
    text = re.sub(r"<script>.*?</script>", "", page(results), flags=re.DOTALL)
    assert not re.search(r"""(src|href)\s*=|@import|url\(""", text)


def test_every_network_its_best_layer_and_the_ceiling_are_on_the_page(results):
    text = page(results)
    for expected in (
        "alexnet.tv1",
        "<small>replication</small>",
        "vgg16.tv1",
        "-0.950 (-1.000,",
        "-0.980",
        "modelfest",
    ):
        assert expected in text
    ranking = text[text.index("<h2>tid2013</h2>") :]
    assert ranking.index("vgg16.tv1") < ranking.index("alexnet.tv1")  # the more human-like first


def test_cells_without_a_result_are_named_with_the_reason_and_escaped(results):
    text = page(results)
    assert "failed: bad" in text
    assert "the file &lt;weights&gt; could not be reached" in text
    assert "running: busy" in text


def test_the_table_and_the_figures_are_files_of_their_own(results):
    written = write_report(results, results / "report")
    names = {path.name for path in written}
    assert {"report.html", "report.csv", "depth-tid2013-srcc.svg", "depth-modelfest-plcc.png"} <= names
    assert all(path.stat().st_size > 0 for path in written)
    assert len(pd.read_csv(results / "report" / "report.csv")) == 12


def test_a_study_may_be_singled_out(results):
    page(results, study="other")
    assert set(pd.read_csv(results / "report" / "report.csv")["study"]) == {"other"}


def test_without_a_finished_cell_there_is_no_report_but_a_hint(tmp_path, capsys):
    with pytest.raises(NothingThereError, match="run `python -m"):
        write_report(tmp_path, tmp_path / "report")
    with pytest.raises(SystemExit, match="no finished cell"):
        main(["report", "--results", str(tmp_path)])
    assert not (tmp_path / "report").exists()


def test_the_command_writes_beside_the_results_and_says_where(results, capsys):
    main(["report", "--results", str(results)])
    assert str(results / "report" / "report.html") in capsys.readouterr().out


def test_the_profile_is_turned_so_that_up_is_human_like():
    rows = pd.DataFrame(result_rows())
    chart = json.loads(depth_profile(rows, "tid2013", "srcc").to_json())
    data = next(iter(chart["datasets"].values()))
    assert [point["value"] for point in data] == [0.5, 0.8, 0.7]
    assert {point["ceiling"] for point in data} == {0.98}
    assert all(min(p["low"], p["high"]) <= p["value"] <= max(p["low"], p["high"]) for p in data)


def test_a_ceiling_is_spoken_of_only_where_there_is_one(tmp_path):
    for name, ceiling in (("with", -0.98), ("without", float("nan"))):
        (tmp_path / "runs" / name).mkdir(parents=True)
        write_rows(tmp_path / "runs" / name, result_rows(run_id=name, benchmark=name, ceiling=ceiling))
    text = page(tmp_path)
    assert "with: Spearman by depth. Dashed: human ceiling." in text
    assert "without: Spearman by depth. Click" in text
