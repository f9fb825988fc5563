"""One file over HTTP, gone on with after a broken connection or a killed process; one-line reasons."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

from percepnet import __version__
from percepnet.errors import UnreachableError
from percepnet.sources.source import shown
from percepnet.sources.version import Version, forget, remember, remembered

if TYPE_CHECKING:
    from pathlib import Path

    import requests

logger = logging.getLogger(__name__)

ATTEMPTS = 3
BACKOFF_S = 0.5
TIMEOUT_S = 30.0
_CONNECT_S = 10.0
_CHUNK = 1 << 16
_NO_SUCH_RANGE = 416
_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
# What stands in the representation of an error of requests, and how to say it; the first that fits wins.
_REASONS = (
    ("ProxyError", "the proxy could not be used"),
    ("NameResolutionError", "the host name could not be resolved"),
    ("SSLError", "the TLS certificate was not accepted (REQUESTS_CA_BUNDLE names the trusted ones)"),
    ("timed out", "timed out"),
    ("Connection refused", "the connection was refused"),
)


class _TransientError(Exception):
    """A failure after which another attempt may succeed."""


def download(url: str, target: Path, *, timeout: float = TIMEOUT_S, cert: str | None = None) -> bool:
    """Leave the whole body of `url` in `target`; return whether a part of it is an earlier call's.

    Args:
        url: http(s) address.
        target: The caller's own; on failure it holds a part. What lies there before is gone on with if an
            earlier call left it for the same address and the server has that version still; else it goes.
        timeout: Seconds without a byte after which the server counts as hanging.
        cert: File of trusted certificates, unless the environment names one.

    Raises:
        UnreachableError: With a one-line reason.
        OSError: `target` cannot be written.
    """
    started = time.monotonic()
    target.touch()
    with session(cert) as client:
        transfer = _Transfer(client, url, target, timeout)
        already = transfer.have
        if already:
            logger.info("%s: going on after %.1f MB", shown(url), already / 1e6)
        _run(transfer, url)
    size, seconds = target.stat().st_size / 1e6, time.monotonic() - started
    logger.info("downloaded %s: %.1f MB in %.1f s", shown(url), size, seconds)
    return bool(already) and not transfer.anew


def _run(transfer: _Transfer, url: str) -> None:
    """Make up to three attempts."""
    for pause in [BACKOFF_S * 2**attempt for attempt in range(ATTEMPTS - 1)]:
        try:
            return transfer.run()
        except _TransientError as error:
            logger.info("%s: %s; trying again", shown(url), error)
            time.sleep(pause)
    return transfer.run_last()


def session(cert: str | None = None) -> requests.Session:
    """Return a session with the environment's TLS settings; REQUESTS_CA_BUNDLE wins over `cert`."""
    import requests

    client = requests.Session()
    client.headers["User-Agent"] = f"percepnet/{__version__}"
    client.verify = cert or os.environ.get("PIP_CERT") or True
    return client


def reason(error: requests.RequestException) -> str:
    """Return in one line why a request failed."""
    text = repr(error)
    known = (words for needle, words in _REASONS if needle in text)
    return next(known, f"the connection broke ({type(error).__name__})")


class _Transfer:
    """One download over several attempts: what came already, and the version of the file it is part of.

    Attributes:
        have: Bytes that came already.
        anew: Whether the file was begun from its first byte by this call.
    """

    def __init__(self, client: requests.Session, url: str, target: Path, timeout: float) -> None:
        self._client, self._url, self._target = client, url, target
        self._timeouts = (min(_CONNECT_S, timeout), timeout)
        self._version = remembered(target, url)
        self.have = target.stat().st_size if self._version else 0
        self.anew = False

    def run_last(self) -> None:
        """Make the attempt after which there is no other."""
        try:
            self.run()
        except _TransientError as error:
            raise self._unreachable(str(error)) from error

    def run(self) -> None:
        """Fetch what is missing.

        Raises:
            UnreachableError: Another attempt is useless.
            _TransientError: It may be not.
        """
        import requests

        before = self.have
        if before and self._version and before == self._version.length:
            return
        try:
            self._request()
        except requests.RequestException as error:
            words = reason(error)
            # A server that sent something before it broke off or fell silent is worth another attempt.
            if self.have > before or isinstance(error, requests.exceptions.ChunkedEncodingError):
                raise _TransientError(words) from error
            if words.startswith("the connection broke") and isinstance(error, requests.ConnectionError):
                raise _TransientError(words) from error
            raise self._unreachable(words) from error

    def _request(self) -> None:
        # Without "identity" the length and the hash would be those of a compressed transport.
        headers = {"Accept-Encoding": "identity"}
        if self.have and self._version:
            headers |= {"Range": f"bytes={self.have}-", "If-Range": self._version.validator}
        with self._client.get(self._url, headers=headers, stream=True, timeout=self._timeouts) as response:
            self._check(response)
            if not self._goes_on(response):
                self._begin(response)
            self._receive(response)

    def _check(self, response: requests.Response) -> None:
        status = f"HTTP {response.status_code} {response.reason}"
        if response.status_code in _TRANSIENT_STATUS:
            raise _TransientError(status)
        if response.status_code == _NO_SUCH_RANGE and self.have:
            self._discard()
            raise _TransientError(status)
        if response.status_code not in {200, 206}:
            raise self._unreachable(status)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise self._unreachable("the server answered with a web page (HTML) instead of the file")

    def _goes_on(self, response: requests.Response) -> bool:
        """Return whether the answer is the rest of what is here; a rest of something else is an error."""
        if response.status_code != 206:
            return False
        span, _, total = response.headers.get("Content-Range", "").partition("/")
        version = self._version
        same = version is not None and span.startswith(f"bytes {self.have}-")
        if same and version and total.isdigit() and version.length is not None:
            same = int(total) == version.length
        if same and version:
            same = _validator(response) in {None, version.validator}
        if not same:
            self._discard()
            raise _TransientError("the server sent a part of another version")
        return True

    def _begin(self, response: requests.Response) -> None:
        """Empty the target, then remember what it will be a part of: never the other way round."""
        self._discard()
        validator = _validator(response)
        if validator:
            self._version = Version.of(self._url, validator, _length(response, 0))
            remember(self._target, self._version)

    def _discard(self) -> None:
        os.truncate(self._target, 0)
        forget(self._target)
        self.have, self._version, self.anew = 0, None, True

    def _receive(self, response: requests.Response) -> None:
        total = _length(response, self.have)
        with self._target.open("r+b") as file:
            file.seek(self.have)
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                self.have += len(chunk)
        if total is not None and self.have != total:
            raise _TransientError(f"the file is truncated: {self.have} of {total} bytes came")

    def _unreachable(self, why: str) -> UnreachableError:
        return UnreachableError(f"{shown(self._url)}: {why}", remedy="check the address and the network")


def _validator(response: requests.Response) -> str | None:
    """Return what tells that the file has not changed between two attempts, None where nothing does."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")


def _length(response: requests.Response, already: int) -> int | None:
    """Return the size of the whole file in bytes, None where the server does not say."""
    length = response.headers.get("Content-Length", "")
    if not length.isdigit() or response.headers.get("Content-Encoding", "identity") != "identity":
        return None
    return already + int(length)
