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
    networks = commands.add_parser("networks", help="list the networks, or the contrasts between them")
    networks.add_argument(
        "words",
        nargs="*",
        metavar="FILTER",
        help="goal=jigsaw arch=resnet,vgg; or contrasts [goal|dataset|arch]",
    )
    networks.add_argument(
        "--show", default="", metavar="NAME", help="one network, or one contrast, as a whole"
    )
    networks.add_argument("--json", action="store_true", help="for programs")
    networks.add_argument("--cache", help="folder of the cache ($PERCEPNET_CACHE, else the user's)")
    networks.set_defaults(command=_networks)
    fetch = commands.add_parser("fetch", help="bring weights and data before a sweep starts")
    fetch.add_argument(
        "words", nargs="*", metavar="NAME", help="goal=jigsaw arch=resnet,vgg benchmark=modelfest"
    )
    fetch.add_argument("--cache", help="folder of the cache ($PERCEPNET_CACHE, else the user's)")
    fetch.add_argument("--mirror", type=Path, metavar="DIR", help="fill a folder to be carried elsewhere")
    fetch.add_argument(
        "--from", dest="source", type=Path, metavar="DIR", help="take files from there, not the network"
    )
    fetch.add_argument("--workers", type=int, default=4, help="files at the same time (%(default)s)")
    fetch.add_argument(
        "--accept", action="append", default=[], metavar="LICENCE", help="a licence that asks to be accepted"
    )
    fetch.set_defaults(command=_fetch)
    report = commands.add_parser("report", help="write the results as one page, a CSV table and figures")
    report.add_argument(
        "--results", type=Path, default=Path("results"), help="folder of results (%(default)s)"
    )
    report.add_argument("--out", type=Path, help="folder to write to (RESULTS/report)")
    report.add_argument("--study", help="only this study")
    report.set_defaults(command=_report)
    return parser


def _networks(options: argparse.Namespace) -> None:
    from percepnet.networks.listing import show_networks
    from percepnet.sources.cache import cache_root

    weights = cache_root(options.cache) / "weights"
    show_networks(options.words, weights, show=options.show, as_json=options.json)


def _fetch(options: argparse.Namespace) -> None:
    from rich.console import Console

    from percepnet.fetching import fetch, order
    from percepnet.sources.cache import cache_root

    wanted = order(
        options.words,
        cache=cache_root(options.cache),
        source=options.source,
        mirror=options.mirror,
        workers=options.workers,
        accepted=options.accept,
    )
    if fetch(wanted, Console()):
        sys.exit(1)


def _report(options: argparse.Namespace) -> None:
    from percepnet.ablation.report import write_report

    for path in write_report(options.results, options.out or options.results / "report", options.study):
        print(path)  # noqa: T201 (the command's output)
