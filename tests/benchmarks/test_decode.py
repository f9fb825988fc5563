import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from percepnet.benchmarks.decode import read_rgb8
from percepnet.errors import InputError

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 10, 3), dtype=np.uint8)


def saved(path: Path, mode: str = "RGB") -> Path:
    Image.fromarray(PIXELS).convert(mode).save(path)
    return path


def png_of_16_bits(path: Path) -> Path:
    rows = b"".join(b"\0" + b"\x12\x34" * 30 for _ in range(12))
    header = struct.pack(">IIBBBBB", 10, 12, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    blocks = [struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(blocks))
    return path


@pytest.mark.parametrize("name", ["image.png", "image.bmp", "image.tif", "image.ppm"])
def test_pixels_come_back_as_written(tmp_path, name):
    pixels = read_rgb8(saved(tmp_path / name), (12, 10))
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, PIXELS)


@pytest.mark.parametrize(
    ("mode", "name", "message"),
    [
        ("L", "grey.png", "grey"),
        ("RGBA", "clear.png", "RGBA"),
        ("CMYK", "print.tif", "CMYK"),
        ("P", "few.png", "a palette"),
        ("1", "bits.png", "black and white"),
    ],
)
def test_other_kinds_of_image_are_named(tmp_path, mode, name, message):
    with pytest.raises(InputError, match=f"found: +{message}"):
        read_rgb8(saved(tmp_path / name, mode))


def test_sixteen_bit_colour_is_not_narrowed_in_silence(tmp_path):
    with pytest.raises(InputError, match="16 bits per channel"):
        read_rgb8(png_of_16_bits(tmp_path / "deep.png"))


def test_sixteen_bit_grey_is_named(tmp_path):
    path = tmp_path / "deep.png"
    Image.fromarray(np.full((3, 4), 30000, dtype=np.uint16)).save(path)
    with pytest.raises(InputError, match="16 bits per channel"):
        read_rgb8(path)


@pytest.mark.parametrize("name", ["cut.png", "cut.bmp", "cut.jpg", "cut.tif"])
def test_a_truncated_file_is_refused(tmp_path, name):
    path = saved(tmp_path / name)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match=f"{name} cannot be used"):
        read_rgb8(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no such file: .*gone\.png"):
        read_rgb8(tmp_path / "gone.png")


@pytest.mark.parametrize("content", [b"", b"<html>404</html>"])
def test_a_file_that_is_no_image_is_refused(tmp_path, content):
    path = tmp_path / "page.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no image"):
        read_rgb8(path)


def test_another_size_is_named_width_first(tmp_path):
    with pytest.raises(InputError, match=r"expected: 512 x 384 pixels(?s:.*)found: +10 x 12"):
        read_rgb8(saved(tmp_path / "small.png"), (384, 512))
