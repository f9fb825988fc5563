"""One file with the pixels of many images back to back, and where each lies: made whole, read as a map.

Layout: a header (`_HEADER`), the pixels of every image as uint8 `[H, W, 3]`, then an index in JSON.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from percepnet.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_MAGIC = b"pnpixel1"
_HEADER = struct.Struct("<8sQQI")
"""Magic, where the index begins, its length in bytes, its CRC-32."""


class DamagedError(ValueError):
    """A file of pixels is not whole, or not the one that was asked for."""


class Place(NamedTuple):
    """Where an image lies: its first byte, its height and width in pixels, the CRC-32 of its bytes."""

    offset: int
    height: int
    width: int
    crc: int

    @property
    def size(self) -> int:
        """Bytes."""
        return 3 * self.height * self.width


@dataclass(frozen=True)
class PixelFile:
    """The images of a file, mapped into memory, read-only.

    Attributes:
        path: The file.
        places: Where each image lies, by key.
        mapped: Every byte of the file.
    """

    path: Path
    places: Mapping[str, Place]
    mapped: NDArray[np.uint8]

    @classmethod
    def opened(cls, path: Path, identity: str) -> PixelFile:
        """Return the map of a file that was written for `identity`.

        Raises:
            DamagedError: It is cut off, damaged, of another identity or no such file at all.
            OSError: It cannot be read.
        """
        index, begin = _index(path)
        places = {key: Place(*place) for key, place in index["images"].items()}
        if index["identity"] != identity:
            raise DamagedError(f"made for {index['identity']}, not for {identity}")
        if _HEADER.size + sum(place.size for place in places.values()) != begin:
            raise DamagedError("pixels are missing")
        return cls(path, places, np.memmap(path, np.uint8, mode="r"))

    def image(self, key: str) -> NDArray[np.uint8]:
        """Return a copy of the pixels `[H, W, 3]`.

        Raises:
            InputError: There is no such image, or its bytes have changed since they were written.
        """
        if key not in self.places:
            raise InputError(f"There is no image {key}.", found=key, remedy=nearest(key, self.places))
        place = self.places[key]
        pixels = np.array(self.mapped[place.offset : place.offset + place.size])
        if zlib.crc32(pixels.data) != place.crc:
            raise InputError(
                f"The kept pixels of {key} are damaged.",
                expected="the bytes that were written",
                found=f"others: {self.path}",
                remedy="delete that file, the next run makes it anew; check the disk",
            )
        return pixels.reshape(place.height, place.width, 3)


def write_pixels(path: Path, identity: str, images: Iterable[tuple[str, NDArray[np.uint8]]]) -> None:
    """Write keys and their pixels `[H, W, 3]` to `path`, one after the other, then the index."""
    places: dict[str, Place] = {}
    with path.open("wb") as file:
        file.write(bytes(_HEADER.size))
        for key, pixels in images:
            content = np.ascontiguousarray(pixels).data
            places[key] = Place(file.tell(), pixels.shape[0], pixels.shape[1], zlib.crc32(content))
            file.write(content)
        begin = file.tell()
        index = json.dumps({"identity": identity, "images": places}).encode()
        file.write(index)
        file.seek(0)
        file.write(_HEADER.pack(_MAGIC, begin, len(index), zlib.crc32(index)))


def _index(path: Path) -> tuple[dict[str, Any], int]:
    """Return the index and where it begins, which is where the pixels end."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size or not header.startswith(_MAGIC):
            raise DamagedError("no file of pixels")
        _, begin, length, crc = _HEADER.unpack(header)
        if begin + length != size:
            raise DamagedError(f"{size} bytes instead of {begin + length}")
        file.seek(begin)
        index = file.read()
    if zlib.crc32(index) != crc:
        raise DamagedError("the index has changed")
    found: dict[str, Any] = json.loads(index)
    return found, begin
