"""Every unusable image gets its reason, for any number of images and workers."""

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
from emotion.data.images import read_image
from emotion.datasets import inspection
from emotion.datasets.inspection import inspect_chunk, inspect_images

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


# Unusable images.


def png_that_claims(path, width, height):
    """Write a PNG of a few bytes whose header claims a huge image."""

    def chunk(kind, data):
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


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


def test_an_image_of_one_color_other_than_gray_is_blank(tmp_path):
    Image.new("RGB", (48, 64), (200, 100, 50)).save(tmp_path / "a.png")
    assert inspect_one(tmp_path / "a.png").reason == inspection.BLANK


def test_a_fully_transparent_image_is_blank(tmp_path):
    Image.fromarray(np.dstack([NOISE, np.zeros_like(GRAY)])).save(tmp_path / "a.png")
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


def test_findings_do_not_depend_on_the_other_images(samples):
    paths = [path for path, _ in samples.values()] * 4
    expected = {path: inspect_chunk([path], 32)[0] for path in paths}
    for seed in range(3):
        random.Random(seed).shuffle(paths)
        assert inspect_chunk(paths, 32) == [expected[path] for path in paths]


@pytest.mark.slow
def test_findings_are_equal_and_ordered_for_any_number_of_workers(samples, tmp_path):
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
