"""A workspace and a report for W&B, as code: the ablation's panels over the keys that runs log.

They are views of what each run says of itself: means over whatever a study holds, without matching, tests or
corrections. What can be concluded stands in `percepnet report`.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from percepnet.agreement.contract import GAIN
from percepnet.errors import InputError, NothingThereError, UnreachableError
from percepnet.results.panels import LEVELS, MOST_RUNS, panels
from percepnet.results.rows import whole
from percepnet.results.view import summary, summary_key
from percepnet.sources.cache import atomic_file

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of the library's own code
    import wandb_workspaces.workspaces as ws
    from wandb_workspaces import expr
    from wandb_workspaces.reports.v2 import interface as wr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

SHOWN = ("agreement", "share_of_ceiling")

Shown = dict[tuple[str, str], list[str]]
"""(benchmark, metric) -> keys under which runs have logged it."""

WORKSPACE, REPORT, SAVED = "wandb-workspace.json", "wandb-report.json", "wandb-saved.json"

CAUTION = (
    "Every run is shown by its best layer. Agreement is turned by each metric's polarity: more is more "
    "human-like. A bar is the mean over all runs of a level, its line reaches from the lowest to the highest;"
    " levels need not share their other factors, so a difference between bars proves nothing: matched "
    "contrasts, intervals and tests stand in the page that percepnet report writes. The goal named baseline "
    "holds metrics, not networks."
)


@dataclass(frozen=True)
class Dashboard:
    """A workspace and a report of one W&B project, not yet saved."""

    workspace: ws.Workspace
    report: wr.Report


def dashboard(
    rows: pd.DataFrame, project: str, entity: str | None = None, study: str | None = None
) -> Dashboard:
    """Return the panels that fit the rows: per benchmark and metric, agreement by every factor and by depth.

    Args:
        rows: Of finished runs; only what they log is named.
        project: Of W&B, where the runs are.
        entity: Of W&B; None for the user's own.
        study: Only its runs are shown; None shows all, with a set of runs for each study.

    Raises:
        NothingThereError: The rows hold no defined value.
        InputError: W&B's filters cannot hold the study's name.
    """
    rows = rows if study is None else rows[rows["study"] == study]
    shown = _shown(rows)
    if not shown:
        raise NothingThereError("no defined value to show in W&B", expected="finished runs")
    if study is not None and not _can_be_filtered(study):
        raise InputError(
            f"W&B's filters cannot hold the study's name {study!r}",
            expected="a name without = < > ' and \\",
            remedy="leave out --study, or log the study under another name",
        )
    title = study or "What sees like a human?"
    return Dashboard(
        _workspace(shown, project, entity or "", title, study),
        _report(shown, project, entity or "", title, [study] if study else _studies(rows)),
    )


def _shown(rows: pd.DataFrame) -> Shown:
    """Return (benchmark, metric) -> keys that some run logs; a benchmark's metrics in their order."""
    logged = {key for _, run in rows.groupby("run_id") for key in summary(run)}
    pairs = whole(rows)[["benchmark", "metric"]].drop_duplicates().to_numpy().tolist()
    found = {}
    for benchmark, metric in sorted(pairs, key=lambda pair: str(pair[0])):
        keys = [key for name in SHOWN if (key := summary_key(benchmark, metric, name)) in logged]
        if keys and not metric.endswith(GAIN):
            found[benchmark, metric] = keys
    return found


def _studies(rows: pd.DataFrame) -> list[str]:
    return [name for name in sorted(rows["study"].unique()) if _can_be_filtered(name)]


def _can_be_filtered(study: str) -> bool:
    """Tell whether a filter can hold a name: the library garbles some signs in its own filters."""
    return not set(study) & set("=<>'\\")


def _of(study: str) -> expr.And:
    return expr.And(expr.Metric("Group") == study)  # the runs' group is their study


def _workspace(shown: Shown, project: str, entity: str, title: str, study: str | None) -> ws.Workspace:
    first = next(iter(shown.values()))[0]
    columns = [*(f"config:{level}.value" for level in LEVELS.values()), f"summary:{first}"]
    opened = dict(reversed(shown))  # the first metric of each benchmark
    return ws.Workspace(
        entity=entity,
        project=project,
        name=title,
        sections=[
            ws.Section(
                name=f"{benchmark}, {metric}",
                panels=panels(benchmark, metric, keys),
                is_open=opened[benchmark] == metric,
            )
            for (benchmark, metric), keys in shown.items()
        ],
        settings=ws.WorkspaceSettings(max_runs=MOST_RUNS),
        runset_settings=ws.RunsetSettings(
            filters="" if study is None else _of(study),
            order=[expr.Ordering(expr.Summary(first), ascending=False)],
            pinned_columns=columns,
        ),
    )


def _report(shown: Shown, project: str, entity: str, title: str, studies: Sequence[str]) -> wr.Report:
    blocks: list[Any] = [wr.P(CAUTION), wr.TableOfContents()]
    for (benchmark, metric), keys in shown.items():
        order = [wr.OrderBy(wr.SummaryMetric(keys[0]), ascending=False)]
        sets = [wr.Runset(name=study, filters=_of(study), order=order) for study in studies]
        grid = wr.PanelGrid(
            runsets=sets or [wr.Runset(name="every run", order=order)],
            panels=panels(benchmark, metric, keys),
        )
        blocks += [wr.H2(f"{benchmark}, {metric}"), grid]
    return wr.Report(project=project, entity=entity, title=title, blocks=blocks, width="fluid")


def write(made: Dashboard, target: Path) -> list[Path]:
    """Write what W&B would be told as JSON files; return them. Needs no login and no server."""
    # the library has no public way to a specification without a server
    workspace = made.workspace._to_model().spec  # noqa: SLF001
    report = made.report._to_model().spec  # type: ignore[no-untyped-call]  # noqa: SLF001
    specifications = {WORKSPACE: workspace, REPORT: report}
    for name, specification in specifications.items():
        with atomic_file(target / name) as path:
            text = json.dumps(specification.model_dump(by_alias=True, exclude_none=True), indent=1)
            path.write_text(text, encoding="utf-8")
    return [target / name for name in specifications]


def save(made: Dashboard, target: Path) -> list[str]:
    """Save to W&B, in place of what an earlier command saved from this folder; return the addresses.

    Raises:
        UnreachableError: W&B did not take it.
    """
    place = {"project": made.report.project, "entity": made.report.entity}
    try:
        workspace, report = _renewed(made, _saved(target, place))
        workspace.save()  # type: ignore[no-untyped-call]
        report.save()
    except Exception as error:
        raise UnreachableError(
            "W&B did not take the dashboard",
            found=f"{type(error).__name__}: {error}",
            remedy=f"try again; what it was told lies in {target / WORKSPACE} and {target / REPORT}",
        ) from error
    addresses = {"workspace": str(workspace.url), "report": str(report.url)}
    with atomic_file(target / SAVED) as path:
        path.write_text(json.dumps(place | addresses, indent=1), encoding="utf-8")
    return list(addresses.values())


def _renewed(made: Dashboard, before: Mapping[str, str]) -> tuple[ws.Workspace, wr.Report]:
    """Return what was saved before with the contents of now; what is new where nothing was."""
    if not before:
        return made.workspace, made.report
    workspace = ws.Workspace.from_url(before["workspace"])
    report = wr.Report.from_url(before["report"])
    for name in ("name", "sections", "settings", "runset_settings"):
        setattr(workspace, name, getattr(made.workspace, name))
    for name in ("title", "blocks", "width"):
        setattr(report, name, getattr(made.report, name))
    return workspace, report


def _saved(target: Path, place: Mapping[str, str]) -> dict[str, str]:
    """Return what an earlier command saved to the same place, with its addresses; empty where none has."""
    path = target / SAVED
    before = dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
    return before if place.items() <= before.items() else {}
