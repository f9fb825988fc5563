"""Terms of use: shown before the first download, and who accepted them is asked no more."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from percepnet.errors import InputError
from percepnet.sources.cache import atomic_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rich.console import Console

    from percepnet.benchmarks.offers import Offer


def agree(
    rows: Sequence[Offer],
    cached: Path,
    console: Console,
    *,
    accept_all: bool = False,
    ask: Callable[[str], bool] | None = None,
) -> None:
    """Show publisher, citation and terms of what was never fetched, and have the terms accepted.

    Args:
        rows: What is to be fetched.
        cached: The cache's folder.
        console: Where they are shown.
        accept_all: Whether the user has accepted them beforehand.
        ask: Asks the user a question; None where nobody is there to answer.

    Raises:
        InputError: Terms were not accepted.
    """
    for row in (row for row in rows if not row.nothing and not (row.files and accepted(row, cached))):
        show(row, console)
        if row.files and (accept_all or _says_yes(row, ask)):
            accept(row, cached, "--accept" if accept_all else "asked")
    refused = [row.name for row in rows if not accepted(row, cached)]
    if refused:
        raise InputError(
            f"the terms of {', '.join(refused)} have not been accepted, so nothing was fetched",
            expected="yes at the question, or --accept where nobody can be asked",
            remedy=f"read them: percepnet data fetch {' '.join(row.name for row in rows)} --accept",
        )


def _says_yes(row: Offer, ask: Callable[[str], bool] | None) -> bool:
    """Return the answer of whoever is there; the end of the input is none."""
    try:
        return ask is not None and ask(f"Do you accept these terms of {row.name}?")
    except EOFError:
        return False


def show(row: Offer, console: Console) -> None:
    """Print who offers what on which terms."""
    size = f"about {row.size / 1e6:.1f} MB" if row.size else ""
    lines = {
        "publisher": row.publisher,
        "page": row.page,
        "cite": row.citation,
        "terms": row.terms,
        "files": " ".join(filter(None, (str(len(row.files) or ""), size))),
        "by hand": row.by_hand.format(files="FOLDER"),
        "by itself": row.itself,
    }
    for line in [row.name, *(f"  {label + ':':<11}{text}" for label, text in lines.items() if text)]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def accepted(row: Offer, cached: Path) -> bool:
    """Tell whether these very terms have been accepted; nothing asks for it where nothing is fetched."""
    if not row.files:
        return True
    try:
        noted = json.loads(_note(row, cached).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(noted, dict) and noted.get("sha256") == row.terms_hash


def accept(row: Offer, cached: Path, how: str) -> None:
    """Remember that the terms were accepted, and `how`.

    Raises:
        InputError: The disk is full, or the cache cannot be written.
    """
    note = {
        "benchmark": row.name,
        "terms": row.terms,
        "page": row.page,
        "sha256": row.terms_hash,
        "accepted": datetime.now(UTC).isoformat(timespec="seconds"),
        "how": how,
    }
    with atomic_file(_note(row, cached)) as temporary:
        temporary.write_text(json.dumps(note, indent=1), encoding="utf-8")


def _note(row: Offer, cached: Path) -> Path:
    return cached / "benchmarks" / row.name / "accepted.json"
