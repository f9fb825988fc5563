"""Figures of the report, as Altair charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

if TYPE_CHECKING:
    import pandas as pd

METRIC_NAMES = {
    "srcc": "Spearman",
    "krcc": "Kendall",
    "plcc": "Pearson",
    "rmse": "RMSE (log10 units)",
    "2afc": "agreement with votes (2AFC)",
    "map": "mean average precision (JND)",
    "stress": "STRESS",
}
ERRORS = ("rmse", "stress")
"""Metrics that are shown as they are although less of them is better."""


def depth_profile(rows: pd.DataFrame, benchmark: str, metric: str) -> alt.LayerChart | alt.FacetChart:
    """Return agreement by depth: a line with its interval band per network and readout, and the ceiling.

    Correlations are turned so that up is more human-like; a readout of a single row is a point.
    """
    part = rows[(rows["benchmark"] == benchmark) & (rows["metric"] == metric)].copy()
    turn = part["polarity"] if metric not in ERRORS else 1
    for column in ("value", "ceiling"):
        part[column] *= turn
    part["low"], part["high"] = part["ci_low"] * turn, part["ci_high"] * turn
    part["series"] = part["network"] + " · " + part["readout"] + " · " + part["distance"]
    part["single"] = part.groupby("run_id")["layer"].transform("size") == 1
    columns = ["series", "layer", "depth", "value", "low", "high", "ceiling", "single"]
    return _chart(part[columns], METRIC_NAMES.get(metric, metric))


def _chart(data: pd.DataFrame, title: str) -> alt.LayerChart | alt.FacetChart:
    picked = alt.selection_point(fields=["series"], bind="legend")
    faded = alt.condition(picked, alt.value(1.0), alt.value(0.12))
    base = alt.Chart(data).encode(
        x=alt.X(
            "depth:Q",
            title="depth (0 = input image, 1 = end of the network)",
            axis=alt.Axis(tickCount=10, format=".1f"),
            scale=alt.Scale(domain=[0, 1]),
        ),
        color=alt.Color(
            "series:N",
            title=None,
            legend=alt.Legend(
                orient="bottom", columns=2, labelLimit=600, symbolOpacity=1, symbolType="stroke"
            ),
        ),
        tooltip=["series", "layer", *(alt.Tooltip(name, format=".4f") for name in ("value", "low", "high"))],
    )
    value = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
    lines = base.transform_filter("!datum.single")
    band = lines.mark_area(opacity=0.18).encode(
        y=alt.Y("low:Q", title=title),
        y2="high:Q",
        opacity=alt.condition(picked, alt.value(0.18), alt.value(0.02)),
    )
    curve = lines.mark_line(point=True).encode(y=value, opacity=faded)
    points = base.transform_filter("datum.single")
    bars = points.mark_rule(strokeWidth=2).encode(y="low:Q", y2="high:Q", opacity=faded)
    dots = points.mark_point(filled=True, size=90, shape="diamond").encode(y=value, opacity=faded)
    layers = [band, curve, bars, dots]
    if data["ceiling"].notna().any():
        ceiling = alt.Chart(data).mark_rule(strokeDash=[5, 4], color="#555")
        layers.append(
            ceiling.encode(y="mean(ceiling):Q", tooltip=alt.Tooltip("mean(ceiling):Q", format=".4f"))
        )
    return alt.layer(*layers).properties(width=760, height=340).add_params(picked).interactive()
