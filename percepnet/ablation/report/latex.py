"""Tables for papers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from percepnet.ablation.report.parts import Table

SIGNS = {
    "\N{MINUS SIGN}": r"$-$",
    "·": r"\textperiodcentered{}",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "…": r"\ldots{}",
}
"""Characters that LaTeX does not take as they are."""


def latex(table: Table) -> str:
    """Return a table as a `longtable` with booktabs' rules, as it is shown on the page, escaped."""
    heads = [column.title for column in table.columns]
    frame = pd.DataFrame(table.lines, columns=pd.RangeIndex(len(heads))).map(escape)
    frame.columns = pd.Index([escape(head) for head in heads])
    text: str = frame.style.hide(axis="index").to_latex(
        hrules=True,
        environment="longtable",
        column_format="".join("r" if column.is_number else "l" for column in table.columns),
        caption=escape(table.caption),
        label=f"tab:{table.name}",
    )
    return f"% needs \\usepackage{{booktabs,longtable}}\n{text}"


def escape(text: str) -> str:
    """Return a text that LaTeX prints as it is."""
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {sign: f"\\{sign}" for sign in "&%$#_{}"} | {"<": "$<$", ">": "$>$"} | SIGNS
    return "".join(special.get(letter, letter) for letter in text)
