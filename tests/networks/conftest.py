"""The loopback web server of tests/sources, for checkpoints."""

import shutil

import pytest

from tests.sources.conftest import _quick_and_local, site  # noqa: F401


@pytest.fixture
def cache(tmp_path):
    """A folder for checkpoints that is emptied at once: they are large."""
    yield tmp_path / "cache"
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
