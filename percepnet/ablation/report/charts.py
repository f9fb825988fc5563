"""Charts of the report as Vega-Lite specifications: dots with intervals, bars, heat maps, profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

STEP = 19
"""Height of a line of names."""
WIDTH = 640
LIMIT = 380
"""Width of a name in pixels; a longer one is cut short, and whole in the tooltip."""
DIGITS = 5
EMPTY = {"name": "empty"}
BOTH_ENDS = (
    "length(datum.label) > 56 ? slice(datum.label, 0, 34) + '…' + slice(datum.label, -21) : datum.label"
)
"""A long name is cut in its middle: the readout stands at its end."""

Spec = dict[str, Any]


def ranked(data: pd.DataFrame, title: str, ceiling: float, standings: Sequence[str]) -> Spec:
    """Return a dot with its interval for every row, the ceiling dashed.

    Args:
        data: `label` (in its order), `value`, `low`, `high`, `standing`, `what` (network or baseline) and
            `layer`.
        title: Of the axis of values.
        ceiling: What people reach, NaN where unknown.
        standings: In the order of the legend.
    """
    picked = alt.selection_point(fields=["standing"], bind="legend", name="picked")
    color = alt.Color("standing:N", title=None, sort=list(standings), legend=_below(1))
    base = alt.Chart().encode(
        y=_names(data, "label"),
        opacity=alt.condition(picked, alt.value(1.0), alt.value(0.15)),
        color=color,
        tooltip=_told("label", "layer", "standing", numbers=("value", "low", "high")),
    )
    kinds = alt.Scale(domain=["network", "baseline"], range=["circle", "diamond"])
    shape = alt.Shape("what:N", title=None, scale=kinds, legend=_below(1))
    dots = base.mark_point(filled=True, size=75).encode(x=_value(title), shape=shape)
    layers = [
        *_line(ceiling, "ceiling"),
        base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title), x2="high:Q"),
        dots.add_params(picked, _panning("x")),
    ]
    return _specification(alt.layer(*layers).properties(width=WIDTH, height=alt.Step(STEP)), data)


def forest(data: pd.DataFrame, title: str) -> Spec:
    """Return differences with their intervals, one below the other, beside a line where nothing differs.

    Args:
        data: `label` (in its order, each once), `factor`, `value`, `low`, `high`.
        title: Of the axis of values.
    """
    order = list(dict.fromkeys(data["factor"]))
    base = alt.Chart().encode(
        y=_names(data, "label"),
        color=alt.Color("factor:N", title=None, sort=order, legend=_below(4)),
        tooltip=_told("label", "factor", numbers=("value", "low", "high")),
    )
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(x=_value(title)).add_params(_panning("x"))
    ends = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title), x2="high:Q")
    chart = alt.layer(*_line(0.0, "zero"), ends, dots)
    return _specification(chart.properties(width=WIDTH, height=alt.Step(STEP)), data)


def bars(data: pd.DataFrame, title: str) -> Spec:
    """Return a bar with its interval for every share.

    Args:
        data: `label` (in its order, each once), `value`, `low`, `high`.
        title: Of the axis of shares.
    """
    base = alt.Chart().encode(
        y=_names(data, "label"), tooltip=_told("label", numbers=("value", "low", "high"))
    )
    x = alt.X("value:Q", title=title, axis=alt.Axis(format="%"))
    chart = alt.layer(
        base.mark_bar(opacity=0.55, height=alt.RelativeBandSize(0.6)).encode(x=x),
        base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title), x2="high:Q"),
    )
    return _specification(chart.properties(width=WIDTH, height=alt.Step(24)), data)


def heat_map(data: pd.DataFrame, title: str, below: str) -> Spec:
    """Return a map of values: colour and number; a cross where there is none.

    Args:
        data: `label`, `across`, `value`, one row per field, NaN where a field is missing; in their order.
        title: Of the values.
        below: Title of the names at the bottom.
    """
    known = data["value"].dropna()
    middle = float(known.min() + known.max()) / 2.0
    axis = alt.Axis(title=below, labelAngle=-40, labelLimit=220, labelOverlap=False, orient="bottom")
    base = alt.Chart().encode(
        y=_names(data, "label"),
        x=alt.X("across:N", sort=list(dict.fromkeys(data["across"])), axis=axis),
        tooltip=_told("label", "across", numbers=("value",)),
    )
    gone = base.transform_filter("!isValid(datum.value)")
    there = base.transform_filter("isValid(datum.value)")
    legend = alt.Legend(title=title, orient="top", gradientLength=260, titleLimit=500)
    colour = alt.Color("value:Q", scale=alt.Scale(zero=False, scheme="viridis"), legend=legend)
    ink = alt.condition(f"datum.value > {middle!r}", alt.value("#111"), alt.value("#fff"))
    layers = [
        there.mark_rect().encode(color=colour),
        there.mark_text(fontSize=10).encode(text=alt.Text("value:Q", format=".2f"), color=ink),
    ]
    if data["value"].isna().any():
        cross = gone.mark_text(text="\N{MULTIPLICATION SIGN}", style="cross", fontSize=14)
        layers += [gone.mark_rect(style="missing"), cross]
    return _specification(alt.layer(*layers).properties(width=alt.Step(46), height=alt.Step(22)), data)


def depth_profile(
    data: pd.DataFrame, title: str, ceiling: float, beside: tuple[str, float] | None = None
) -> Spec:
    """Return agreement by depth: a line with its band per network and readout, a dot for a single layer.

    Args:
        data: `label`, `layer`, `depth`, `value`, `low`, `high` and `single` (whether it is the only row).
        title: Of the axis of values.
        ceiling: What people reach (dashed); NaN where unknown.
        beside: Name and value of a baseline (dotted).
    """
    picked = alt.selection_point(fields=["label"], bind="legend", name="picked")
    faded = alt.condition(picked, alt.value(1.0), alt.value(0.1))
    depth = alt.X(
        "depth:Q",
        title="depth (0 = input image, 1 = end of the network)",
        axis=alt.Axis(tickCount=10, format=".1f"),
        scale=alt.Scale(domain=[0, 1]),
    )
    base = alt.Chart().encode(
        x=depth,
        color=alt.Color("label:N", title=None, legend=_below(2)),
        tooltip=_told("label", "layer", numbers=("depth", "value", "low", "high")),
    )
    value, low = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False)), alt.Y("low:Q", title=title)
    strength = 0.18 if data["label"].nunique() < 5 else 0.07
    pale = alt.condition(picked, alt.value(strength), alt.value(0.01))
    lines, points = base.transform_filter("!datum.single"), base.transform_filter("datum.single")
    layers = [*_line(ceiling, "ceiling", across=True), *_line(beside and beside[1], "beside", across=True)]
    curve = lines.mark_line(point={"size": 30}).encode(y=value, opacity=faded)
    dots = points.mark_point(filled=True, size=90, shape="diamond").encode(y=value, opacity=faded)
    if not data["single"].all():
        layers += [lines.mark_area().encode(y=low, y2="high:Q", opacity=pale), curve]
    if data["single"].any():
        layers += [points.mark_rule(strokeWidth=2).encode(y=low, y2="high:Q", opacity=faded), dots]
    layers[-1] = layers[-1].add_params(picked, _panning("x", "y"))
    return _specification(alt.layer(*layers).properties(width=880, height=380), data)


def _specification(chart: alt.LayerChart | alt.FacetChart, data: pd.DataFrame) -> Spec:
    """Return a chart with its data as Vega-Lite's JSON, its colours left to the theme."""
    spec: Spec = chart.to_dict()
    del spec["config"]
    for layer in spec["layer"]:
        if layer.get("data") == EMPTY:  # what Altair writes where none was given: it would hide the chart's
            del layer["data"]
    rounded = data.round(DIGITS).replace([np.inf, -np.inf], np.nan).astype(object)
    return spec | {"data": {"values": rounded.where(rounded.notna(), None).to_dict("records")}}


def _names(data: pd.DataFrame, column: str) -> alt.Y:
    """Return an axis of names from top to bottom, in the order of the data."""
    axis = alt.Axis(title=None, labelExpr=BOTH_ENDS, labelLimit=LIMIT, labelOverlap=False, minExtent=60)
    return alt.Y(f"{column}:N", sort=list(dict.fromkeys(data[column])), axis=axis)


def _value(title: str) -> alt.X:
    return alt.X("value:Q", title=title, scale=alt.Scale(zero=False))


def _told(*names: str, numbers: Sequence[str]) -> list[alt.Tooltip]:
    """Return what is told on hovering."""
    words = [alt.Tooltip(f"{name}:N") for name in names]
    return words + [alt.Tooltip(f"{name}:Q", format=".4f") for name in numbers]


def _below(columns: int) -> alt.Legend:
    """Return a legend below the chart, its marks as strong as they are when nothing is singled out."""
    return alt.Legend(
        orient="bottom",
        direction="vertical",
        columns=columns,
        labelExpr=BOTH_ENDS,
        labelLimit=LIMIT,
        symbolOpacity=1,
    )


def _panning(*axes: str) -> alt.Parameter:
    return alt.selection_interval(bind="scales", encodings=list(axes), name="panning")  # type: ignore[arg-type]


def _line(at: float | None, style: str, *, across: bool = False) -> list[alt.Chart]:
    """Return a straight line at a value, upright unless it goes across; none at None or NaN."""
    if at is None or np.isnan(at):
        return []
    there = alt.Chart(alt.InlineData(values=[{}])).mark_rule(style=style)
    return [there.encode(y=alt.YDatum(at)) if across else there.encode(x=alt.XDatum(at))]
