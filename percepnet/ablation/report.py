"""The report: one self-contained page of what was run and what came out, with its tables and figures."""

from __future__ import annotations

import time
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
import markupsafe
import pandas as pd
import vl_convert

from percepnet.ablation.figures import METRIC_NAMES, depth_profile
from percepnet.errors import NothingThereError
from percepnet.results.rows import best_layers, read_results, whole
from percepnet.results.status import DONE, read_statuses
from percepnet.sources.cache import atomic_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Figures = dict[str, dict[str, Any]]
"""file name -> chart, label, benchmark, and whether it shows a ceiling."""


def write_report(results: Path, target: Path, study: str | None = None) -> list[Path]:
    """Write `report.html`, `report.csv` and every figure as SVG and PNG to a folder; return the files.

    Works while a sweep is still running: it shows the cells that are finished.

    Raises:
        NothingThereError: No cell has finished yet.
    """
    rows = read_results(results)
    if study is not None:
        rows = rows[rows["study"] == study]
    if rows.empty:
        raise NothingThereError(
            f"no finished cell in {results / 'runs'}",
            expected="at least one" + (f" of study {study}" if study else ""),
            remedy="run `python -m percepnet.sweep` first, or name the folder: --results DIR",
        )
    complete = whole(rows)
    figures = dict(_figures(complete))
    return [
        _write(target / "report.html", _page(complete, results, figures, study)),
        _write(target / "report.csv", rows.to_csv(index=False)),
        *_pictures(figures, target),
    ]


def _figures(rows: pd.DataFrame) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (file name, figure) of every benchmark and metric."""
    for benchmark in sorted(rows["benchmark"].unique()):
        for metric, part in rows[rows["benchmark"] == benchmark].groupby("metric", sort=False):
            label = f"{benchmark}: {METRIC_NAMES.get(str(metric), metric)} by depth"
            figure = {"label": label, "benchmark": benchmark, "ceiling": bool(part["ceiling"].notna().any())}
            yield (
                f"depth-{benchmark}-{metric}",
                figure | {"chart": depth_profile(rows, benchmark, str(metric))},
            )


def _page(rows: pd.DataFrame, results: Path, figures: Figures, study: str | None) -> str:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"number": _number, "breakable": _breakable}
    template = (files("percepnet.ablation") / "report.html.jinja").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        title=study or "What sees like a human?",
        made=time.strftime("%Y-%m-%d %H:%M"),
        networks=sorted(rows["network"].unique()),
        readouts=sorted(rows["readout"].unique()),
        n_runs=rows["run_id"].nunique(),
        n_rows=len(rows),
        benchmarks=[_benchmark(name, part, figures) for name, part in rows.groupby("benchmark")],
        unfinished=list(_unfinished(results)),
        weights=sorted(set(zip(rows["network"], rows["weights_hash"], strict=True))),
        manifests=sorted(set(zip(rows["benchmark"], rows["manifest_hash"], strict=True))),
        versions=sorted(rows["versions"].unique()),
        script=_script(),
    )


def _benchmark(name: object, rows: pd.DataFrame, figures: Figures) -> dict[str, Any]:
    first = rows.iloc[0]
    metrics = rows.drop_duplicates("metric")[["metric", "polarity", "ceiling"]].to_dict("records")
    best = {metric["metric"]: best_layers(rows, metric["metric"]) for metric in metrics}
    return {
        "name": name,
        "n_pairs": first["n_pairs"],
        "n_clusters": first["n_clusters"],
        "ci_method": first["ci_method"],
        "ceiling_method": "; ".join(name for name in rows["ceiling_method"].dropna().unique() if name),
        "metrics": [
            {**metric, "label": METRIC_NAMES.get(metric["metric"], metric["metric"])} for metric in metrics
        ],
        "best": _ranking(rows, best),
        "figures": [
            {
                "id": key,
                "label": figure["label"],
                "ceiling": figure["ceiling"],
                "spec": _safe_json(figure["chart"].to_json(indent=None)),
            }
            for key, figure in figures.items()
            if figure["benchmark"] == name
        ],
    }


def _ranking(rows: pd.DataFrame, best: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Return one line per run, the most human-like by the first metric on top, the undefined last."""
    lines: list[dict[str, Any]] = []
    for _, run in rows.drop_duplicates("run_id").iterrows():
        chosen = [frame[frame["run_id"] == run["run_id"]].to_dict("records") for frame in best.values()]
        lines.append(
            {
                **{str(key): value for key, value in run.items()},
                "cells": [found[0] if found else None for found in chosen],
            }
        )

    def agreement(line: Mapping[str, Any]) -> float:
        first = line["cells"][0]
        return float(first["value"] * first["polarity"]) if first else float("-inf")

    return sorted(lines, key=agreement, reverse=True)


def _unfinished(results: Path) -> Iterator[dict[str, str]]:
    for folder, status in read_statuses(results):
        if status.state != DONE:
            yield {"state": status.state, "name": folder.name, "reason": status.reason}


def _script() -> str:
    """Return Vega, Vega-Lite and vegaEmbed, so that the page needs no network."""
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script")


def _safe_json(text: str) -> str:
    return text.replace("</", "<\\/")


def _breakable(text: str) -> markupsafe.Markup:
    """Return a layer's name that may be broken after each +."""
    return markupsafe.Markup("+<wbr>").join(text.split("+"))


def _number(value: float, digits: int = 3) -> str:
    return "-" if pd.isna(value) else f"{value:.{digits}f}"


def _pictures(figures: Figures, target: Path) -> Iterator[Path]:
    for name, figure in figures.items():
        spec = figure["chart"].to_json()
        yield _write(target / f"{name}.svg", vl_convert.vegalite_to_svg(spec))
        with atomic_file(target / f"{name}.png") as path:
            path.write_bytes(vl_convert.vegalite_to_png(spec, scale=1.5))
        yield target / f"{name}.png"


def _write(path: Path, text: str) -> Path:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path
