"""`percepnet`: what is done beside a sweep."""

from __future__ import annotations

import argparse
import sys
from functools import partial
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
    data = commands.add_parser("data", help="list, fetch, check and show what people have judged")
    _add_data(data.add_subparsers(required=True, metavar="ACTION"))
    report = commands.add_parser("report", help="write the results as one page, a CSV table and figures")
    report.add_argument(
        "--results", type=Path, default=Path("results"), help="folder of results (%(default)s)"
    )
    report.add_argument("--out", type=Path, help="folder to write to (RESULTS/report)")
    report.add_argument("--study", help="only this study")
    report.set_defaults(command=_report)
    return parser


def _add_data(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `data list`, `data fetch`, `data check` and `data show`."""
    fetch = actions.add_parser("fetch", help="bring what a publisher offers; its terms are shown first")
    fetch.add_argument("names", nargs="+", metavar="NAME", help="benchmarks")
    fetch.add_argument("--accept", action="store_true", help="accept the terms without being asked")
    fetch.add_argument("--mirror", type=Path, metavar="DIR", help="fill a folder to be carried elsewhere")
    fetch.add_argument(
        "--from", dest="source", type=Path, metavar="DIR", help="take files from there, not the network"
    )
    fetch.add_argument("--cache", help="folder of the cache ($PERCEPNET_CACHE, else the user's)")
    fetch.set_defaults(command=_data_fetch)
    listing = actions.add_parser("list", help="every benchmark: what is judged, what it needs")
    listing.add_argument("--json", action="store_true", help="for programs")
    listing.set_defaults(command=_data_list)
    check = actions.add_parser("check", help="decode every image once; report all that is wrong or odd")
    check.add_argument("words", nargs="+", metavar="NAME | key=value", help="benchmarks, and their settings")
    check.add_argument("--manifest", type=Path, metavar="FILE", help="write every pair to a CSV file")
    check.set_defaults(command=_data_check)
    show = actions.add_parser("show", help="draw a contact sheet: references, examples, scores")
    show.add_argument("words", nargs="+", metavar="NAME | key=value", help="one benchmark, and its settings")
    show.add_argument("--out", type=Path, metavar="FILE", help="the PNG file (NAME.png)")
    show.set_defaults(command=_data_show)
    for action in (check, show):
        action.add_argument("--root", metavar="DIR", help="folder with files that only you can supply")
        action.add_argument(
            "--from", dest="source", type=Path, metavar="DIR", help="take files from there, not the network"
        )
    for action in (listing, check, show):
        action.add_argument("--cache", help="folder of the cache ($PERCEPNET_CACHE, else the user's)")


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


def _data_list(options: argparse.Namespace) -> None:
    from percepnet.data.listing import show_benchmarks
    from percepnet.sources.cache import cache_root

    show_benchmarks(cache_root(options.cache), as_json=options.json)


def _data_fetch(options: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.prompt import Confirm

    from percepnet.benchmarks.offers import offer
    from percepnet.benchmarks.terms import agree
    from percepnet.fetching import Order, fetch
    from percepnet.sources.cache import cache_root

    console, cache = Console(), cache_root(options.cache)
    rows = [offer(name) for name in dict.fromkeys(options.names)]
    ask = partial(Confirm.ask, console=console, default=False) if sys.stdin.isatty() else None
    agree(rows, cache, console, accept_all=options.accept, ask=ask)
    names = [row.name for row in rows]
    if fetch(Order((), names, cache, source=options.source, mirror=options.mirror), console):
        sys.exit(1)


def _data_check(options: argparse.Namespace) -> None:
    from percepnet.data.checking import check
    from percepnet.data.options import chosen
    from percepnet.results.tables import terminal
    from percepnet.sources.cache import cache_root

    wanted = chosen(options.words, options.root, cache_root(options.cache), options.source)
    if check(wanted, terminal(), options.manifest):
        sys.exit(1)


def _data_show(options: argparse.Namespace) -> None:
    from percepnet.data.options import chosen, only
    from percepnet.data.sheet import write_sheet
    from percepnet.sources.cache import cache_root

    wanted = only(chosen(options.words, options.root, cache_root(options.cache), options.source))
    print(write_sheet(wanted, options.out or Path(f"{wanted.name}.png")))  # noqa: T201 (the command's output)


def _report(options: argparse.Namespace) -> None:
    from percepnet.ablation.report import write_report

    for path in write_report(options.results, options.out or options.results / "report", options.study):
        print(path)  # noqa: T201 (the command's output)
