"""The dashboard for W&B: real panels over keys that runs log, without a server."""

import json

import pandas as pd
import pytest

from percepnet.errors import InputError, NothingThereError, UnreachableError
from percepnet.results.dashboard import REPORT, SAVED, WORKSPACE, Dashboard, dashboard, save, write
from percepnet.results.view import PROFILE_COLUMNS, configuration, profile_key, profiles, summary
from tests.fakes import result_rows

ROWS = pd.DataFrame(
    result_rows()
    + result_rows(run_id="r1", arch="vgg", variant="16", network="vgg16.tv1", study="other")
    + result_rows(
        run_id="r2", benchmark="csf", polarity=1, values=[0.3, 0.6], ceiling=float("nan"), metric="plcc"
    )
    + result_rows(run_id="r2", benchmark="csf", values=[0.3, 0.1], ceiling=0.2, metric="rmse")
    + result_rows(run_id="r2", benchmark="csf", values=[0.3, 0.1], polarity=1, metric="plcc_gain")
)
MADE = dashboard(ROWS, "p", "team")
LOGGED = {key for _, run in ROWS.groupby("run_id") for key in summary(run)}
WORKSPACES, REPORTS = (type(thing) for thing in (MADE.workspace, MADE.report))
CONFIGURED = configuration(ROWS).keys() | {"parameters"}


@pytest.fixture(scope="module")
def specifications(tmp_path_factory):
    paths = write(dashboard(ROWS, "percepnet", "team"), tmp_path_factory.mktemp("report"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def panels_of(specification):
    """Every panel of a workspace or a report."""
    if "blocks" in specification:
        grids = [block["metadata"] for block in specification["blocks"] if block["type"] == "panel-grid"]
        return [panel for grid in grids for panel in grid["panelBankSectionConfig"]["panels"]]
    sections = specification["section"]["panelBankConfig"]["sections"]
    return [panel for section in sections for panel in section["panels"]]


def runsets_of(specification):
    if "blocks" in specification:
        grids = [block["metadata"] for block in specification["blocks"] if block["type"] == "panel-grid"]
        return [runs for grid in grids for runs in grid["runSets"]]
    return specification["section"]["runSets"]


def of_type(specification, kind):
    return [panel["config"] for panel in panels_of(specification) if panel["viewType"] == kind]


def names_in(node):
    """Every text in a specification."""
    if isinstance(node, dict):
        return {name for key, value in node.items() for name in ({key} | names_in(value))}
    if isinstance(node, list):
        return {name for value in node for name in names_in(value)}
    return {node} if isinstance(node, str) else set()


@pytest.mark.parametrize("which", [0, 1], ids=["workspace", "report"])
def test_agreement_is_shown_by_every_factor_on_every_benchmark_and_metric(specifications, which):
    bars = {(bar["metrics"][0], bar["groupBy"]) for bar in of_type(specifications[which], "Bar Chart")}
    levels = ("goal", "dataset", "arch_variant", "readout_distance")
    agreements = ("tid2013/srcc/agreement", "csf/plcc/agreement", "csf/rmse/agreement")
    expected = {(key, f"{level}.value") for key in agreements for level in levels}
    assert bars == expected | {("tid2013/srcc/share_of_ceiling", "network.value")}


@pytest.mark.parametrize("which", [0, 1], ids=["workspace", "report"])
def test_every_key_that_a_panel_names_is_one_that_runs_log(specifications, which):
    specification = specifications[which]
    for bar in of_type(specification, "Bar Chart"):
        assert set(bar["metrics"]) <= LOGGED
        assert bar["groupBy"].removesuffix(".value") in CONFIGURED
    for scatter in of_type(specification, "Scatter Plot"):
        assert scatter["xAxis"] == "config:parameters.value"
        assert scatter["yAxis"].removeprefix("summary:") in LOGGED
    for importance in of_type(specification, "Parameter Importance"):
        assert importance["targetKey"] in LOGGED
    for parallel in of_type(specification, "Parallel Coordinates Plot"):
        *factors, agreement = [column["accessor"] for column in parallel["columns"]]
        assert {factor.removeprefix("config:").removesuffix(".value") for factor in factors} <= CONFIGURED
        assert agreement.removeprefix("summary:") in LOGGED
    for runs in runsets_of(specification):
        assert {key["key"]["name"] for key in runs["sort"]["keys"]} <= LOGGED
        columns = {
            name.removeprefix("summary:") for name in runs["runFeed"]["columnOrder"] if "summary:" in name
        }
        assert columns <= LOGGED


@pytest.mark.parametrize("which", [0, 1], ids=["workspace", "report"])
def test_a_depth_profile_reads_the_table_that_each_run_logs(specifications, which):
    charts = of_type(specifications[which], "Vega2")
    tables = {name for chart in charts for name in names_in(chart["userQuery"]) if name.endswith("_table")}
    logged = {f"{profile_key(name)}_table" for _, run in ROWS.groupby("run_id") for name in profiles(run)}
    assert tables == logged
    for chart in charts:
        assert set(chart["fieldSettings"].values()) <= set(PROFILE_COLUMNS)


def test_the_panels_of_a_report_do_not_lie_over_each_other(specifications):
    grids = [block["metadata"] for block in specifications[1]["blocks"] if block["type"] == "panel-grid"]
    for grid in grids:
        places = [panel["layout"] for panel in grid["panelBankSectionConfig"]["panels"]]
        fields = [
            (x, y)
            for place in places
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert len(fields) == len(set(fields))
        assert max(x for x, _ in fields) < 24


def test_each_benchmarks_first_metric_is_open(specifications):
    sections = specifications[0]["section"]["panelBankConfig"]["sections"]
    opened = {section["name"]: section["isOpen"] for section in sections}
    assert opened == {"csf, plcc": True, "csf, rmse": False, "tid2013, srcc": True}


def test_every_study_is_a_set_of_runs_of_its_own(specifications):
    filters = {runs["name"]: runs["filters"]["filters"] for runs in runsets_of(specifications[1])}
    assert set(filters) == {"default", "other"}
    assert [(one["key"], one["value"]) for one in filters["other"]] == [
        ({"section": "run", "name": "group"}, "other")
    ]


def test_one_study_is_filtered_everywhere_and_only_its_keys_are_named(tmp_path):
    paths = write(dashboard(ROWS, "percepnet", study="other"), tmp_path)
    for path in paths:
        specification = json.loads(path.read_text(encoding="utf-8"))
        assert all(runs["filters"]["filters"][0]["value"] == "other" for runs in runsets_of(specification))
        assert not any("csf" in name for name in names_in(specification))


@pytest.mark.parametrize("study", ["it's", "a=b", "a<b", "a\\b"])
def test_a_name_that_filters_would_garble_is_refused(study):
    with pytest.raises(InputError, match="filters cannot hold"):
        dashboard(ROWS.assign(study=study), "percepnet", study=study)


@pytest.mark.parametrize("study", ["first sweep", 'say "x"', "a-b_c.1", "5"])
def test_any_other_name_reaches_the_filter_as_it_is(study, tmp_path):
    path = write(dashboard(ROWS.assign(study=study), "percepnet", study=study), tmp_path)[0]
    runs = runsets_of(json.loads(path.read_text(encoding="utf-8")))
    assert runs[0]["filters"]["filters"][0]["value"] == study


def test_nothing_to_show_is_said():
    with pytest.raises(NothingThereError, match="no defined value"):
        dashboard(ROWS.assign(value=float("nan")), "percepnet")


class Server:
    """Stands for W&B's: takes what is saved, under addresses that it can be found by."""

    def __init__(self, monkeypatch):
        self.saved: list[tuple[str, object]] = []
        for kind in (WORKSPACES, REPORTS):
            name = kind.__name__
            monkeypatch.setattr(kind, "save", self.taker(name))
            monkeypatch.setattr(kind, "url", f"https://server/{name}")
            monkeypatch.setattr(kind, "from_url", staticmethod(self.finder(name)))

    def taker(self, name):
        return lambda thing: self.saved.append((name, thing))

    def finder(self, name):
        return lambda url: next(thing for kind, thing in self.saved if f"https://server/{kind}" == url)


def test_saving_again_replaces_what_was_saved_before(monkeypatch, tmp_path):
    server = Server(monkeypatch)
    assert save(dashboard(ROWS, "p", "team"), tmp_path) == [
        "https://server/Workspace",
        "https://server/Report",
    ]
    less = dashboard(ROWS[ROWS["benchmark"] == "csf"], "p", "team")
    save(less, tmp_path)
    first, second = server.saved[:2], server.saved[2:]
    assert [thing for _, thing in second] == [thing for _, thing in first]
    assert second[0][1].sections == less.workspace.sections  # type: ignore[attr-defined]
    assert second[1][1].blocks == less.report.blocks  # type: ignore[attr-defined]


def test_another_project_gets_a_dashboard_of_its_own(monkeypatch, tmp_path):
    server = Server(monkeypatch)
    save(dashboard(ROWS, "p", "team"), tmp_path)
    save(dashboard(ROWS, "q", "team"), tmp_path)
    assert server.saved[0][1] is not server.saved[2][1]
    assert json.loads((tmp_path / SAVED).read_text())["project"] == "q"


def test_what_wandb_refuses_is_told_with_the_files(monkeypatch, tmp_path):
    def refuse(*_):
        raise ValueError("no permission")

    monkeypatch.setattr(WORKSPACES, "save", refuse)
    with pytest.raises(UnreachableError, match="no permission") as told:
        save(dashboard(ROWS, "p", "team"), tmp_path)
    assert WORKSPACE in str(told.value)
    assert REPORT in str(told.value)
    assert not (tmp_path / SAVED).exists()


def test_a_dashboard_holds_a_workspace_and_a_report_of_the_same_place():
    made = dashboard(ROWS, "p", "team")
    assert isinstance(made, Dashboard)
    assert (
        (made.workspace.project, made.workspace.entity)
        == (made.report.project, made.report.entity)
        == ("p", "team")
    )
