"""Unusual but valid images are read as they are displayed; every other one gets its reason."""

import random
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from emotion.core.errors import UserError
from emotion.data.images import read_image
from emotion.datasets import inspection
from emotion.datasets.image_hashes import HASH_BYTES, hash_pixels
from emotion.datasets.inspection import inspect_chunk, inspect_images
from tests.conftest import WARNINGS_ARE_ERRORS
from tests.data.conftest import UPRIGHT
from tests.datasets.conftest import png_that_claims

pytestmark = WARNINGS_ARE_ERRORS

NOISE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
GRAY = NOISE[:, :, 0]


def save_noise(path, size=(64, 48), seed=0, **options):
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(values).save(path, **options)
    return str(path)


def inspect_one(path, min_size=1):
    (found,) = inspect_images([str(path)], min_size)
    return found


# Valid images: name to (image, options of save, displayed pixels, mode).

PALETTE = np.random.default_rng(1).integers(0, 256, (256, 3), dtype=np.uint8)
INDEXED = Image.fromarray(GRAY)
INDEXED.putpalette(PALETTE.tobytes())
BITS = GRAY > 127
ALPHA = np.where(BITS, 255, 0).astype(np.uint8)
ON_WHITE = np.where(BITS[:, :, None], NOISE, 255).astype(np.uint8)
RGBA = Image.fromarray(np.dstack([NOISE, ALPHA]))
BITMAP = Image.fromarray(BITS)
DEEP = Image.fromarray(GRAY.astype(np.uint16) * 257)
INK = np.dstack([np.zeros_like(GRAY)] * 3 + [255 - GRAY])
LOSSLESS = {"lossless": True}
FRAMES = {"save_all": True, "append_images": [Image.new("L", INDEXED.size, 7)]}
TRANSPARENT = {"transparency": 40}
GRAY_ON_WHITE = np.where(BITS, GRAY, 255).astype(np.uint8)
WITHOUT_40 = np.where(GRAY == 40, 255, GRAY).astype(np.uint8)
COLORS_WITHOUT_40 = np.where((GRAY == 40)[:, :, None], 255, PALETTE[GRAY]).astype(np.uint8)
GOOD = {
    "gray.bmp": (Image.fromarray(GRAY), {}, GRAY, "L"),
    "gray-as-color.png": (Image.fromarray(GRAY).convert("RGB"), {}, GRAY, "RGB"),
    "gray-as-opaque.png": (Image.fromarray(GRAY).convert("RGBA"), {}, GRAY, "RGBA"),
    "color.png": (Image.fromarray(NOISE), {}, NOISE, "RGB"),
    "cmyk.tif": (Image.fromarray(INK, "CMYK"), {}, GRAY, "CMYK"),
    "color.webp": (Image.fromarray(NOISE), LOSSLESS, NOISE, "RGB"),
    "palette-lzw.tif": (INDEXED, {"compression": "tiff_lzw"}, PALETTE[GRAY], "P"),
    "animated.gif": (INDEXED, FRAMES, PALETTE[GRAY], "P"),
    "16-bit.png": (DEEP, {}, GRAY, "I;16"),
    "16-bit.tif": (DEEP, {}, GRAY, "I;16"),
    "alpha.png": (RGBA, {}, ON_WHITE, "RGBA"),
    "alpha.webp": (RGBA, LOSSLESS | {"exact": True}, ON_WHITE, "RGBA"),
    "gray-alpha.png": (Image.fromarray(np.dstack([GRAY, ALPHA])), {}, GRAY_ON_WHITE, "LA"),
    "one-gray-transparent.png": (Image.fromarray(GRAY), TRANSPARENT, WITHOUT_40, "L"),
    "one-color-transparent.png": (INDEXED, TRANSPARENT, COLORS_WITHOUT_40, "P"),
    "1-bit.png": (BITMAP, {}, ALPHA, "1"),
    "1-bit.tif": (BITMAP, {"compression": "group4"}, ALPHA, "1"),
    **{f"palette.{kind}": (INDEXED, {}, PALETTE[GRAY], "P") for kind in ("tif", "png", "gif")},
    "palette.bmp": (INDEXED, {}, PALETTE[GRAY], "P"),
    **dict.fromkeys(
        [
            *("gray.png", "UPPER.PNG", "UPPER.TIFF", "with spaces, commas and 'quotes'.png"),
            *("ärgerlich é 怒り 😠.png", f"{'n' * 246}.png", f"{'a' * 150}/{'b' * 150}/long.png"),
        ],
        (Image.fromarray(GRAY), {}, GRAY, "L"),
    ),
}


@pytest.mark.parametrize("name", GOOD, ids=[name[:40] for name in GOOD])
def test_an_unusual_image_is_read_as_it_is_displayed(tmp_path, name):
    image, options, displayed, mode = GOOD[name]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    found = inspect_one(path)
    assert found[2:] == (64, 48, mode, "", ())
    assert found.sha256 == hash_pixels(displayed)
    assert found.sha256 == hash_pixels(np.asarray(read_image(path)))
    assert len(found.phash) == HASH_BYTES


ROTATABLE = {
    "a.png": {},
    "a.webp": LOSSLESS,
    "a.tif": {},
    "lzw.tif": {"compression": "tiff_lzw"},
    "a.jpg": {"quality": 95},
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("name", ROTATABLE)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_rotated_image_is_hashed_and_measured_upright(tmp_path, mode, name, orientation):
    stored = np.zeros((48, 64, 3), np.uint8)
    stored[:24, :32] = 255  # white in one corner
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).convert(mode).save(tmp_path / name, exif=exif, **ROTATABLE[name])
    upright = UPRIGHT[orientation](stored)
    found = inspect_one(tmp_path / name)
    assert (found.height, found.width) == upright.shape[:2]
    pixels = np.asarray(read_image(tmp_path / name))
    assert found.sha256 == hash_pixels(pixels)
    assert np.abs(pixels.astype(int) - upright).max() <= 12 * (name == "a.jpg")


@pytest.mark.parametrize(
    "exif", [b"garbage garbage", b"II*\0\xff\xff\xff\x7f", b"MM\0*\0\0\0\x08\0\x05"]
)
def test_an_image_with_damaged_metadata_is_usable(tmp_path, exif):
    save_noise(tmp_path / "a.jpg", exif=b"Exif\0\0" + exif)
    assert inspect_one(tmp_path / "a.jpg").reason == ""


# Unusable images.


@pytest.fixture
def samples(tmp_path):
    """Map names to path and expected reason, for a minimum size of 32 pixels."""
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
        "missing.jpg": inspection.MISSING,
        "good.png/inside.png": inspection.MISSING,
        "text.jpg": inspection.NOT_AN_IMAGE,
        "sound.webp": inspection.NOT_AN_IMAGE,
        "empty.jpg": inspection.NOT_AN_IMAGE,
        "folder.jpg": inspection.UNREADABLE,
        "nul\0.jpg": inspection.UNREADABLE,
        "broken.png": inspection.UNREADABLE,
        "head.gif": inspection.UNREADABLE,
        "cut.jpg": inspection.TRUNCATED,
        "huge.png": inspection.BOMB,
        "large.png": inspection.BOMB,
        "small.png": inspection.TOO_SMALL,
        "just.png": "",
        "photo.png": "",
        "blank.png": inspection.BLANK,
    }
    return {name: (f"{tmp_path}/{name}", reason) for name, reason in reasons.items()}


def test_every_unusable_image_has_its_reason_in_the_order_of_the_paths(samples):
    found = inspect_images([path for path, _ in samples.values()], min_size=32)
    reasons = dict(zip(samples, [finding.reason for finding in found], strict=True))
    assert reasons == {name: reason for name, (_, reason) in samples.items()}


def test_the_finding_of_an_unreadable_file_has_only_the_reason(samples):
    path, reason = samples["text.jpg"]
    assert inspect_one(path) == inspection.Finding("", b"", 0, 0, "", reason)


def test_read_image_opens_decodable_images_and_raises_for_the_others(samples):
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # pytest restores the filters
    for path, reason in samples.values():
        if reason in {"", inspection.TOO_SMALL, inspection.BLANK}:
            assert read_image(path).mode == "RGB"
        else:
            with pytest.raises(UserError):
                read_image(path)


TRUNCATABLE = {
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


@pytest.mark.parametrize("name", TRUNCATABLE)
@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
def test_a_truncated_image_is_reported_as_truncated(tmp_path, name, share):
    save_noise(tmp_path / name, **TRUNCATABLE[name])
    assert inspect_one(tmp_path / name).reason == ""
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(len(data) * share)])
    assert inspect_one(tmp_path / name).reason == inspection.TRUNCATED


@pytest.mark.parametrize("name", TRUNCATABLE)
def test_truncation_at_any_length_is_found_and_never_called_not_an_image(tmp_path, name):
    save_noise(tmp_path / name, **TRUNCATABLE[name])
    data = (tmp_path / name).read_bytes()
    paths = []
    for length in np.linspace(32, len(data) * 0.98, 40).astype(int):
        paths.append(str(tmp_path / f"{length}-{name}"))
        (tmp_path / f"{length}-{name}").write_bytes(data[:length])
    reasons = {finding.reason for finding in inspect_images(paths, 1)}
    assert reasons <= {inspection.TRUNCATED, inspection.UNREADABLE}


def test_a_truncated_large_file_is_reported_as_truncated(tmp_path):
    path = tmp_path / "photo.tif"
    save_noise(path, (400, 300), compression="tiff_lzw")
    data = path.read_bytes()
    assert len(data) > 1 << 17
    path.write_bytes(data[: len(data) // 2])
    assert inspect_one(path).reason == inspection.TRUNCATED


RAMP = np.linspace(0, 1, 48 * 64).reshape(48, 64)


@pytest.mark.parametrize(
    "values",
    [
        *((RAMP * 255).astype(np.float32), (RAMP * 4095).astype(np.uint16)),
        *((RAMP * 255).astype(np.int32), np.full((48, 64), np.nan, np.float32)),
    ],
    ids=["float", "12 of 16 bits", "32 bits", "NaN"],
)
def test_values_without_a_certain_scale_are_rejected_as_prediction_refuses_them(tmp_path, values):
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert inspect_one(tmp_path / "a.tif").reason == inspection.UNKNOWN_RANGE
    with pytest.raises(UserError):
        read_image(tmp_path / "a.tif")


def test_floats_of_0_to_1_are_usable(tmp_path):
    Image.fromarray((GRAY / 255).astype(np.float32)).save(tmp_path / "a.tif")
    found = inspect_one(tmp_path / "a.tif")
    assert (found.reason, found.sha256) == ("", hash_pixels(GRAY))


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("size", [(48, 64), (400, 300)])
def test_an_image_of_one_color_is_blank_in_any_mode(tmp_path, mode, size):
    Image.new(mode, size, 1).save(tmp_path / "a.tif")
    assert inspect_one(tmp_path / "a.tif").reason == inspection.BLANK


@pytest.mark.parametrize("at", [(0, 0), (47, 63), (20, 5)])
@pytest.mark.parametrize("values", [np.zeros((48, 64), np.uint8), np.zeros((48, 64, 3), np.uint8)])
def test_an_image_with_one_different_pixel_is_not_blank(tmp_path, values, at):
    values = values.copy()
    values[(*at, 1) if values.ndim == 3 else at] = 1
    Image.fromarray(values).save(tmp_path / "a.png")
    assert inspect_one(tmp_path / "a.png").reason == ""


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (48, 64), (200, 100, 50)),
        Image.fromarray(np.dstack([NOISE, np.zeros_like(GRAY)])),  # fully transparent
    ],
)
def test_an_image_that_is_displayed_in_one_color_is_blank(tmp_path, image):
    image.save(tmp_path / "a.png")
    assert inspect_one(tmp_path / "a.png").reason == inspection.BLANK


def test_too_small_refers_to_the_short_side(tmp_path):
    path = save_noise(tmp_path / "a.png", (64, 40))
    assert inspect_one(path, min_size=40).reason == ""
    assert inspect_one(path, min_size=41).reason == inspection.TOO_SMALL
    assert inspect_one(path, min_size=41)[2:4] == (64, 40)


def test_a_memory_error_is_raised_and_not_reported_as_unreadable(tmp_path, monkeypatch):
    def run_out(*_, **__):
        raise MemoryError

    monkeypatch.setattr(inspection.Image, "open", run_out)
    with pytest.raises(MemoryError):
        inspect_one(save_noise(tmp_path / "a.png"))


# Many images.


@pytest.mark.slow
def test_findings_depend_on_neither_the_other_images_nor_the_workers(samples, tmp_path):
    paths = [path for path, _ in samples.values()] * 40
    paths += [save_noise(tmp_path / f"{i}.png", (40 + i, 40), seed=i) for i in range(10)]
    random.Random(0).shuffle(paths)
    assert len(paths) > inspection._FEW > inspection._CHUNK
    expected = inspect_images(paths, 32, workers=1)
    assert expected == [inspect_chunk([path], 32)[0] for path in paths]
    assert inspect_images(paths, 32, workers=2) == expected
    assert inspect_images(paths, 32, workers=3) == expected


def test_an_empty_list_of_images_gives_no_findings():
    assert inspect_images([], 32, workers=2) == []


def test_workers_load_neither_torch_nor_pandas():
    code = (
        "import sys, emotion.datasets.inspection;"
        "sys.exit(str({'torch', 'pandas', 'scipy', 'matplotlib', 'tqdm'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.stderr.decode().strip() == "set()"
