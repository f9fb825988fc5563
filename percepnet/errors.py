"""Errors that fit on one screen: what was expected, what came, what to do."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class PercepnetError(Exception):
    """An error for the user, not for the developer.

    Args:
        problem: What went wrong, in one sentence.
        expected: What percepnet had a right to find.
        found: What it found instead.
        remedy: What the user can do about it.
    """

    def __init__(self, problem: str, *, expected: str = "", found: str = "", remedy: str = "") -> None:
        self.problem = problem
        labelled = (("expected", expected), ("found", found), ("to do", remedy))
        lines = [f"  {label + ':':<10}{text}" for label, text in labelled if text]
        super().__init__("\n".join([problem, *lines]))


class InputError(PercepnetError):
    """A setting, a file or an image is not what it has to be."""


class UnreachableError(PercepnetError):
    """A file could be had from none of its sources."""


class NothingThereError(PercepnetError):
    """The combination that was asked for does not exist: a reason to skip it, not a failure."""


def nearest(name: str, known: Iterable[str], limit: int = 3) -> str:
    """Return "did you mean ...?" with the names most like `name`, or the list of known names."""
    names = sorted(known)
    matches = difflib.get_close_matches(name, names, n=limit, cutoff=0.5)
    if matches:
        return f"did you mean {' or '.join(matches)}?"
    return f"choose one of: {', '.join(names)}" if names else "nothing is known here"
