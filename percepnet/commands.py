"""What each command of `percepnet` does; imports wait until a command is run, so that help comes at once."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    import pandas as pd


def networks(options: argparse.Namespace) -> None:
    """Print the networks that fit, or the contrasts between them."""
    from percepnet.networks.listing import show_networks
    from percepnet.sources.cache import cache_root

    weights = cache_root(options.cache) / "weights"
    show_networks(options.words, weights, show=options.show, as_json=options.json)


def fetch(options: argparse.Namespace) -> None:
    """Bring weights and data; exit 1 if any is missing."""
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


def data_list(options: argparse.Namespace) -> None:
    """Print every benchmark."""
    from percepnet.data.listing import show_benchmarks
    from percepnet.sources.cache import cache_root

    show_benchmarks(cache_root(options.cache), as_json=options.json)


def data_fetch(options: argparse.Namespace) -> None:
    """Bring what publishers offer once their terms are accepted; exit 1 if any is missing."""
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


def data_check(options: argparse.Namespace) -> None:
    """Print what is wrong or odd in benchmarks' files; exit 1 if anything is."""
    from percepnet.data.checking import check
    from percepnet.data.options import chosen
    from percepnet.results.tables import terminal
    from percepnet.sources.cache import cache_root

    wanted = chosen(options.words, options.root, cache_root(options.cache), options.source)
    if check(wanted, terminal(), options.manifest):
        sys.exit(1)


def data_show(options: argparse.Namespace) -> None:
    """Draw a contact sheet; print its path."""
    from percepnet.data.options import chosen, only
    from percepnet.data.sheet import write_sheet
    from percepnet.sources.cache import cache_root

    wanted = only(chosen(options.words, options.root, cache_root(options.cache), options.source))
    print(write_sheet(wanted, options.out or Path(f"{wanted.name}.png")))  # noqa: T201 (the command's output)


def report(options: argparse.Namespace) -> None:
    """Write the report, and a dashboard for W&B where asked; print their paths."""
    from percepnet.ablation.report import write_report

    target = options.out or options.results / "report"
    for path in write_report(options.results, target, options.study, tuple(options.claims)):
        print(path)  # noqa: T201 (the command's output)
    if options.wandb:
        _dashboard(options, target)


def _dashboard(options: argparse.Namespace, target: Path) -> None:
    """Write the dashboard's specification; save it where somebody is logged in."""
    from percepnet.results.dashboard import dashboard, save, write
    from percepnet.results.rows import read_results
    from percepnet.results.tracking import default_entity

    rows = read_results(options.results)
    entity, reason = default_entity(timeout_s=30.0)
    made = dashboard(rows, options.project, options.entity or entity, options.study)
    paths = write(made, target)
    for path in [*save(made, target)] if not reason else paths:
        print(path)  # noqa: T201
    if reason:
        print(f"not saved to W&B ({reason}): run `wandb login`, then this command again")  # noqa: T201


def status(options: argparse.Namespace) -> None:
    """Print where a sweep stands; with --watch until nothing runs or waits any more."""
    from percepnet.results.watching import show

    show(options.results, options.study, as_json=options.json, watch=options.watch)


def track(options: argparse.Namespace) -> None:
    """Log runs to W&B; print what became of each; exit 1 if one could not be logged or sent."""
    from percepnet.results import sending
    from percepnet.results.tables import terminal

    console = terminal()
    outcomes = []
    for outcome in sending.track_finished(
        options.results,
        _tracking(options),
        options.study,
        again=options.again,
        written_only=not options.from_store,
        more=_size,
    ):
        outcomes.append(outcome)
        text = f"{outcome.state:<8}{outcome.folder.name}" + (
            f"\n  {outcome.remark}" if outcome.remark else ""
        )
        console.print(text, highlight=False, markup=False, soft_wrap=True)
    console.print(sending.conclusion(outcomes), highlight=False, markup=False, soft_wrap=True)
    if any(outcome.state == sending.FAILED or outcome.remark for outcome in outcomes):
        sys.exit(1)


def _tracking(options: argparse.Namespace) -> Mapping[str, Any]:
    """Return what W&B is told, as of a sweep.

    Raises:
        InputError: Neither `sync` nor --from-store was said.
    """
    from percepnet.errors import InputError

    if options.action != "sync" and not options.from_store:
        raise InputError(
            "which runs are meant?",
            expected="`percepnet track sync`, or `percepnet track --from-store`",
            remedy="sync sends what sweeps wrote offline; --from-store writes runs anew, from their rows",
        )
    mode = "online" if options.online or options.action == "sync" else "offline"
    place = {"project": options.project, "entity": options.entity}
    return {"mode": mode, "timeout_s": options.timeout, **place}


def _size(rows: pd.DataFrame) -> Mapping[str, int]:
    """Return how many parameters the network of a run has, where the catalogue knows it."""
    from percepnet.networks.catalogue import UNTRAINED, checkpoints

    network = str(rows.iloc[0]["network"])
    sizes = {row.id: row.parameters for row in checkpoints()}
    bare = {f"{row.architecture.name}.{UNTRAINED}": row.parameters for row in checkpoints()}
    size = sizes.get(network) or bare.get(network.rpartition(".")[0])
    return {"parameters": size} if size else {}
