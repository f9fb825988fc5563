"""What every job has: a lock, a status that tells how it ended, and rows that say what made them."""

from __future__ import annotations

import logging
import os
import platform
import time
import traceback
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from percepnet import __version__
from percepnet.agreement.contract import ALL, Score
from percepnet.errors import NothingThereError, PercepnetError
from percepnet.results import status as states
from percepnet.results.resamples import RESAMPLES
from percepnet.results.rows import read_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from percepnet.agreement.contract import Bootstrap, FloatArray
    from percepnet.benchmarks.contract import Benchmark
    from percepnet.results.resamples import Key
    from percepnet.results.status import Status

log = logging.getLogger(__name__)

LIBRARIES = ("torch", "torchvision", "timm", "lightning", "numpy", "scipy")
# What a score holds that stands elsewhere than in a column of its name.
_NO_COLUMN = ("tap", "resampled")


@dataclass(frozen=True, slots=True)
class End:
    """How a job ended well.

    Attributes:
        images_passed: Images that it read or passed.
        remark: "" or what there is to say.
    """

    images_passed: int = 0
    remark: str = ""


def told(status: Status, folder: Path, work: Callable[[], End]) -> None:
    """Do the work and leave its status in `folder`; a failure is written down, never raised.

    Only for who holds the folder's lock.
    """
    began = time.monotonic()
    leave(status, folder)
    try:
        end = work()
        status = status.now(states.DONE, reason=end.remark, images_passed=end.images_passed)
    except NothingThereError as error:
        log.warning("%s", error)
        status = status.now(states.SKIPPED, reason=str(error))
    except PercepnetError as error:
        log.error("%s", error)  # noqa: TRY400 (the message is complete; a traceback would bury it)
        status = status.now(states.FAILED, reason=str(error))
    except Exception:
        log.exception("unexpected error")
        status = status.now(states.FAILED, reason=traceback.format_exc(limit=-3))
    except BaseException:
        leave(status.now(states.FAILED, reason="interrupted"), folder)
        raise
    leave(status.now(status.state, seconds=time.monotonic() - began), folder)


def leave(status: Status, folder: Path) -> None:
    """Write a status; where even that fails (a full disk), say so on the screen."""
    try:
        status.write(folder)
    except PercepnetError as error:
        log.error("the status of %s could not be written: %s", folder.name, error)  # noqa: TRY400


def rows_of(
    about: Mapping[str, Any], layers: Sequence[str], depths: Sequence[float], scores: Sequence[Score]
) -> Iterator[dict[str, Any]]:
    """Yield a result row per score: what made it, the layer, the numbers."""
    for score in scores:
        yield {
            **about,
            "layer": layers[score.tap],
            "layer_index": score.tap,
            "depth": depths[score.tap],
            **{name: getattr(score, name) for name in Score.__slots__ if name not in _NO_COLUMN},
        }


def resamples_of(
    benchmark: str, scores: Sequence[Score], bootstrap: Bootstrap
) -> Iterator[tuple[Key, int, FloatArray]]:
    """Yield the resamples of each score that rows can be compared by, as `write_resamples` takes them.

    These are the scores over all judgements of a metric that has a better direction.
    """
    for score in scores:
        if score.subset == ALL and score.polarity != 0 and score.resampled is not None:
            left_out = score.resampled.size - bootstrap.resamples
            yield (benchmark, score.metric, score.tap), left_out, score.resampled


def finished_rows(folder: Path) -> pd.DataFrame | None:
    """Return the rows of a run, None if it has not finished or a version ended it that kept no resamples."""
    rows = read_run(folder)
    if rows is None or rows["draws"].isna().any() or not (folder / RESAMPLES).exists():
        return None
    return rows


def about_pairs(benchmark: Benchmark) -> dict[str, list[Any]]:
    """Return what is known of every pair, as the columns that stand before the distances."""
    return {
        name: [getattr(pair, name) for pair in benchmark.pairs]
        for name in ("reference", "distorted", "cluster", "kind", "level", "score", "spread")
    }


def use_threads(threads: int | None) -> None:
    """Set torch's threads: as told, else SLURM's share, else every core that the process may use."""
    import torch

    share = os.environ.get("SLURM_CPUS_PER_TASK")
    torch.set_num_threads(threads or (int(share) if share else len(os.sched_getaffinity(0))))


def versions(*more: str) -> dict[str, str]:
    """Return the versions of percepnet, Python and the libraries that take part, `more` among them."""
    return {
        "percepnet": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in (*LIBRARIES, *more)},
    }
