"""Depths and tags that only some tools write; all common ones are in prediction/test_forms.py."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from emotion.data.images import read_image
from emotion.data.pixels import is_blank
from tests.user_errors import user_error

GRAY = np.random.default_rng(0).integers(0, 256, (12, 20), dtype=np.uint8)
DEEP = GRAY.astype(np.uint16) * 257


def read(path):
    return np.asarray(read_image(path))[..., 0]


def write_tiff(path, values, *, bits=None, sample_format=1, photometric=1):
    """An uncompressed TIFF file of gray (H, W) or color (H, W, 3), bytes as they are in memory."""
    height, width, *channels = values.shape
    data = values.tobytes() if bits != 12 else pack_12_bits(values)
    depths = [bits or 8 * values.itemsize] * (channels or [1])[0]
    tags = [(256, [width]), (257, [height]), (258, depths), (259, [1]), (262, [photometric])]
    tags += [(273, [8]), (277, [len(depths)]), (278, [height]), (279, [len(data)])]
    tags += [(339, [sample_format] * len(depths))]
    end, entries, extra = 8 + len(data), b"", b""
    for tag, numbers in tags:
        content = struct.pack(f"<{len(numbers)}I", *numbers)
        if len(numbers) > 1:
            content, extra = struct.pack("<I", end + len(extra)), extra + content
        entries += struct.pack("<HHI", tag, 4, len(numbers)) + content
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    path.write_bytes(b"II*\0" + struct.pack("<I", end + len(extra)) + data + extra + directory)


def pack_12_bits(values):
    """Two values in three bytes."""
    first, second = values.reshape(-1, 2).astype(int).T
    packed = [first >> 4, (first & 15) << 4 | second >> 8, second & 255]
    return np.stack(packed, axis=1).astype(np.uint8).tobytes()


@pytest.mark.parametrize("values", [DEEP, GRAY, (GRAY / 255).astype(np.float32)])
def test_zero_is_white_where_tiff_says_so(tmp_path, values):
    is_float = values.dtype.kind == "f"
    white = 1 if is_float else np.iinfo(values.dtype).max
    options = {"photometric": 0, "sample_format": 3 if is_float else 1}
    write_tiff(tmp_path / "a.tif", white - values, **options)
    np.testing.assert_array_equal(read(tmp_path / "a.tif"), GRAY)


def test_a_tiff_file_of_12_bits_is_scaled_by_4095(tmp_path):
    write_tiff(tmp_path / "a.tif", GRAY.astype(np.uint16) * 16 + 15, bits=12)
    np.testing.assert_array_equal(read(tmp_path / "a.tif"), GRAY)


def test_a_sign_that_pillow_ignores_is_refused(tmp_path):
    write_tiff(tmp_path / "a.tif", (GRAY.astype(int) - 128).astype(np.int8), sample_format=2)
    with user_error("sign", file="a.tif"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize(("scale", "is_scaled"), [(257, True), (16, False)])
def test_color_of_16_bits_must_fill_them_too(tmp_path, scale, is_scaled):
    values = np.repeat(GRAY[:, :, None].astype(np.uint16) * scale, 3, axis=2)
    write_tiff(tmp_path / "a.tif", values, photometric=2)
    if is_scaled:
        np.testing.assert_array_equal(read(tmp_path / "a.tif"), GRAY)
    else:
        with user_error("16-bit", file="a.tif"):
            read_image(tmp_path / "a.tif")


def test_a_bitmap_of_16_bits_per_pixel_may_be_dark(tmp_path):
    """Its 16 bits are three channels of 5 or 6."""
    bit_fields = 3
    header = struct.pack("<IiiHHIIiiII", 40, 8, 1, 1, 16, bit_fields, 16, 0, 0, 0, 0)
    header += struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    file = b"BM" + struct.pack("<IHHI", 66 + 16, 0, 0, 66) + header + struct.pack("<8H", *range(8))
    (tmp_path / "a.bmp").write_bytes(file)
    assert 0 < np.asarray(read_image(tmp_path / "a.bmp")).max() < 64


@pytest.mark.parametrize("bits", [2, 4])
def test_a_transparent_gray_of_few_bits_becomes_white(tmp_path, bits):
    levels = GRAY >> (8 - bits)
    path = tmp_path / "a.png"
    step = 255 // (2**bits - 1)
    write_gray_png(path, levels, bits, transparent=levels[0, 0])
    expected = np.where(levels == levels[0, 0], 255, levels * step)
    np.testing.assert_array_equal(read(path), expected)


def write_gray_png(path, levels, bits, transparent):
    def part(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    digits = np.unpackbits(levels[..., None], axis=2)[..., -bits:].reshape(len(levels), -1)
    rows = np.insert(np.packbits(digits, axis=1), 0, 0, axis=1)  # each begins with its filter, none
    height, width = levels.shape
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + part(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
        + part(b"tRNS", struct.pack(">H", transparent))
        + part(b"IDAT", zlib.compress(rows.tobytes()))
        + part(b"IEND", b"")
    )


@pytest.mark.parametrize("maximum", [255, 1000, 4095, 65535])
def test_a_pgm_file_is_scaled_by_the_maximum_that_it_declares(tmp_path, maximum):
    values = np.rint(GRAY / 255 * maximum).astype(">u2" if maximum > 255 else "u1")
    (tmp_path / "a.pgm").write_bytes(b"P5 20 12 %d\n" % maximum + values.tobytes())
    assert np.abs(read(tmp_path / "a.pgm").astype(int) - GRAY).max() <= 1


@pytest.mark.parametrize("at", [(0, 0), (299, 399), (123, 245)])
def test_one_different_pixel_is_not_blank(at):
    image = Image.new("RGB", (400, 300), (7, 8, 9))
    assert is_blank(image)
    assert is_blank(image.convert("L"))
    image.putpixel(at[::-1], (7, 8, 10))
    assert not is_blank(image)
