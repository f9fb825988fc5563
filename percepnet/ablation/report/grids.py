"""Maps of agreement: network by readout, and by part of the judgements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from percepnet.ablation.report.charts import heat_map
from percepnet.ablation.report.names import axis_title, counted, metric_name, number, readout_label, shown
from percepnet.ablation.report.parts import Figure, Fold, Table, decimals, text
from percepnet.ablation.report.study import is_baseline

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from percepnet.ablation.report.parts import Part
    from percepnet.ablation.report.study import Study

PARTS = {"kind": "type of distortion or direction", "level": "level"}


def interaction(study: Study, benchmark: str, metric: str) -> list[Part]:
    """Return the best layer's agreement of every network in every readout; what was not run stays blank."""
    best = study.best(benchmark, metric)
    best = best[~is_baseline(best)]
    best = best.assign(across=[readout_label(row) for _, row in best.iterrows()])
    if best["network"].nunique() < 2 and best["across"].nunique() < 2:
        return []
    # `best` is sorted: of several runs of one network and readout the most human-like stands
    wide = best.drop_duplicates(["network", "across"]).pivot_table("value", "network", "across", sort=False)
    missing = int(wide.isna().to_numpy().sum())
    data = _long(wide)
    again = len(best) - len(best.drop_duplicates(["network", "across"]))
    note = f" {again} more runs with other settings are left out; the ranking has them." if again else ""
    seen = f"{counted(len(wide), 'network')} by {counted(len(wide.columns), 'readout')}; "
    seen += f"{counted(missing, 'field')} without a result (\N{MULTIPLICATION SIGN}).{note}"
    label = f"{benchmark}, {metric_name(metric)}: best layer of each network by readout"
    name = f"interaction-{benchmark}-{metric}"
    chart = heat_map(data, axis_title(metric), "readout")
    return [Figure(name, label, seen, chart), _wide_table(name, label, wide)]


def by_part(study: Study, benchmark: str, metric: str) -> list[Part]:
    """Return agreement by kind and by level of the judgements, at the layer that is best for all of them."""
    rows = study.rows[(study.rows["benchmark"] == benchmark) & (study.rows["metric"] == metric)]
    best = study.best(benchmark, metric).set_index("run_id")
    rows = shown(rows[(rows["polarity"] != 0) & (rows["subset"] != "all")])
    rows = rows[rows["run_id"].isin(best.index)]
    rows = rows[rows["layer"] == rows["run_id"].map(best["layer"])]
    rows = rows.assign(label=rows["run_id"].map(study.labels))
    return [part for word in PARTS for part in _map(rows, word, (benchmark, metric), list(best["label"]))]


def _map(rows: pd.DataFrame, word: str, of: tuple[str, str], order: list[str]) -> Iterator[Part]:
    chosen = rows[rows["subset"].str.startswith(f"{word}=")]
    if chosen.empty:
        return
    wide = chosen.assign(across=chosen["subset"].str.removeprefix(f"{word}=")).pivot_table(
        "value", "label", "across", sort=False, dropna=False
    )
    wide = wide.loc[[label for label in order if label in wide.index]]
    data = _long(wide)
    counts = chosen.groupby("subset")["n_pairs"].first()
    label = f"{of[0]}, {metric_name(of[1])} by {PARTS[word]}"
    seen = (
        f"The layer that is best for all judgements; {counts.min()} to {counts.max()} judgements in a part. "
    )
    seen += _extremes(wide)
    name = f"by-{word}-{of[0]}-{of[1]}"
    chart = heat_map(data, axis_title(of[1]), PARTS[word])
    yield Figure(name, label, seen, chart)
    yield _wide_table(name, label, wide)


def _extremes(wide: pd.DataFrame) -> str:
    middle = wide.median().dropna()
    if middle.empty:
        return ""
    low, high = f"{number(middle.min())} ({middle.idxmin()})", f"{number(middle.max())} ({middle.idxmax()})"
    return f"Median over rows from {low} to {high}."


def _long(wide: pd.DataFrame) -> pd.DataFrame:
    named = wide.rename_axis(index="label", columns="across")
    return named.reset_index().melt("label", value_name="value", var_name="across")


def _wide_table(name: str, caption: str, wide: pd.DataFrame) -> Part:
    frame = wide.reset_index(names="label")
    frame.columns = [str(column) for column in frame.columns]
    columns = [text("label", "network"), *(decimals(str(key), str(key)) for key in wide.columns)]
    return Fold("The same as a table", [Table(name, caption, frame, columns)])
