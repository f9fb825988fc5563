"""LIVE release 2 in its original folder: 779 distorted images with realigned DMOS.

Sheikh, Sabir & Bovik (2006), A statistical evaluation of recent full reference image quality assessment
algorithms, IEEE Trans. Image Processing 15(11), 3440-3451, doi:10.1109/TIP.2006.881959; order and meaning of
the files after the release's own readme.txt.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from percepnet.benchmarks.contract import Pair
from percepnet.benchmarks.files import DIGESTS, entries, require
from percepnet.benchmarks.opinion.benchmark import OpinionScores
from percepnet.benchmarks.opinion.judged import Release, check_length, checked, of_mean
from percepnet.benchmarks.score_files import refusal, unreadable
from percepnet.benchmarks.shelves import Layout, MatchedFiles, Shelf, locate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCORE_FILE = "dmos_realigned.mat"
NAME_FILE = "refnames_all.mat"
REFERENCES = "refimgs"
FOLDERS = ("jp2k", "jpeg", "wn", "gblur", "fastfading")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LIVE:
    """LIVE release 2 as its authors packed it.

    Scores are the realigned DMOS `dmos_new`, about -3 to 112, higher is worse. The score file numbers the
    images of all folders through: 982, of which 203 are copies of references (`orgs` is 1), which are left
    out. The published `dmos_std` is the deviation between observers (about 11: published errors of 8.5 and
    9.07 are given with 0.587 and 0.695 as chi squared in its units, and metrics have correlated with DMOS
    more closely than a mean of that spread would allow): the spread of a mean score is
    `dmos_std / sqrt(ratings)`. Some files in `jpeg/` are identical and were rated separately: they stay in.

    Attributes:
        name: The name in results.
        root: Folder with `refimgs/`, one folder per type, `dmos_realigned.mat` and `refnames_all.mat`.
        counts: Images in `jp2k/`, `jpeg/`, `wn/`, `gblur/` and `fastfading/`, copies of references included.
        pairs: How many of them are no copies.
        ratings: Ratings that a score is the mean of: by 20 to 29 people, about 23 on average.
    """

    name: str = "live"
    root: str | None = None
    counts: tuple[int, ...] = (227, 233, 174, 174, 174)
    pairs: int = 779
    ratings: float = 23.0

    def load(self, cache: Path, mirrors: Sequence[Path], *, network: bool) -> OpinionScores:
        """Return the benchmark once its scores are read and every image file is found.

        Sizes vary from scene to scene; a distorted image must be as large as its reference.

        Raises:
            NothingThereError: No root was named.
            InputError: Scores or image files are missing, repeated or of another release.
        """
        del mirrors, network  # files are the user's, or were fetched before
        content = f"{REFERENCES}/, {'/, '.join(FOLDERS)}/, {SCORE_FILE} and {NAME_FILE}"
        folder = Layout(self.name, (REFERENCES, *FOLDERS), content).folder(self.root, cache)
        files = require(entries(folder), [SCORE_FILE, NAME_FILE], folder, "unpack the whole database again")
        rows = self._rows(*files)
        pairs = checked(
            [row for row in rows if row is not None], files[0], Release("DMOS", -20.0, 120.0, self.pairs)
        )
        _log.info("%s: %d copies of references are left out", self.name, len(rows) - len(pairs))
        paths = locate(folder, *self._shelves(pairs))
        return OpinionScores(
            self.name, tuple(pairs), MatchedFiles.of(paths, pairs, cache / DIGESTS), higher_is_better=False
        )

    def _rows(self, scores: Path, names: Path) -> list[Pair | None]:
        """Return the pair of each image, None for the copies of references."""
        table = _columns(scores, ("dmos_new", "dmos_std", "orgs")) | _columns(names, ("refnames_all",))
        release = Release("DMOS", rows=sum(self.counts))
        check_length(table["orgs"].size, scores, release)
        check_length(table["refnames_all"].size, names, release)
        if {column.size for column in table.values()} != {release.rows}:
            found = ", ".join(f"{column.size} {name}" for name, column in table.items())
            raise refusal(scores, "Its columns differ in length.", f"{release.rows} of each", found)
        rows = zip(self._images(), *(table[name] for name in table), strict=True)
        return [
            None if copy == 1 else self._pair(kind, at, reference, dmos, std)
            for (kind, at), dmos, std, copy, reference in rows
        ]

    def _pair(self, kind: str, at: int, reference: object, dmos: Any, std: Any) -> Pair:  # noqa: ANN401 (an array holds anything)
        key = Path(str(reference)).stem
        spread = of_mean(float(std), self.ratings)
        return Pair(key, f"{kind}/img{at}", key, float(dmos), spread, kind)

    def _images(self) -> Iterator[tuple[str, int]]:
        for kind, count in zip(FOLDERS, self.counts, strict=True):
            yield from ((kind, at) for at in range(1, count + 1))

    def _shelves(self, pairs: Sequence[Pair]) -> Iterator[Shelf]:
        yield Shelf((REFERENCES,), {pair.reference: f"{pair.reference}.bmp" for pair in pairs})
        for kind in FOLDERS:
            names = {
                pair.distorted: f"{Path(pair.distorted).name}.bmp" for pair in pairs if pair.kind == kind
            }
            yield Shelf((kind,), names, [f"img{at}.bmp" for folder, at in self._images() if folder == kind])


def _columns(path: Path, names: tuple[str, ...]) -> dict[str, Any]:
    """Return arrays of a MATLAB file by name, each flat."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path, simplify_cells=True, variable_names=names)
        return {name: np.ravel(np.asarray(content[name])) for name in names}
    except (OSError, ValueError, TypeError, KeyError, NotImplementedError, MatReadError) as error:
        raise unreadable(path, f"a MATLAB file with {', '.join(names)}", error) from error
