"""The figure of channel relevance: by layer and by channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd

from percepnet.readouts.relevance.weights import sum_called
from percepnet.sources.cache import atomic_file

if TYPE_CHECKING:
    from pathlib import Path

    from percepnet.readouts.contract import FloatArray
    from percepnet.readouts.relevance.weights import Relevance
    from percepnet.responses.store import Entry


def draw(relevance: Relevance, entry: Entry, folder: Path) -> None:
    """Write `relevance.svg` and `relevance.png`."""
    picture = chart(relevance, mean_terms(relevance, entry))
    with alt.data_transformers.enable(max_rows=None):
        for form in ("svg", "png"):
            with atomic_file(folder / f"relevance.{form}") as path:
                picture.save(str(path), format=form)


def mean_terms(relevance: Relevance, entry: Entry) -> dict[str, FloatArray]:
    """Return the mean over all image pairs of each channel's unweighted term, tap -> `[K]`."""
    distance = sum_called(relevance.distance)
    taps = list(relevance.weights)
    totals = {tap: np.zeros(len(weights)) for tap, weights in relevance.weights.items()}
    for shard in entry.shards(taps, distance.statistics):
        for tap in taps:
            totals[tap] += distance.channels(shard[tap]).sum(axis=0)
    return {tap: total / entry.rows for tap, total in totals.items()}


def table(relevance: Relevance, means: dict[str, FloatArray]) -> pd.DataFrame:
    """Return a row per channel: layer, channel, weight, its rank (0 the greatest, 1 the least), shares.

    `learned` and `uniform` are the channel's shares of the mean sum over layers, with and without weights.
    """
    parts = []
    for tap, weights in relevance.weights.items():
        order = np.argsort(np.argsort(-weights, kind="stable"), kind="stable")
        columns = {"layer": tap, "channel": np.arange(len(weights)), "weight": weights}
        columns |= {"rank": order / max(len(weights) - 1, 1)}
        parts.append(pd.DataFrame({**columns, "learned": weights * means[tap], "uniform": means[tap]}))
    rows = pd.concat(parts, ignore_index=True)
    for name in ("learned", "uniform"):
        total = rows[name].sum()
        rows[name] = rows[name] / total if total > 0.0 else 0.0
    return rows


def chart(relevance: Relevance, means: dict[str, FloatArray]) -> alt.VConcatChart:
    """Return the layers' shares above, each layer's weights in order below, then the channels one by one."""
    rows, taps = table(relevance, means), list(relevance.weights)
    shares = rows.groupby("layer", sort=False)[["uniform", "learned"]].sum().reset_index()
    long = shares.melt("layer", var_name="weights", value_name="share")
    layer = alt.Y("layer:N", sort=taps, title=None)
    colour = alt.Color("layer:N", sort=taps, title=None)
    bars = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            x=alt.X("share:Q", title="share of the mean sum (of squares, for euclidean)"),
            y=layer,
            yOffset=alt.YOffset("weights:N", sort=["uniform", "learned"]),
            color=alt.Color("weights:N", sort=["uniform", "learned"], title=None),
        )
    )
    lines = (
        alt.Chart(rows)
        .mark_line()
        .encode(
            x=alt.X("rank:Q", title="channels of a layer, from the greatest weight to the least"),
            y=alt.Y("weight:Q", title="weight (1 = as without learning)"),
            color=colour,
        )
    )
    strip = (
        alt.Chart(rows)
        .mark_tick(thickness=1, opacity=0.35)
        .encode(x=alt.X("weight:Q", title="weight of each channel"), y=layer, color=colour)
    )
    width = 700
    parts = [
        bars.properties(width=width),
        lines.properties(width=width, height=220),
        strip.properties(width=width),
    ]
    joined: alt.VConcatChart = alt.vconcat(*parts).resolve_scale(color="independent")
    return joined
