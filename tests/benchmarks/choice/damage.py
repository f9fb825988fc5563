"""Ways to damage a data set, and what must be said of each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from percepnet.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.benchmarks.choice.miniature import Miniature


def refusal(mini: Miniature, **settings: Any) -> str:
    """Return what is said when the damaged data set is loaded and all its images are read."""
    with pytest.raises(InputError) as caught:
        read_all(mini.load(**settings))
    return str(caught.value)


def read_all(benchmark) -> None:
    for pair in benchmark.pairs:
        benchmark.image(pair.reference)
        benchmark.image(pair.distorted)


def messages(
    build: Callable[[Path], Miniature],
    damages: dict[str, tuple[Callable[[Miniature], object], str]],
    at: Path,
) -> set[str]:
    """Return the distinct messages, paths left out, that all damages lead to."""
    told = set()
    for number, (damage, _) in enumerate(damages.values()):
        mini = build(at / str(number) / "whole")
        damage(mini)
        told.add(re.sub(r"\S*/\S*", "", refusal(mini)))
    return told


def vote(value: object) -> Callable[[Path], None]:
    return lambda path: np.save(path, np.array(value))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


class Harmful:
    """An object that pickle must never be asked to make."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was opened",))
