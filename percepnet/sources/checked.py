"""A download that has the hash it should have."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from percepnet.errors import UnreachableError
from percepnet.sources import http
from percepnet.sources.cache import sha256

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)


def download_checked(
    url: str, part: Path, expected: str | None, name: str, *, cert: str | None = None
) -> str:
    """Leave the whole file at `url` in `part` and return its sha256.

    A part that an earlier process left is gone on with. If that ends in another hash than the expected one,
    it is thrown away, once, and the file is fetched from its first byte.

    Args:
        url: http(s) address.
        part: From `part_file`.
        expected: The sha256, or how it begins; None where none is known.
        name: What to call the file in a message.
        cert: File of trusted certificates, unless the environment names one.

    Raises:
        UnreachableError: The address does not give the file, or one with another hash.
        OSError: `part` cannot be written.
    """
    resumed = http.download(url, part, cert=cert)
    digest = sha256(part)
    if resumed and not digest.startswith(expected or ""):
        logger.warning("%s: the part that lay here did not lead to the right file; fetching all of it", name)
        part.unlink()
        http.download(url, part, cert=cert)
        digest = sha256(part)
    if not digest.startswith(expected or ""):
        part.unlink()
        raise UnreachableError(f"{name}: came with sha256 {digest}, not {expected}")
    return digest
