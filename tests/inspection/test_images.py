"""Every bad image is found with its reason, and every odd but good one is read as it is shown."""

import random
import struct
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from emotion.core.errors import UserError
from emotion.core.images import read_image
from emotion.inspection import images
from emotion.inspection.fingerprints import HASH_BYTES, hash_pixels
from emotion.inspection.images import inspect_chunk, inspect_images

pytestmark = pytest.mark.filterwarnings("error")

NOISE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
GRAY = NOISE[:, :, 0]


def save_noise(path, size=(64, 48), seed=0, **options):
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(values).save(path, **options)
    return str(path)


def inspect_one(path, min_size=1):
    (found,) = inspect_images([str(path)], min_size)
    return found


# Bad images.


def png_that_claims(path, width, height):
    """A few bytes that say they are an enormous image."""

    def chunk(kind, data):
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


@pytest.fixture
def zoo(tmp_path):
    """Path and reason by what is wrong with an image of at least 32 pixels."""
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "sound.webp").write_bytes(b"RIFF\xff\xff\0\0WAVEfmt ")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder.jpg").mkdir()
    for name in ("good.png", "broken.png", "cut.jpg"):
        save_noise(tmp_path / name)
    data = bytearray((tmp_path / "broken.png").read_bytes())
    data[60:90] = b"\xff" * 30
    (tmp_path / "broken.png").write_bytes(data)
    data = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    (tmp_path / "head.gif").write_bytes(b"GIF89a\x40")
    png_that_claims(tmp_path / "huge.png", 30_000, 30_000)
    png_that_claims(tmp_path / "large.png", 10_000, 9_000)
    save_noise(tmp_path / "small.png", (31, 400))
    save_noise(tmp_path / "just.png", (32, 40))
    save_noise(tmp_path / "photo.png", (300, 200))
    Image.new("L", (64, 64), 9).save(tmp_path / "blank.png")
    reasons = {
        "good.png": "",
        "gone.jpg": images.MISSING,
        "good.png/inside.png": images.MISSING,
        "text.jpg": images.NOT_AN_IMAGE,
        "sound.webp": images.NOT_AN_IMAGE,
        "empty.jpg": images.NOT_AN_IMAGE,
        "folder.jpg": images.UNREADABLE,
        "nul\0.jpg": images.UNREADABLE,
        "broken.png": images.UNREADABLE,
        "head.gif": images.UNREADABLE,
        "cut.jpg": images.TRUNCATED,
        "huge.png": images.BOMB,
        "large.png": images.BOMB,
        "small.png": images.TOO_SMALL,
        "just.png": "",
        "photo.png": "",
        "blank.png": images.BLANK,
    }
    return {name: (f"{tmp_path}/{name}", reason) for name, reason in reasons.items()}


def test_every_bad_image_has_its_reason_in_the_order_asked(zoo):
    found = inspect_images([path for path, _ in zoo.values()], min_size=32)
    reasons = dict(zip(zoo, [finding.reason for finding in found], strict=True))
    assert reasons == {name: reason for name, (_, reason) in zoo.items()}


def test_of_what_cannot_be_read_nothing_but_the_reason_is_told(zoo):
    path, reason = zoo["text.jpg"]
    assert inspect_one(path) == images.Finding("", b"", 0, 0, "", reason)


def test_what_passes_here_opens_in_later_stages_and_the_rest_is_refused_there(zoo):
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # pytest undoes it
    for path, reason in zoo.values():
        if reason in {"", images.TOO_SMALL, images.BLANK}:
            assert read_image(path).mode == "RGB"
        else:
            with pytest.raises(UserError):
                read_image(path)


CUTTABLE = {
    "a.jpg": {},
    "progressive.jpg": {"progressive": True},
    "a.png": {},
    "a.gif": {},
    "a.webp": {},
    "lossless.webp": {"lossless": True},
    "a.tif": {},
    "lzw.tif": {"compression": "tiff_lzw"},
    "deflate.tif": {"compression": "tiff_adobe_deflate"},
    "a.bmp": {},
}


@pytest.mark.parametrize("name", CUTTABLE)
@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
def test_an_image_cut_short_is_truncated(tmp_path, name, share):
    save_noise(tmp_path / name, **CUTTABLE[name])
    assert inspect_one(tmp_path / name).reason == ""
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(len(data) * share)])
    assert inspect_one(tmp_path / name).reason == images.TRUNCATED


@pytest.mark.parametrize("name", CUTTABLE)
def test_a_cut_anywhere_is_found_and_beyond_the_first_bytes_known_for_an_image(tmp_path, name):
    save_noise(tmp_path / name, **CUTTABLE[name])
    data = (tmp_path / name).read_bytes()
    paths = []
    for length in np.linspace(32, len(data) * 0.98, 40).astype(int):
        paths.append(str(tmp_path / f"{length}-{name}"))
        (tmp_path / f"{length}-{name}").write_bytes(data[:length])
    reasons = {finding.reason for finding in inspect_images(paths, 1)}
    assert reasons <= {images.TRUNCATED, images.UNREADABLE}


def test_a_large_file_cut_short_is_truncated(tmp_path):
    path = tmp_path / "photo.tif"
    save_noise(path, (400, 300), compression="tiff_lzw")
    data = path.read_bytes()
    assert len(data) > 1 << 17
    path.write_bytes(data[: len(data) // 2])
    assert inspect_one(path).reason == images.TRUNCATED


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("size", [(48, 64), (400, 300)])
def test_an_image_of_one_color_is_blank_in_any_mode(tmp_path, mode, size):
    Image.new(mode, size, 1).save(tmp_path / "a.tif")
    assert inspect_one(tmp_path / "a.tif").reason == images.BLANK


@pytest.mark.parametrize("at", [(0, 0), (47, 63), (20, 5)])
@pytest.mark.parametrize("values", [np.zeros((48, 64), np.uint8), np.zeros((48, 64, 3), np.uint8)])
def test_one_pixel_is_enough_not_to_be_blank(tmp_path, values, at):
    values = values.copy()
    values[(*at, 1) if values.ndim == 3 else at] = 1
    Image.fromarray(values).save(tmp_path / "a.png")
    assert inspect_one(tmp_path / "a.png").reason == ""


def test_one_color_that_is_not_gray_is_blank(tmp_path):
    Image.new("RGB", (48, 64), (200, 100, 50)).save(tmp_path / "a.png")
    assert inspect_one(tmp_path / "a.png").reason == images.BLANK


def test_a_wholly_transparent_image_is_blank(tmp_path):
    Image.fromarray(np.dstack([NOISE, np.zeros_like(GRAY)])).save(tmp_path / "a.png")
    assert inspect_one(tmp_path / "a.png").reason == images.BLANK


def test_the_short_side_decides_what_is_too_small(tmp_path):
    path = save_noise(tmp_path / "a.png", (64, 40))
    assert inspect_one(path, min_size=40).reason == ""
    assert inspect_one(path, min_size=41).reason == images.TOO_SMALL
    assert inspect_one(path, min_size=41)[2:4] == (64, 40)


def test_memory_that_runs_out_is_not_blamed_on_the_image(tmp_path, monkeypatch):
    def run_out(*_, **__):
        raise MemoryError

    monkeypatch.setattr(images.Image, "open", run_out)
    with pytest.raises(MemoryError):
        inspect_one(save_noise(tmp_path / "a.png"))


# Odd but good ones: (name, image, options of save, what is seen, mode).

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
def test_an_odd_image_is_read_as_it_is_shown(tmp_path, name):
    image, options, seen, mode = GOOD[name]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    found = inspect_one(path)
    assert found[2:] == (64, 48, mode, "")
    assert found.sha256 == hash_pixels(seen)
    assert found.sha256 == hash_pixels(np.asarray(read_image(path)))
    assert len(found.looks) == HASH_BYTES


def test_a_cmyk_jpeg_has_the_colors_it_prints(tmp_path):
    halves = Image.new("RGB", (64, 48), (255, 0, 0))
    halves.paste((0, 160, 90), (32, 0, 64, 48))
    halves.convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    seen = np.asarray(read_image(tmp_path / "a.jpg"))
    assert np.abs(seen.astype(int) - np.asarray(halves)).max() <= 12
    found = inspect_one(tmp_path / "a.jpg")
    assert found.sha256 == hash_pixels(seen)
    assert found[2:] == (64, 48, "CMYK", "")


# How the stored image has to be turned to stand upright, by EXIF number.
TURNS = {
    1: lambda stored: stored,
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: lambda stored: np.swapaxes(stored, 0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(np.swapaxes(stored, 0, 1), 2),
    8: np.rot90,
}
TURNABLE = {
    "a.png": {},
    "a.webp": {"lossless": True},
    "a.tif": {},
    "lzw.tif": {"compression": "tiff_lzw"},
}


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("name", TURNABLE)
def test_a_turned_image_is_hashed_and_measured_upright(tmp_path, name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(NOISE).save(tmp_path / name, exif=exif, **TURNABLE[name])
    upright = TURNS[orientation](NOISE)
    found = inspect_one(tmp_path / name)
    assert (found.height, found.width) == upright.shape[:2]
    assert found.sha256 == hash_pixels(upright)
    assert found.sha256 == hash_pixels(np.asarray(read_image(tmp_path / name)))


@pytest.mark.parametrize("orientation", TURNS)
def test_a_turned_jpeg_is_read_as_later_stages_read_it(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.zeros((48, 64), np.uint8)
    stored[:24, :32] = 255  # white in one corner
    for name, image in {"l.jpg": Image.fromarray(stored), "rgb.jpg": NOISE}.items():
        Image.fromarray(np.asarray(image)).save(tmp_path / name, exif=exif, quality=95)
        seen = np.asarray(read_image(tmp_path / name))
        assert inspect_one(tmp_path / name).sha256 == hash_pixels(seen)
    seen = np.asarray(read_image(tmp_path / "l.jpg"))[:, :, 0]
    assert np.abs(seen.astype(int) - TURNS[orientation](stored)).max() <= 12


def test_the_same_gray_image_has_one_hash_in_any_format(tmp_path):
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
def test_damaged_metadata_is_no_reason_to_turn_an_image_away(tmp_path, exif):
    save_noise(tmp_path / "a.jpg", exif=b"Exif\0\0" + exif)
    assert inspect_one(tmp_path / "a.jpg").reason == ""


# Many images.


def test_findings_do_not_depend_on_the_images_beside(zoo):
    paths = [path for path, _ in zoo.values()] * 4
    alone = {path: inspect_chunk([path], 32)[0] for path in paths}
    for seed in range(3):
        random.Random(seed).shuffle(paths)
        assert inspect_chunk(paths, 32) == [alone[path] for path in paths]


def test_findings_are_the_same_and_in_order_for_any_number_of_workers(zoo, tmp_path):
    paths = [path for path, _ in zoo.values()] * 40
    paths += [save_noise(tmp_path / f"{i}.png", (40 + i, 40), seed=i) for i in range(10)]
    random.Random(0).shuffle(paths)
    assert len(paths) > images._FEW > images._CHUNK
    alone = inspect_images(paths, 32, workers=1)
    assert alone == [inspect_chunk([path], 32)[0] for path in paths]
    assert inspect_images(paths, 32, workers=2) == alone
    assert inspect_images(paths, 32, workers=3) == alone


def test_no_images_have_no_findings():
    assert inspect_images([], 32, workers=2) == []


def test_workers_load_neither_torch_nor_pandas():
    code = (
        "import sys, emotion.inspection.images;"
        "sys.exit(str({'torch', 'pandas', 'scipy', 'matplotlib', 'tqdm'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.stderr.decode().strip() == "set()"
