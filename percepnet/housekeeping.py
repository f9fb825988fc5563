"""What `percepnet store` and `percepnet doctor` do; imports wait until a command is run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def store_ls(options: argparse.Namespace) -> None:
    """Print every entry of the store."""
    from percepnet.responses.hygiene import entries
    from percepnet.responses.listing import show_entries

    show_entries(entries(_store(options)), as_json=options.json)


def store_du(options: argparse.Namespace) -> None:
    """Print the room that the store takes."""
    from percepnet.responses.hygiene import entries
    from percepnet.responses.listing import show_usage

    show_usage(entries(_store(options)), as_json=options.json)


def store_gc(options: argparse.Namespace) -> None:
    """Remove what nobody needs; print it."""
    from percepnet.responses.listing import show_removed
    from percepnet.responses.upkeep import collect

    removed = collect(_store(options), days=options.days, dry_run=options.dry_run)
    show_removed(removed, dry_run=options.dry_run)


def store_verify(options: argparse.Namespace) -> None:
    """Print what is damaged; exit 1 if any of it remains."""
    from percepnet.responses.listing import show_findings
    from percepnet.responses.upkeep import verify

    findings = verify(_store(options), delete=options.delete)
    show_findings(findings, delete=options.delete)
    if any(not finding.deleted for finding in findings):
        sys.exit(1)


def _store(options: argparse.Namespace) -> Path:
    from percepnet.sources.cache import cache_root

    return cache_root(options.cache) / "responses"


def doctor(options: argparse.Namespace) -> None:
    """Print what this machine offers; exit 1 if a sweep could not work here."""
    from percepnet.doctor import examine
    from percepnet.sources.cache import cache_root

    if not examine(cache_root(options.cache)):
        sys.exit(1)
