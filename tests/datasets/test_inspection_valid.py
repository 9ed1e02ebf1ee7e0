"""Unusual but valid images are read as they are displayed."""

import numpy as np
import pytest
from PIL import Image

from emotion.data.images import read_image
from emotion.datasets.image_hashes import HASH_BYTES, hash_pixels
from emotion.datasets.inspection import inspect_images
from tests.datasets.test_inspection import GRAY, NOISE, inspect_one, save_noise

pytestmark = pytest.mark.filterwarnings("error")

# Name to (image, options of save, displayed pixels, mode).

PALETTE = np.random.default_rng(1).integers(0, 256, (256, 3), dtype=np.uint8)
INDEXED = Image.fromarray(GRAY)
INDEXED.putpalette(PALETTE.tobytes())
BITS = GRAY > 127
ALPHA = np.where(BITS, 255, 0).astype(np.uint8)
ON_WHITE = np.where(BITS[:, :, None], NOISE, 255).astype(np.uint8)
BITMAP = Image.fromarray(BITS)
GOOD = {
    "gray.png": (Image.fromarray(GRAY), {}, GRAY, "L"),
    "color.png": (Image.fromarray(NOISE), {}, NOISE, "RGB"),
    "palette.tif": (INDEXED, {}, PALETTE[GRAY], "P"),
    "palette-lzw.tif": (INDEXED, {"compression": "tiff_lzw"}, PALETTE[GRAY], "P"),
    "palette.png": (INDEXED, {}, PALETTE[GRAY], "P"),
    "palette.bmp": (INDEXED, {}, PALETTE[GRAY], "P"),
    "palette.gif": (INDEXED, {}, PALETTE[GRAY], "P"),
    "animated.gif": (
        INDEXED,
        {"save_all": True, "append_images": [Image.new("L", INDEXED.size, 7)]},
        PALETTE[GRAY],
        "P",
    ),
    "color.webp": (Image.fromarray(NOISE), {"lossless": True}, NOISE, "RGB"),
    "16-bit.png": (Image.fromarray(GRAY.astype(np.uint16) * 257), {}, GRAY, "I;16"),
    "16-bit.tif": (Image.fromarray(GRAY.astype(np.uint16) * 257), {}, GRAY, "I;16"),
    "alpha.png": (Image.fromarray(np.dstack([NOISE, ALPHA])), {}, ON_WHITE, "RGBA"),
    "alpha.webp": (
        Image.fromarray(np.dstack([NOISE, ALPHA])),
        {"lossless": True, "exact": True},
        ON_WHITE,
        "RGBA",
    ),
    "gray-alpha.png": (
        Image.fromarray(np.dstack([GRAY, ALPHA])),
        {},
        np.where(BITS, GRAY, 255).astype(np.uint8),
        "LA",
    ),
    "one-gray-transparent.png": (
        Image.fromarray(GRAY),
        {"transparency": 40},
        np.where(GRAY == 40, 255, GRAY).astype(np.uint8),
        "L",
    ),
    "one-color-transparent.png": (
        INDEXED,
        {"transparency": 40},
        np.where((GRAY == 40)[:, :, None], 255, PALETTE[GRAY]).astype(np.uint8),
        "P",
    ),
    "1-bit.png": (BITMAP, {}, ALPHA, "1"),
    "1-bit.tif": (BITMAP, {"compression": "group4"}, ALPHA, "1"),
    "UPPER.PNG": (Image.fromarray(GRAY), {}, GRAY, "L"),
    "UPPER.TIFF": (Image.fromarray(GRAY), {}, GRAY, "L"),
    "with spaces, commas and 'quotes'.png": (Image.fromarray(GRAY), {}, GRAY, "L"),
    "ärgerlich é 怒り 😠.png": (Image.fromarray(GRAY), {}, GRAY, "L"),
    f"{'n' * 246}.png": (Image.fromarray(GRAY), {}, GRAY, "L"),
    f"{'a' * 150}/{'b' * 150}/long.png": (Image.fromarray(GRAY), {}, GRAY, "L"),
}


@pytest.mark.parametrize("name", GOOD, ids=[name[:40] for name in GOOD])
def test_an_unusual_image_is_read_as_it_is_displayed(tmp_path, name):
    image, options, displayed, mode = GOOD[name]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    found = inspect_one(path)
    assert found[2:] == (64, 48, mode, "")
    assert found.sha256 == hash_pixels(displayed)
    assert found.sha256 == hash_pixels(np.asarray(read_image(path)))
    assert len(found.phash) == HASH_BYTES


def test_a_cmyk_jpeg_has_its_printed_colors(tmp_path):
    halves = Image.new("RGB", (64, 48), (255, 0, 0))
    halves.paste((0, 160, 90), (32, 0, 64, 48))
    halves.convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    pixels = np.asarray(read_image(tmp_path / "a.jpg"))
    assert np.abs(pixels.astype(int) - np.asarray(halves)).max() <= 12
    found = inspect_one(tmp_path / "a.jpg")
    assert found.sha256 == hash_pixels(pixels)
    assert found[2:] == (64, 48, "CMYK", "")


# EXIF orientation to the transform that makes the stored image upright.
ROTATIONS = {
    1: lambda stored: stored,
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: lambda stored: np.swapaxes(stored, 0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(np.swapaxes(stored, 0, 1), 2),
    8: np.rot90,
}
ROTATABLE = {
    "a.png": {},
    "a.webp": {"lossless": True},
    "a.tif": {},
    "lzw.tif": {"compression": "tiff_lzw"},
}


@pytest.mark.parametrize("orientation", ROTATIONS)
@pytest.mark.parametrize("name", ROTATABLE)
def test_a_rotated_image_is_hashed_and_measured_upright(tmp_path, name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(NOISE).save(tmp_path / name, exif=exif, **ROTATABLE[name])
    upright = ROTATIONS[orientation](NOISE)
    found = inspect_one(tmp_path / name)
    assert (found.height, found.width) == upright.shape[:2]
    assert found.sha256 == hash_pixels(upright)
    assert found.sha256 == hash_pixels(np.asarray(read_image(tmp_path / name)))


@pytest.mark.parametrize("orientation", ROTATIONS)
def test_a_rotated_jpeg_is_read_as_in_later_stages(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.zeros((48, 64), np.uint8)
    stored[:24, :32] = 255  # white in one corner
    for name, image in {"l.jpg": Image.fromarray(stored), "rgb.jpg": NOISE}.items():
        Image.fromarray(np.asarray(image)).save(tmp_path / name, exif=exif, quality=95)
        pixels = np.asarray(read_image(tmp_path / name))
        assert inspect_one(tmp_path / name).sha256 == hash_pixels(pixels)
    pixels = np.asarray(read_image(tmp_path / "l.jpg"))[:, :, 0]
    assert np.abs(pixels.astype(int) - ROTATIONS[orientation](stored)).max() <= 12


def test_a_gray_image_has_the_same_hash_in_any_format(tmp_path):
    gray = Image.fromarray(GRAY)
    gray.save(tmp_path / "gray.png")
    gray.convert("RGB").save(tmp_path / "color.png")
    gray.save(tmp_path / "gray.bmp")
    gray.convert("RGBA").save(tmp_path / "alpha.png")
    gray.save(tmp_path / "a.tif", compression="tiff_lzw")
    found = inspect_images([str(path) for path in sorted(tmp_path.iterdir())], 1)
    assert {finding.sha256 for finding in found} == {hash_pixels(GRAY)}
    assert [finding.mode for finding in found] == ["L", "RGBA", "RGB", "L", "L"]


@pytest.mark.parametrize(
    "exif", [b"garbage garbage", b"II*\0\xff\xff\xff\x7f", b"MM\0*\0\0\0\x08\0\x05"]
)
def test_an_image_with_damaged_metadata_is_usable(tmp_path, exif):
    save_noise(tmp_path / "a.jpg", exif=b"Exif\0\0" + exif)
    assert inspect_one(tmp_path / "a.jpg").reason == ""
