"""`percepnet`: what is done beside a sweep."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from percepnet import commands, housekeeping
from percepnet.errors import PercepnetError

if TYPE_CHECKING:
    from collections.abc import Sequence

CACHE_HELP = "folder of the cache ($PERCEPNET_CACHE, else the user's)"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; exit 0 when it did what was asked, 1 with a message when it could not."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except PercepnetError as error:
        sys.exit(f"error: {error}")
    except BrokenPipeError:  # whoever reads has seen enough: `percepnet store ls | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="percepnet", description="What is done beside a sweep.")
    added = parser.add_subparsers(required=True, metavar="COMMAND")
    networks = added.add_parser("networks", help="list the networks, or the contrasts between them")
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
    networks.add_argument("--cache", help=CACHE_HELP)
    networks.set_defaults(command=commands.networks)
    fetch = added.add_parser("fetch", help="bring weights and data before a sweep starts")
    fetch.add_argument(
        "words", nargs="*", metavar="NAME", help="goal=jigsaw arch=vgg benchmark=modelfest baseline=dists"
    )
    fetch.add_argument("--cache", help=CACHE_HELP)
    fetch.add_argument("--mirror", type=Path, metavar="DIR", help="fill a folder to be carried elsewhere")
    fetch.add_argument(
        "--from", dest="source", type=Path, metavar="DIR", help="take files from there, not the network"
    )
    fetch.add_argument("--workers", type=int, default=4, help="files at the same time (%(default)s)")
    fetch.add_argument(
        "--accept", action="append", default=[], metavar="LICENCE", help="a licence that asks to be accepted"
    )
    fetch.set_defaults(command=commands.fetch)
    data = added.add_parser("data", help="list, fetch, check and show what people have judged")
    _add_data(data.add_subparsers(required=True, metavar="ACTION"))
    _add_report(added.add_parser("report", help="write the results as one page, a CSV table and figures"))
    _add_status(added.add_parser("status", help="where a sweep stands: waiting, running, done, failed, lost"))
    _add_track(added.add_parser("track", help="send W&B the runs that it has not got yet"))
    store = added.add_parser("store", help="list, measure, tidy and check the stored responses")
    _add_store(store.add_subparsers(required=True, metavar="ACTION"))
    doctor = added.add_parser("doctor", help="what this machine offers: versions, device, disk, W&B, SLURM")
    doctor.add_argument("--cache", help=CACHE_HELP)
    doctor.set_defaults(command=housekeeping.doctor)
    return parser


def _add_report(report: argparse.ArgumentParser) -> None:
    report.add_argument("--out", type=Path, help="folder to write to (RESULTS/report)")
    report.add_argument(
        "--claims",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="a folder of claims of your own, judged beside the paper's; may be given several times",
    )
    report.add_argument(
        "--wandb",
        action="store_true",
        help="make a W&B workspace and report too; saved where somebody is logged in, else left as JSON",
    )
    _add_results(report)
    report.set_defaults(command=commands.report)


def _add_status(status: argparse.ArgumentParser) -> None:
    status.add_argument("--watch", action="store_true", help="until nothing runs and nothing waits any more")
    status.add_argument("--json", action="store_true", help="every cell, for programs")
    _add_folder(status)
    status.set_defaults(command=commands.status)


def _add_track(track: argparse.ArgumentParser) -> None:
    track.add_argument(
        "action", nargs="?", choices=["sync"], help="send what sweeps have written offline and not sent yet"
    )
    track.add_argument(
        "--from-store",
        action="store_true",
        help="write every run anew that W&B has not got, from its rows: also those of tracking=disabled",
    )
    track.add_argument("--online", action="store_true", help="send them too, as `sync` does")
    track.add_argument("--again", action="store_true", help="also those that W&B has got already")
    track.add_argument(
        "--timeout", type=float, default=60.0, metavar="SECONDS", help="to wait for one upload (%(default)g)"
    )
    _add_results(track)
    track.set_defaults(command=commands.track)


def _add_store(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `store ls`, `store du`, `store gc` and `store verify`."""
    listing = actions.add_parser("ls", help="every entry: network, benchmark, statistics, size, state")
    listing.set_defaults(command=housekeeping.store_ls)
    room = actions.add_parser("du", help="the room that it takes, by network and by benchmark")
    room.set_defaults(command=housekeeping.store_du)
    for action in (listing, room):
        action.add_argument("--json", action="store_true", help="for programs")
    collect = actions.add_parser("gc", help="remove what was not used for long, and what dead processes left")
    collect.add_argument("--days", type=float, required=True, metavar="N", help="used in these days: kept")
    collect.add_argument("--dry-run", action="store_true", help="only tell what would be removed")
    collect.set_defaults(command=housekeeping.store_gc)
    verify = actions.add_parser("verify", help="hash and open every file; exit 1 if damaged ones remain")
    verify.add_argument("--delete", action="store_true", help="remove what is damaged, to be made anew")
    verify.set_defaults(command=housekeeping.store_verify)
    for action in (listing, room, collect, verify):
        action.add_argument("--cache", help=CACHE_HELP)


def _add_results(parser: argparse.ArgumentParser) -> None:
    """Add what says which results are meant, and where they are in W&B."""
    _add_folder(parser)
    parser.add_argument("--project", default="percepnet", help="project of W&B (%(default)s)")
    parser.add_argument("--entity", help="user or team of W&B that owns it (who is logged in)")


def _add_folder(parser: argparse.ArgumentParser) -> None:
    """Add what says which results are meant."""
    parser.add_argument(
        "--results", type=Path, default=Path("results"), metavar="DIR", help="folder of results (%(default)s)"
    )
    parser.add_argument("--study", metavar="NAME", help="only this study")


def _add_data(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `data list`, `data fetch`, `data check` and `data show`."""
    fetch = actions.add_parser("fetch", help="bring what a publisher offers; its terms are shown first")
    fetch.add_argument("names", nargs="+", metavar="NAME", help="benchmarks")
    fetch.add_argument("--accept", action="store_true", help="accept the terms without being asked")
    fetch.add_argument("--mirror", type=Path, metavar="DIR", help="fill a folder to be carried elsewhere")
    fetch.add_argument(
        "--from", dest="source", type=Path, metavar="DIR", help="take files from there, not the network"
    )
    fetch.add_argument("--cache", help=CACHE_HELP)
    fetch.set_defaults(command=commands.data_fetch)
    listing = actions.add_parser("list", help="every benchmark: what is judged, what it needs")
    listing.add_argument("--json", action="store_true", help="for programs")
    listing.set_defaults(command=commands.data_list)
    check = actions.add_parser("check", help="decode every image once; report all that is wrong or odd")
    check.add_argument("words", nargs="+", metavar="NAME | key=value", help="benchmarks, and their settings")
    check.add_argument("--manifest", type=Path, metavar="FILE", help="write every pair to a CSV file")
    check.set_defaults(command=commands.data_check)
    show = actions.add_parser("show", help="draw a contact sheet: references, examples, scores")
    show.add_argument("words", nargs="+", metavar="NAME | key=value", help="one benchmark, and its settings")
    show.add_argument("--out", type=Path, metavar="FILE", help="the PNG file (NAME.png)")
    show.set_defaults(command=commands.data_show)
    for action in (check, show):
        action.add_argument("--root", metavar="DIR", help="folder with files that only you can supply")
        action.add_argument(
            "--from", dest="source", type=Path, metavar="DIR", help="take files from there, not the network"
        )
    for action in (listing, check, show):
        action.add_argument("--cache", help=CACHE_HELP)
