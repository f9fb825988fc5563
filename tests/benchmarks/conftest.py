"""Data beside the checkout, downloads that tests share, and a bootstrap that costs nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from percepnet.agreement.contract import Bootstrap
from percepnet.benchmarks.opinion.tid2013_kodak import RebuiltTID2013, TID2013Kodak
from percepnet.benchmarks.psychophysics.modelfest import ModelFest
from percepnet.sources.cache import cache_root
from tests.sources.conftest import site  # noqa: F401 (a fixture)

if TYPE_CHECKING:
    from percepnet.benchmarks.psychophysics.thresholds import Thresholds

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the Kodak photographs and TID2013's score files."""
    folder = Path(os.environ.get("PERCEPNET_SHARED") or CHECKOUT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no test data: set PERCEPNET_SHARED to a folder with kodak/ and tid2013/")
    return folder


@pytest.fixture(scope="session")
def rebuilt(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> RebuiltTID2013:
    config = TID2013Kodak(root=str(shared_data))
    return config.load(tmp_path_factory.mktemp("cache"), (), network=False)


@pytest.fixture(scope="session")
def modelfest() -> Thresholds:
    """ModelFest with its real data, from the user's cache or the package index."""
    return ModelFest().load(cache_root(None), (), network=True)


@pytest.fixture
def bootstrap() -> Bootstrap:
    return Bootstrap(resamples=50)
