"""What every job has: a lock, a status that tells how it ended, and rows that say what made them."""

from __future__ import annotations

import logging
import os
import platform
import time
import traceback
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from percepnet import __version__
from percepnet.agreement.contract import ALL, Score
from percepnet.config import RETRIES
from percepnet.errors import InputError, NothingThereError, PercepnetError
from percepnet.results import status as states
from percepnet.results.pulse import Pulse
from percepnet.results.resamples import RESAMPLES
from percepnet.results.rows import read_run
from percepnet.results.status import read_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from percepnet.agreement.contract import Bootstrap, FloatArray
    from percepnet.benchmarks.contract import Benchmark
    from percepnet.results.resamples import Key
    from percepnet.results.status import Status

log = logging.getLogger(__name__)

FAILED_ALONE = "failed"
"""The `retry` that runs again what failed, and nothing else."""
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


def told(
    status: Status, folder: Path, work: Callable[[Pulse, bool], End], retry: bool | str = False
) -> Status | None:
    """Do the work and leave its status in `folder`; a failure is written down, never raised.

    Only for who holds the folder's lock: a status that says running is then of a job that died.

    Args:
        status: That the job begins with.
        folder: Of the run.
        work: Is given the job's signs of life, and whether finished work is to be done anew.
        retry: `false` looks at every job and keeps the finished ones, `true` does every job anew, `failed`
            does those alone that failed or died and leaves the others as they are.

    Returns:
        How it ended; None if the job was left alone.
    """
    before = read_status(folder)
    if retry == FAILED_ALONE and (before is None or before.state in (states.DONE, states.SKIPPED)):
        leave(_left_alone(before, status), folder)
        return None
    began = time.monotonic()
    leave(status, folder)
    try:
        ended = _ended(status, folder, lambda pulse: work(pulse, _is_anew(retry, before)))
    except BaseException:
        seconds = time.monotonic() - began
        leave(status.now(states.LOST, reason=states.INTERRUPTED, seconds=seconds), folder)
        raise
    ended = ended.now(ended.state, seconds=time.monotonic() - began)
    leave(ended, folder)
    return ended


def _left_alone(before: Status | None, status: Status) -> Status:
    """Return the status of a job that a command has looked at, no more: kept if done, else as it was."""
    if before is None:
        return status.now(states.SKIPPED, reason="never run, and retry=failed runs those alone that failed")
    if before.state == states.DONE:
        return status.now(states.DONE, reason=states.FINISHED_BEFORE)
    return replace(before, invocation=status.invocation)


def _is_anew(retry: bool | str, before: Status | None) -> bool:
    """Tell whether a job is done anew though its rows are there."""
    if retry not in RETRIES:
        raise InputError("unknown retry", expected="true, false or failed", found=repr(retry))
    if retry == FAILED_ALONE:
        return before is not None and before.state == states.FAILED
    return retry is True


def _ended(status: Status, folder: Path, work: Callable[[Pulse], End]) -> Status:
    pulse = Pulse(status, folder)
    try:
        with pulse.beating():
            end = work(pulse)
    except NothingThereError as error:
        log.warning("%s", error)
        return status.now(states.SKIPPED, reason=str(error))
    except PercepnetError as error:
        log.error("%s", error)  # noqa: TRY400 (the message is complete; a traceback would bury it)
        return status.now(states.FAILED, reason=str(error))
    except Exception:
        log.exception("unexpected error")
        return status.now(states.FAILED, reason=traceback.format_exc(limit=-3))
    return status.now(states.DONE, reason=end.remark, images_passed=end.images_passed)


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
    """Set torch's threads: as told, else the launcher's share, else every core that the process may use."""
    import torch

    share = os.environ.get("SLURM_CPUS_PER_TASK") or os.environ.get("OMP_NUM_THREADS")
    torch.set_num_threads(threads or (int(share) if share else len(os.sched_getaffinity(0))))


def versions(*more: str) -> dict[str, str]:
    """Return the versions of percepnet, Python and the libraries that take part, `more` among them."""
    return {
        "percepnet": __version__,
        "python": platform.python_version(),
        **{name: _version(name) for name in (*LIBRARIES, *more)},
    }


@cache
def _version(library: str) -> str:
    """Return an installed library's version; what a process has imported stays what it is."""
    return version(library)
