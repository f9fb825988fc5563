"""The page as a reader finds it: its sections, its order, nothing from elsewhere, nothing left out."""

import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from percepnet.ablation.report import write_report
from percepnet.ablation.report.page import html, sections
from percepnet.ablation.report.study import read_study
from percepnet.cli import main
from percepnet.errors import NothingThereError
from percepnet.results.rows import write_rows
from tests.fakes import finished_run, result_rows

VOID = {"meta", "link", "br", "wbr", "hr", "img"}


class Page(HTMLParser):
    """Headings, links, ids, tables and figures of a page, and whether its elements are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.headings, self.links, self.ids, self.loads = [], [], [], []
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.tables, self.figures, self.charts = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        about = dict(attributes)
        if tag not in VOID:
            self.open.append((tag, about))
        self.ids += [about["id"]] if "id" in about else []
        if tag == "a":
            self.links.append(about["href"])
        elif "src" in about or "href" in about:
            self.loads.append(about.get("src", about.get("href")))
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append([tag, ""])
        if tag == "figure":
            self.figures.append(about)
        if tag == "table":
            self.tables.append({"rows": 0, "caption": False, "scopes": set()})
        if tag in ("th", "caption", "tr") and self.tables:
            self.tables[-1]["caption"] |= tag == "caption"
            self.tables[-1]["rows"] += tag == "tr"
            self.tables[-1]["scopes"] |= {about.get("scope")} if tag == "th" else set()

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        tag, about = self.open[-1] if self.open else ("", {})
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings[-1][1] += data
        if tag == "script" and about.get("type") == "application/json":
            self.charts.append(json.loads(data))


def page_of(results, study=None):
    return html("A title", sections(read_study(results, study), ()))


@pytest.fixture(scope="module")
def text(report):
    return (report[0] / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def words(text):
    """Return what a reader sees of a page, without scripts and style."""
    plain = re.sub(r"<(script|style)\b.*?</\1>", " ", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", plain))


def section(text, name):
    start = text.index(f'<h2 id="{name}">')
    end = text.find("<h2 ", start + 1)
    return words(text[start : end if end > 0 else None])


def test_the_page_loads_nothing_and_the_browser_is_told_to_refuse_what_would(text, page):
    assert page.loads == ["data:,"]
    assert all(link.startswith("#") for link in page.links)
    assert not re.search(r"@import|url\(", re.sub(r"<script\b.*?</script>", "", text, flags=re.DOTALL))
    assert "default-src 'none'" in text.replace("&#39;", "'")


def test_headings_never_skip_a_level_and_every_link_of_the_contents_leads_somewhere(page):
    levels = [int(tag[1]) for tag, _ in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    names = [name for tag, name in page.headings if tag == "h2"]
    assert names[:3] == ["Contents", "Summary", "Claims"]
    assert names[3:] == ["kadid10k", "tid2013", "What is missing", "Where the numbers come from"]


def test_every_table_has_a_caption_and_heads_and_every_figure_a_summary_in_words(page):
    assert len(page.tables) > 10
    assert all(table["caption"] and table["scopes"] == {"col", "row"} for table in page.tables)
    assert all(figure["aria-label"] for figure in page.figures)
    assert len(page.figures) == len(page.charts)


def test_the_summary_names_the_best_of_each_benchmark_beside_ceiling_and_baseline(text):
    told = section(text, "summary")
    assert "3 networks in 3 readouts and 2 baselines on 2 benchmarks" in told
    assert "Cells: 10 done; 1 skipped, 1 failed, 1 running" in told
    for best, share in (("0.790", "81%"), ("0.760", "78%")):  # 0.79 / 0.98, 0.76 / 0.98
        assert re.search(
            rf"vgg16.tv1 · gram, features.1 {best} \([0-9., ]+\) 0.980 {share} dists 0.790", told
        )


def test_the_ranking_stands_in_order_with_the_baselines_among_the_networks(text):
    told = section(text, "benchmark-kadid10k")
    told = told[told.index("minus the best") :]
    names = ["dists", "vgg16.tv1 · gram", "vgg16.tv1 · layerwise", "alexnet.tv1 · layerwise", "ssim"]
    places = [told.index(name) for name in names]
    assert places == sorted(places)


def test_each_part_of_an_answer_is_there(page, text):
    below = [name for tag, name in page.headings if tag == "h3"]
    parts = ["Ranking", "By depth", "Which factor matters", "Network by readout", "By part of the judgements"]
    assert below == 2 * [*parts, "By other metrics"]
    assert "1 field without a result" in section(text, "benchmark-tid2013")
    assert "blur" in section(text, "benchmark-tid2013")
    assert "goal: jigsaw" in section(text, "benchmark-tid2013")


def test_all_sixteen_claims_have_a_verdict(text):
    told = section(text, "claims")
    assert all(f"C{number} " in told for number in range(1, 17))
    assert "not testable" in told


def test_cells_without_a_result_are_named_with_the_reason_and_escaped(text):
    assert "<weights>" not in text
    told = section(text, "missing")
    for expected in (
        "failed: bad",
        "the file &lt;weights&gt; could not be reached",
        "skipped: nobody",
        "busy",
    ):
        assert expected in told
    assert "&lt;jpeg&gt; &amp; co" in section(text, "benchmark-tid2013")


def test_the_provenance_tells_weights_images_resamples_and_the_sweep(text):
    told = section(text, "provenance")
    for expected in ("ab" * 32, "cd" * 32, "40 resamples of 24 clusters, seed 0", "20260101T000000-1-abcd"):
        assert expected in told


def test_runs_that_kept_no_resamples_are_ranked_and_it_is_said_that_they_are_not_compared(tmp_path):
    for name, value in (("one", -0.5), ("two", -0.95)):
        (tmp_path / "runs" / name).mkdir(parents=True)
        write_rows(tmp_path / "runs" / name, result_rows([value, -0.3, -0.2], run_id=name, draws=None))
    text = page_of(tmp_path)
    told = section(text, "benchmark-tid2013")
    assert "0.950 (0.900, 1.000)" in told
    assert "No rows are compared: these runs kept no resamples." in told
    assert "No two runs are compared on tid2013 (Spearman)" in section(text, "missing")


def test_half_written_runs_do_not_disturb(tmp_path):
    finished_run(tmp_path, "one", result_rows(run_id="one"))
    (tmp_path / "runs" / "half").mkdir()
    (tmp_path / "runs" / "half" / "rows.parquet.part").write_bytes(b"PAR1")
    told = section(page_of(tmp_path), "summary")
    assert "1 network in 1 readout and 0 baselines" in told


def test_gains_thresholds_and_errors_are_shown_as_they_are_and_never_ranked_the_wrong_way(tmp_path):
    about = {"benchmark": "affine", "run_id": "one", "ceiling": float("nan")}
    rows = result_rows([0.4, 0.3, 0.5], metric="rmse", polarity=-1, **about)
    rows += result_rows([0.01, 0.02, 0.03], metric="rmse_gain", polarity=1, **about)
    rows += result_rows(
        [0.25], metric="threshold", polarity=0, subset="kind=turn", **about | {"ceiling": 0.23}
    )
    finished_run(tmp_path, "one", rows)
    text = page_of(tmp_path)
    told = section(text, "benchmark-affine")
    assert re.search(r"Most human-like: alexnet.tv1 · layerwise euclidean at features.1, 0.300 ", told)
    assert "0.030 (-0.020, 0.080)" in told
    assert re.search(r"threshold, turn 0.250 \(0.200, 0.300\) 0.230", told)
    titles = {layer["encoding"]["x"].get("title") for layer in Page(text).charts[0]["layer"]}
    assert "RMSE (lower is more human-like)" in titles
    assert "gain" not in " ".join(figure["id"] for figure in Page(text).figures)


def test_what_lies_above_the_human_ceiling_with_its_whole_interval_is_pointed_out(tmp_path):
    finished_run(tmp_path, "high", result_rows([-0.9], run_id="high", ceiling=-0.7, network="too.good"))
    finished_run(tmp_path, "low", result_rows([-0.6], run_id="low", ceiling=-0.7, network="fair"))
    text = page_of(tmp_path)
    alarm = text[text.index("Above the human ceiling") :][:200]
    assert "too.good" in alarm
    assert "fair" not in alarm


def test_a_study_may_be_singled_out(tmp_path):
    finished_run(tmp_path, "one", result_rows(run_id="one"))
    finished_run(tmp_path, "two", result_rows(run_id="two", study="other", network="vgg16.tv1"))
    text = words(page_of(tmp_path, "other"))
    assert "vgg16.tv1" in text
    assert "alexnet.tv1" not in text


def test_without_a_finished_cell_there_is_no_report_but_a_hint(tmp_path):
    with pytest.raises(NothingThereError, match="run `python -m"):
        write_report(tmp_path, tmp_path / "report")
    with pytest.raises(SystemExit, match="no finished cell"):
        main(["report", "--results", str(tmp_path)])
    assert not (tmp_path / "report").exists()


def test_the_command_writes_beside_the_results_and_says_where(tmp_path, capsys):
    finished_run(tmp_path, "one", result_rows(run_id="one"))
    main(["report", "--results", str(tmp_path)])
    assert str(tmp_path / "report" / "report.html") in capsys.readouterr().out
