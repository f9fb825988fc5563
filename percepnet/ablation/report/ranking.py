"""Which network and readout is most human-like, and which cannot be told apart from it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from percepnet.ablation.report.charts import ranked
from percepnet.ablation.report.names import ERRORS, axis_title, counted, metric_name, number, short, turn
from percepnet.ablation.report.parts import Column, Figure, Table, Text, chance, interval, percent, text
from percepnet.ablation.report.study import is_baseline

if TYPE_CHECKING:
    import pandas as pd

    from percepnet.ablation.evidence import Cell, Evidence
    from percepnet.ablation.report.parts import Part
    from percepnet.ablation.report.study import Study
    from percepnet.agreement.contract import FloatArray

SURE = 0.05
BEST, LIKE, BELOW, UNTOLD = (
    "the best",
    "cannot be told apart from the best",
    "less human-like than the best",
    "not compared (no resamples)",
)


def ranking(study: Study, benchmark: str, metric: str) -> list[Part]:
    """Return the table and the plot of all networks, readouts and baselines by one metric.

    Differences to the best are paired: on the same pairs, resample by resample. As the best was chosen by
    the same data, their p is adjusted for all pairs of rows that might have been compared (Holm 1979).
    """
    frame = ranking_frame(study, benchmark, metric)
    if frame.empty:
        return [Text(f"No row has a defined {metric_name(metric)}.")]
    name = f"ranking-{benchmark}-{metric}"
    caption = f"{benchmark}, {metric_name(metric)}: the most human-like layer of each network and readout"
    return [
        Text(_sentence(frame)),
        *_alarm(frame, metric),
        Figure(name, caption, _seen(frame), _chart(frame, metric)),
        Table(name, caption, frame, _columns()),
    ]


@lru_cache(maxsize=256)
def ranking_frame(study: Study, benchmark: str, metric: str) -> pd.DataFrame:
    """Return a row per run, the best first: value, interval, ceiling, share of it, difference to the best.

    With resamples the interval of a network's best layer counts the choice of that layer.
    """
    from percepnet.agreement.ceiling import share_of_ceiling

    best = study.best(benchmark, metric)
    columns = ["run_id", "label", "layer", "depth", "value", "low", "high", "ceiling", "agreement"]
    frame = best[columns].reset_index(drop=True)
    frame["what"] = np.where(is_baseline(best), "baseline", "network")
    evidence = study.evidence.get((benchmark, metric))
    if evidence is not None:
        frame = _with_choice(frame, evidence, metric)
    frame["share"] = [
        share_of_ceiling(value, ceiling, metric)
        for value, ceiling in zip(frame["value"], frame["ceiling"], strict=True)
    ]
    return _compared(frame, evidence)


def _with_choice(frame: pd.DataFrame, evidence: Evidence, metric: str) -> pd.DataFrame:
    """Put intervals in which each resample chooses its own layer in the place of those of one layer."""
    sign = turn(metric, evidence.polarity) * evidence.polarity
    frame = frame.set_index("run_id", drop=False)
    for cell in evidence.cells:
        if len(cell.rows) > 1 and cell.run_id in frame.index:
            found = evidence.of(cell.best.draws)
            frame.loc[cell.run_id, ["low", "high"]] = sorted((sign * found.low, sign * found.high))
    return frame.reset_index(drop=True)


def _compared(frame: pd.DataFrame, evidence: Evidence | None) -> pd.DataFrame:
    """Return the frame with `behind`, its interval, p, Holm's p and what follows from them."""
    new = ["behind", "behind_low", "behind_high", "p", "holm"]
    frame = frame.assign(**dict.fromkeys(new, np.nan), standing=UNTOLD)
    if evidence is None:
        return frame
    cells = {cell.run_id: cell for cell in evidence.cells}
    kept = [place for place, run in enumerate(frame["run_id"]) if run in cells]
    if not kept:
        return frame
    if len(kept) == 1:
        return frame.assign(standing=frame["standing"].mask(frame.index == kept[0], BEST))
    found = _behind([cells[str(frame["run_id"].iloc[place])] for place in kept], evidence)
    frame.loc[kept, new] = found
    frame.loc[kept, "standing"] = np.where(found[:, -1] < SURE, BELOW, LIKE)
    frame.loc[kept[0], "standing"] = BEST
    return frame


def _behind(cells: list[Cell], evidence: Evidence) -> FloatArray:
    """Return difference to the first cell, low, high, p and Holm's p over all pairs `[cells, 5]`."""
    from percepnet.agreement.comparison import holm

    draws = np.stack([cell.best.draws for cell in cells])
    adjusted = holm(all_p(draws, evidence.left_out, evidence.clusters))[: len(cells) - 1]
    found = [evidence.of(one - draws[0]) for one in draws[1:]]
    lines = [(*one[:3], one.p, p) for one, p in zip(found, adjusted, strict=True)]
    return np.array([(np.nan,) * 5, *lines])


def all_p(draws: FloatArray, left_out: int, clusters: int) -> FloatArray:
    """Return p of every pair of rows, `[R (R - 1) / 2]`: first those with the first row.

    As in `percepnet.agreement.comparison.difference`, without its intervals: hundreds of rows make tens of
    thousands of pairs.

    Args:
        draws: `[R, 1 + B + J]`.
        left_out: J.
        clusters: Number of clusters that were resampled.
    """
    from scipy import stats

    resampled = draws[:, 1 : draws.shape[1] - left_out]
    widened = np.sqrt(clusters / (clusters - 1.0)) if clusters > 1 else np.nan
    found = []
    for place in range(len(draws) - 1):
        value = np.abs(draws[place, 0] - draws[place + 1 :, 0])
        pairs = resampled[place] - resampled[place + 1 :]
        known = np.isfinite(pairs).mean(axis=1) > 0.99
        error = np.full(value.size, np.nan)
        error[known] = np.nanstd(pairs[known], axis=1, ddof=1) * widened
        certain = np.where(value > 0.0, np.inf, 0.0)
        score = np.divide(value, error, out=certain, where=error != 0.0)
        found.append(2.0 * stats.t.sf(score, clusters - 1))
    return np.asarray(np.minimum(np.concatenate(found), 1.0))


def _sentence(frame: pd.DataFrame) -> str:
    first = frame.iloc[0]
    like = frame[frame["standing"] == LIKE]
    said = f"Most human-like: {first['label']} at {short(first['layer'])}, {_valued(first)}"
    if first["ceiling"] == first["ceiling"]:
        said += f"; people reach {number(first['ceiling'])}"
    if (frame["standing"] == UNTOLD).all():
        return said + ". No rows are compared: these runs kept no resamples. The same sweep makes them."
    told = f"{len(like)} of the other {len(frame) - 1} cannot be told apart from it"
    return f"{said}. {told} (Holm-adjusted p of {SURE} or more)." if len(frame) > 1 else f"{said}."


def _alarm(frame: pd.DataFrame, metric: str) -> list[Part]:
    """Return a warning where a whole interval lies above the human ceiling."""
    from percepnet.agreement.ceiling import above_ceiling

    if metric in ERRORS:
        return []
    ends = zip(frame["low"], frame["ceiling"], strict=True)
    above = frame.loc[[above_ceiling(low, ceiling) for low, ceiling in ends], "label"]
    if above.empty:
        return []
    names = ", ".join(above[:5]) + (f" and {len(above) - 5} more" if len(above) > 5 else "")
    return [
        Text(
            f"Above the human ceiling with the whole interval: {names}. Look again: was the readout fitted "
            "to these judgements, or does the ceiling come from single observers?"
        )
    ]


def _valued(row: pd.Series) -> str:
    return f"{number(row['value'])} ({number(row['low'])} to {number(row['high'])})"


def _seen(frame: pd.DataFrame) -> str:
    first, last = frame.iloc[0], frame.iloc[-1]
    ceiling = "" if frame["ceiling"].isna().all() else " Dashed: human ceiling."
    return f"{counted(len(frame), 'row')} from {_named(first)} to {_named(last)}.{ceiling}"


def _named(row: pd.Series) -> str:
    return f"{row['label']} ({number(row['value'])})"


def _chart(frame: pd.DataFrame, metric: str) -> dict[str, object]:
    columns = ["label", "layer", "value", "low", "high", "standing", "what"]
    data = frame[columns].assign(layer=frame["layer"].map(short))
    standings = [name for name in (BEST, LIKE, BELOW, UNTOLD) if name in set(frame["standing"])]
    return ranked(data, axis_title(metric), float(frame["ceiling"].mean()), standings)


def _columns() -> list[Column]:
    return [
        text("label", "network · readout, or baseline"),
        Column("layer", lambda row: short(row["layer"])),
        interval("value (95 % interval)"),
        percent("share", "of the ceiling"),
        interval("minus the best (below 0: less human-like)", "behind", "behind_low", "behind_high"),
        chance("holm", "p, Holm"),
        text("standing", "standing"),
    ]
