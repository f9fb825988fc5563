"""The page: its sections, and their HTML."""

from __future__ import annotations

import json
import time
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
import markupsafe

from percepnet.ablation.report.claimed import claims
from percepnet.ablation.report.extras import gains, thresholds
from percepnet.ablation.report.factors import factors
from percepnet.ablation.report.grids import by_part, interaction
from percepnet.ablation.report.names import metric_name
from percepnet.ablation.report.origins import missing, provenance
from percepnet.ablation.report.parts import Fold, Section, Text
from percepnet.ablation.report.profiles import profiles
from percepnet.ablation.report.ranking import ranking
from percepnet.ablation.report.summary import summary
from percepnet.ablation.report.themes import THEMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from percepnet.ablation.report.parts import Part
    from percepnet.ablation.report.study import Study

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)
"""What the browser holds the page to: it loads nothing, whatever its scripts try."""


def sections(study: Study, folders: Sequence[Path]) -> list[Section]:
    """Return all sections of the page; those without anything to say are not there."""
    return [
        summary(study),
        claims(study, folders),
        *(_benchmark(study, name) for name in study.benchmarks),
        missing(study),
        provenance(study),
    ]


def _benchmark(study: Study, name: str) -> Section:
    first, *others = study.metrics(name)
    found: list[tuple[str, str, list[Part]]] = [
        ("ranking", "Ranking", ranking(study, name, first)),
        ("depth", "By depth", profiles(study, name, first)),
        ("factors", "Which factor matters", factors(study, name, first)),
        ("interaction", "Network by readout", interaction(study, name, first)),
        ("parts", "By part of the judgements", by_part(study, name, first)),
        ("gains", "What learning gains", gains(study, name)),
        ("thresholds", "Thresholds", thresholds(study, name)),
        ("others", "By other metrics", list(_others(study, name, others))),
    ]
    inner = [Section(f"{name}-{key}", title, parts) for key, title, parts in found if parts]
    return Section(f"benchmark-{name}", name, [Text(_about(study, name, first))], inner)


def _others(study: Study, name: str, metrics: Sequence[str]) -> Iterator[Fold]:
    for metric in metrics:
        yield Fold(metric_name(metric), [*ranking(study, name, metric), *profiles(study, name, metric)])


def _about(study: Study, benchmark: str, metric: str) -> str:
    row = study.of(benchmark, metric).iloc[0]
    ceiling = (
        f" Ceiling: {row['ceiling_method']}." if row["ceiling_method"] else " No human ceiling is known."
    )
    return (
        f"{row['n_pairs']} judgements in {row['n_clusters']} clusters. First metric: {metric_name(metric)}. "
        f"Intervals: {row['ci_method']}.{ceiling}"
    )


def html(title: str, chapters: Sequence[Section]) -> str:
    """Return the whole page: charts, their library, style and all."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"breakable": _breakable, "json": _json}
    return environment.from_string(_file("page.html.jinja")).render(
        title=title,
        made=time.strftime("%Y-%m-%d %H:%M"),
        sections=chapters,
        themes=THEMES,
        policy=POLICY,
        style=_file("page.css"),
        script=_file("page.js"),
        library=_library(),
    )


def _file(name: str) -> str:
    return (files("percepnet.ablation.report") / name).read_text(encoding="utf-8")


@cache
def _library() -> str:
    """Return Vega, Vega-Lite and vegaEmbed, so that the page needs no network."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script")


def _json(value: Any) -> str:  # noqa: ANN401 (whatever JSON can hold)
    """Return JSON that may stand inside a script element."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c")


def _breakable(text: str) -> markupsafe.Markup:
    """Return a text whose long names may be broken after each +."""
    return markupsafe.Markup("+<wbr>").join(text.split("+"))
