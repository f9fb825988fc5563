"""What each factor changes: matched contrasts, the mixed model, shares of variance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from percepnet.ablation.evidence import FACTORS
from percepnet.ablation.report.charts import bars, forest
from percepnet.ablation.report.names import counted, metric_name, number, short
from percepnet.ablation.report.parts import (
    Block,
    Column,
    Figure,
    Fold,
    Listing,
    Table,
    Text,
    chance,
    interval,
    percent,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from percepnet.ablation.contrasts import Contrast, Pair
    from percepnet.ablation.evidence import Evidence
    from percepnet.ablation.report.parts import Part
    from percepnet.ablation.report.study import Study
    from percepnet.ablation.variance import FactorModel

MOST = 40
"""Contrasts that one chart shows; the table has all."""
DIFFERENCE = "difference in agreement (right: more human-like)"


def factors(study: Study, benchmark: str, metric: str) -> list[Part]:
    """Return matched contrasts of every factor, then effects and shares of variance of the whole grid."""
    evidence = study.evidence.get((benchmark, metric))
    if evidence is None:
        return [Text("No factor is compared: these runs kept no resamples. The same sweep makes them.")]
    return [*_contrasts(evidence), *_model(evidence)]


def _contrasts(evidence: Evidence) -> Iterator[Part]:
    from percepnet.ablation.contrasts import contrasts, unmatched

    found = [one for factor in FACTORS for one in contrasts(evidence, factor)]
    if found:
        frame = pd.DataFrame([_line(one) for one in found])
        yield Text(
            "Matched contrasts: cells that differ in one factor alone, compared on the same images. "
            "Intervals are over images, so they tell what new images would show of these very networks; "
            "the spread of the single differences tells how far the networks disagree."
        )
        yield _forest(evidence, frame)
        yield _contrast_table(evidence, frame)
    else:
        yield Text("No two networks differ in one factor alone.")
    alone = [line for factor in FACTORS for line in unmatched(evidence, factor)]
    if alone:
        yield Fold(f"What no contrast uses ({len(alone)})", [Listing(alone)])


def _line(found: Contrast) -> dict[str, object]:
    return {
        "factor": found.factor,
        "level": found.level,
        "other": found.other,
        "n": len(found.pairs),
        "value": found.mean.value,
        "low": found.mean.low,
        "high": found.mean.high,
        "p": found.mean.p,
        "holm": found.holm,
        "spread_low": found.spread[0],
        "spread_high": found.spread[1],
        "pairs": "; ".join(_pair(pair) for pair in found.pairs),
        "caveat": found.caveat,
    }


def _pair(pair: Pair) -> str:
    return f"{pair.ours} \N{MINUS SIGN} {pair.theirs}: {number(pair.difference.value)}"


def _forest(evidence: Evidence, frame: pd.DataFrame) -> Figure:
    """Return all factors one below the other; of many contrasts those that are clearest."""
    clearness = frame["value"].abs() / (frame["high"] - frame["low"])
    drawn = frame.loc[clearness.sort_values(ascending=False, kind="stable").index[:MOST]]
    order = drawn["factor"].map(FACTORS.index)
    drawn = drawn.assign(order=order).sort_values(["order", "value"], ascending=[True, False])
    label = [f"{row.level} \N{MINUS SIGN} {row.other} (n = {row.n})" for row in drawn.itertuples()]
    cut = f" The {MOST} clearest are drawn." if len(frame) > MOST else ""
    clear = int((frame["holm"] < 0.05).sum())
    return Figure(
        f"contrasts-{evidence.benchmark}-{evidence.metric}",
        f"{evidence.benchmark}, {metric_name(evidence.metric)}: matched contrasts of every factor",
        f"{counted(len(frame), 'contrast')}; Holm-adjusted p is below 0.05 in {clear}.{cut}",
        forest(drawn[["factor", "value", "low", "high"]].assign(label=label), DIFFERENCE),
    )


def _contrast_table(evidence: Evidence, frame: pd.DataFrame) -> Part:
    table = Table(
        f"contrasts-{evidence.benchmark}-{evidence.metric}",
        f"{evidence.benchmark}, {metric_name(evidence.metric)}: mean difference of matched cells, best layer",
        frame,
        [
            Column("contrast", lambda row: f"{row['factor']}: {row['level']} \N{MINUS SIGN} {row['other']}"),
            Column("pairs", lambda row: str(row["n"]), is_number=True),
            interval("mean difference"),
            interval("single differences", "value", "spread_low", "spread_high"),
            chance("holm", "p, Holm"),
            text("caveat"),
        ],
    )
    return Fold(f"Table of {counted(len(frame), 'contrast')}", [table])


def _model(evidence: Evidence) -> Iterator[Part]:
    from percepnet.ablation.variance import factor_effects
    from percepnet.errors import PercepnetError

    try:
        model = factor_effects(evidence)
    except PercepnetError as error:
        yield Block("There is no model of the whole grid:", str(error))
        return
    yield Text(
        f"Model of the whole grid: {model.method}; {model.n_cells} cells of {model.n_networks} networks. "
        f"Residual standard deviation {number(model.residual_sd)}, "
        f"between networks {number(model.network_sd)}."
    )
    yield from _shares(evidence, model)
    yield from _effects(evidence, model)
    yield from _said("What the model cannot tell apart", model.refused)
    yield from _said("Combinations that are missing", model.missing)


def _shares(evidence: Evidence, model: FactorModel) -> Iterator[Part]:
    if not model.shares:
        return
    frame = shares_frame(model)
    name = f"shares-{evidence.benchmark}-{evidence.metric}"
    caption = f"{evidence.benchmark}, {metric_name(evidence.metric)}: share of the variance by factor"
    seen = ", ".join(f"{row.label} {row.value:z.0%}" for row in frame.itertuples())
    yield Figure(name, caption, f"{seen}.", bars(frame, "share of the variance between cells"))
    yield Table(
        name, caption, frame, [text("label", "factor"), percent("value", "share"), interval("with interval")]
    )


def shares_frame(model: FactorModel) -> pd.DataFrame:
    """Return `label`, `value`, `low`, `high` of every factor's share of the variance."""
    return pd.DataFrame(
        [{"label": one.factor, "value": one.value, "low": one.low, "high": one.high} for one in model.shares]
    )


def _effects(evidence: Evidence, model: FactorModel) -> Iterator[Part]:
    if not model.effects:
        return
    lines = [
        {
            "label": f"{short(one.level, 40)} \N{MINUS SIGN} {short(one.reference, 30)}",
            "factor": one.factor,
            "level": one.level,
            "reference": one.reference,
            "df": one.df,
            "images_low": one.images.low,
            "images_high": one.images.high,
            "value": one.value,
            "low": one.low,
            "high": one.high,
            "p": one.p,
        }
        for one in model.effects
    ]
    frame = pd.DataFrame(lines)
    name = f"effects-{evidence.benchmark}-{evidence.metric}"
    caption = f"{evidence.benchmark}, {metric_name(evidence.metric)}: effects in the model of the whole grid"
    seen = (
        f"{len(frame)} effects; {int((frame['p'] < 0.05).sum())} differ from 0 (p below 0.05, not adjusted)."
    )
    yield Figure(name, caption, seen, forest(frame[["label", "factor", "value", "low", "high"]], DIFFERENCE))
    columns = [
        text("label", "effect"),
        interval("value (interval over networks)"),
        chance("p", "p"),
        interval("interval over images", "value", "images_low", "images_high"),
    ]
    yield Fold(f"Table of {counted(len(frame), 'effect')}", [Table(name, caption, frame, columns)])


def _said(title: str, lines: Sequence[str]) -> Iterator[Part]:
    if lines:
        yield Fold(f"{title} ({len(lines)})", [Listing(list(lines))])
