"""How charts look on light and on dark ground: Vega-Lite's `config`, chosen when the page is opened."""

from __future__ import annotations

from typing import Any

LIGHT_SERIES = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7f3c8d", "#666666"),
    *("#332288", "#a03030", "#7a9a01", "#3fbfbf"),
)
"""Okabe and Ito's colours, told apart without some cones too (the yellow darkened); four more come last."""
DARK_SERIES = (
    *("#56b4e9", "#ff9d4d", "#2fd0a0", "#f0a3cd", "#f0e442", "#9ecbff", "#c79be0", "#bbbbbb"),
    *("#8f86ff", "#ff7a7a", "#b5dd35", "#66e0e0"),
)


def theme(ink: str, quiet: str, grid: str, series: tuple[str, ...], background: str) -> dict[str, Any]:
    """Return Vega-Lite's `config`.

    Args:
        ink: Colour of text.
        quiet: Of what stands beside the data: ceilings, lines at zero.
        grid: Of grid lines.
        series: Of the data.
        background: Of the chart.
    """
    words = {"labelColor": ink, "titleColor": ink, "labelFontSize": 12, "titleFontSize": 12}
    return {
        "background": background,
        "font": "system-ui, sans-serif",
        "view": {"stroke": "transparent"},
        "axis": {
            **words,
            "titleFontWeight": "normal",
            "gridColor": grid,
            "domainColor": quiet,
            "tickColor": quiet,
        },
        "legend": words,
        "header": words,
        "title": {"color": ink, "fontSize": 13, "anchor": "start", "fontWeight": "normal"},
        "range": {"category": list(series), "heatmap": {"scheme": "viridis"}, "ramp": {"scheme": "viridis"}},
        "mark": {"color": series[0]},
        "rule": {"color": series[0]},
        "style": {
            "ceiling": {"color": quiet, "strokeDash": [5, 4], "strokeWidth": 1.5},
            "beside": {"color": quiet, "strokeDash": [1, 3], "strokeWidth": 1.5},
            "zero": {"color": quiet, "strokeWidth": 1},
            "missing": {"color": grid, "stroke": quiet, "strokeWidth": 0.5},
            "cross": {"color": quiet},
        },
    }


THEMES = {
    "light": theme("#1b1b1b", "#6b6b6b", "#e4e4e4", LIGHT_SERIES, "transparent"),
    "dark": theme("#ececec", "#a0a0a0", "#3c3c3c", DARK_SERIES, "transparent"),
}
PRINT = theme("#1b1b1b", "#6b6b6b", "#e4e4e4", LIGHT_SERIES, "white")
"""For the files of figures."""
