"""What W&B has got of a run: a small file beside the run, so that nothing is logged twice."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from percepnet.results.rows import SCHEMA
from percepnet.sources.cache import atomic_file

if TYPE_CHECKING:
    from pathlib import Path

    from percepnet.results.status import Status

RECEIPT = "tracked.json"


@dataclass(frozen=True)
class Receipt:
    """A run that has been written for W&B, whole.

    Attributes:
        rows: Digest of the rows it was made of, or of the failure that left none.
        project: Of W&B.
        entity: Of W&B; None for the user's own.
        run: Folder that `wandb sync` takes, relative to the run's.
        sent: Whether it was seen to arrive.
    """

    rows: str
    project: str
    entity: str | None
    run: str
    sent: bool = False

    def write(self, folder: Path) -> None:
        """Leave the receipt in a run's folder."""
        with atomic_file(folder / RECEIPT) as path:
            path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    def delivered(self) -> Receipt:
        """Return the receipt of a run that has arrived."""
        return replace(self, sent=True)

    def is_sent(self, folder: Path) -> bool:
        """Tell whether it arrived: sent by us, or by hand, of which `wandb sync` leaves a mark."""
        return self.sent or any((folder / self.run).glob("*.wandb.synced"))

    def is_there(self, folder: Path) -> bool:
        """Tell whether the offline run still lies there, to be sent."""
        return any((folder / self.run).glob("*.wandb"))


def last_receipt(folder: Path) -> Receipt | None:
    """Return the receipt of a run; None where there is none, or it cannot be read."""
    try:
        return Receipt(**json.loads((folder / RECEIPT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # at worst the run is logged again, under the same id


def forget(folder: Path) -> None:
    """Remove the receipt of a run that is about to be logged anew."""
    (folder / RECEIPT).unlink(missing_ok=True)


def digest_of_failure(status: Status) -> str:
    """Return 16 hexadecimal digits that tell one failure of a cell from another."""
    told = f"{status.state} {status.invocation} {status.host} {status.pid} {status.reason}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def digest(rows: pd.DataFrame) -> str:
    """Return 16 hexadecimal digits that change with any of the rows' columns."""
    hashed = pd.util.hash_pandas_object(rows[list(SCHEMA.names)].reset_index(drop=True), index=False)
    return hashlib.sha256(hashed.to_numpy().tobytes()).hexdigest()[:16]
