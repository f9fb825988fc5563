"""`percepnet`: what is done beside a sweep."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from percepnet.errors import PercepnetError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; exit 0 when it did what was asked, 1 with a message when it could not."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except PercepnetError as error:
        sys.exit(f"error: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="percepnet", description="What is done beside a sweep.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = commands.add_parser("report", help="write the results as one page, a CSV table and figures")
    report.add_argument(
        "--results", type=Path, default=Path("results"), help="folder of results (%(default)s)"
    )
    report.add_argument("--out", type=Path, help="folder to write to (RESULTS/report)")
    report.add_argument("--study", help="only this study")
    report.set_defaults(command=_report)
    return parser


def _report(options: argparse.Namespace) -> None:
    from percepnet.ablation.report import write_report

    for path in write_report(options.results, options.out or options.results / "report", options.study):
        print(path)  # noqa: T201 (the command's output)
