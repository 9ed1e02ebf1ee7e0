"""Every image file is read as upright 8-bit RGB, or rejected by an error that names it."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from emotion.core.errors import UserError
from emotion.data.images import count_pixels, decode_image, list_images, read_image
from emotion.data.pixels import to_rgb
from tests.user_errors import user_error

RAMP = np.linspace(0, 255, 48 * 40).round().astype(np.uint8).reshape(40, 48)


def read_back(tmp_path, image, name="a.png", **options):
    image.save(tmp_path / name, **options)
    read = read_image(tmp_path / name)
    assert read.mode == "RGB"
    return np.asarray(read).astype(int)


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "RGBA", "LA"])
def test_eight_bit_modes_keep_their_values(tmp_path, mode):
    values = read_back(tmp_path, Image.fromarray(RAMP).convert(mode))
    np.testing.assert_array_equal(values, np.repeat(RAMP[:, :, None], 3, axis=2))


def test_a_16_bit_gray_png_is_scaled_not_clipped(tmp_path):
    values = read_back(tmp_path, Image.fromarray(RAMP.astype(np.uint16) * 257))
    assert np.abs(values[:, :, 0] - RAMP).max() <= 1


def test_transparent_pixels_become_white(tmp_path):
    half = np.zeros((40, 48, 4), dtype=np.uint8)
    half[:, 24:, 3] = 255  # black, but transparent on the left
    values = read_back(tmp_path, Image.fromarray(half, "RGBA"))
    assert (values[:, :24] == 255).all()
    assert (values[:, 24:] == 0).all()


def test_a_transparent_palette_color_becomes_white(tmp_path):
    palette = Image.new("P", (40, 40), 1)
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.paste(0, (0, 0, 40, 20))
    values = read_back(tmp_path, palette, transparency=0)
    assert values[[0, 39], 0].tolist() == [[255, 255, 255], [40, 50, 60]]


def test_cmyk_is_converted_to_the_printed_colors(tmp_path):
    red = Image.new("RGB", (40, 40), (255, 0, 0)).convert("CMYK")
    values = read_back(tmp_path, red, "a.jpg", quality=95)
    assert np.abs(values - [255, 0, 0]).max() <= 8


def test_exif_orientation_is_applied(tmp_path):
    image = Image.new("RGB", (60, 40))
    image.paste((255, 255, 255), (0, 0, 60, 20))  # white on top
    exif = Image.Exif()
    exif[0x0112] = 6  # taken sideways: to be shown rotated clockwise
    values = read_back(tmp_path, image, exif=exif)
    assert values.shape == (60, 40, 3)
    assert (values[:, 20:] == 255).all()  # the top is now on the right
    assert (values[:, :20] == 0).all()


def test_the_first_frame_of_an_animation_is_read(tmp_path):
    frames = [Image.new("L", (40, 40), gray) for gray in (50, 200)]
    values = read_back(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:])
    assert (values == 50).all()


def truncated(path):
    Image.effect_noise((64, 64), 90).save(path, "JPEG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    "write",
    {
        "missing": lambda _: None,
        "no image": lambda path: path.write_text("not an image"),
        "truncated": truncated,
        # Pillow would start Ghostscript.
        "EPS": lambda path: Image.new("RGB", (20, 20)).save(path, "EPS"),
        "a pipe": os.mkfifo,
        "a folder": os.mkdir,
    }.items(),
    ids=lambda item: item[0],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, write):
    write[1](tmp_path / "a.png")
    with user_error(file="a.png"):
        read_image(tmp_path / "a.png")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_image_with_too_many_pixels_is_not_decoded(tmp_path):
    Image.new("1", (10_000, 9_000)).save(tmp_path / "huge.png")
    with user_error("89,478,485", file="huge.png"):
        read_image(tmp_path / "huge.png")
    for limit in (0, 89_999_999):
        with user_error(f"{limit:,}", file="huge.png"):
            read_image(tmp_path / "huge.png", max_pixels=limit)


@pytest.mark.parametrize("suffix", ["avif", "bmp", "gif", "jfif", "jpe", "png", "tiff", "webp"])
def test_every_format_is_read_whatever_its_suffix(tmp_path, suffix):
    image = Image.fromarray(RAMP).convert("RGB")
    image.save(tmp_path / f"a.{suffix}")
    assert read_image(tmp_path / f"a.{suffix}").size == (48, 40)


def listed(folder):
    return sorted(path.relative_to(folder).as_posix() for path in list_images(folder))


def test_images_behind_links_are_listed_once_per_name(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/1.jfif").touch()
    root = tmp_path / "root"
    (root / "happy").mkdir(parents=True)
    (root / "happy/2.jpg").touch()
    (root / "sad").symlink_to(tmp_path / "elsewhere")
    (root / "happy/up").symlink_to(root)  # would be followed without end
    (root / "happy/self").symlink_to(root / "happy")
    (root / ".hidden").symlink_to(tmp_path / "elsewhere")
    assert listed(root) == ["happy/2.jpg", "sad/1.jfif"]


def test_links_that_lead_into_each_other_end(tmp_path):
    for ours, theirs in (("a", "b"), ("b", "a")):
        (tmp_path / ours).mkdir()
        (tmp_path / ours / "1.png").touch()
        (tmp_path / ours / "link").symlink_to(tmp_path / theirs)
    assert listed(tmp_path / "a") == ["1.png", "link/1.png"]


def test_what_cannot_be_read_is_listed_to_be_reported(tmp_path):
    (tmp_path / "happy").mkdir()
    for name in ("1.heic", "2.HEIF", "3.svg", "notes.txt", "4.cr2"):
        (tmp_path / "happy" / name).touch()
    (tmp_path / "sad").symlink_to(tmp_path / "nothing")
    assert listed(tmp_path) == ["happy/1.heic", "happy/2.HEIF", "happy/3.svg", "happy/4.cr2", "sad"]


def test_a_folder_that_cannot_be_listed_is_yielded(tmp_path, monkeypatch):
    (tmp_path / "secret").mkdir()
    scandir = os.scandir

    def refuse(folder):
        if str(folder).endswith("secret"):
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    assert listed(tmp_path) == ["secret"]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "La", "P", "PA", "F", "I;16", "RGB"])
def test_an_image_converted_in_strips_has_the_pixels_of_one_converted_at_once(monkeypatch, mode):
    rng = np.random.default_rng(0)
    if mode == "F":
        image = Image.fromarray(rng.random((37, 23), np.float32))
    elif mode == "I;16":
        image = Image.fromarray(rng.integers(0, 65536, (37, 23), np.uint16))
    else:
        image = Image.fromarray(rng.integers(0, 256, (37, 23, 4), np.uint8))
        image = image.convert("LA").convert(mode) if mode == "La" else image.convert(mode)
        if mode == "P":
            image.info["transparency"] = 7
    assert image.mode == mode
    whole = np.asarray(to_rgb(image))
    monkeypatch.setattr("emotion.data.pixels._STRIP", 50)  # two rows
    np.testing.assert_array_equal(np.asarray(to_rgb(image)), whole)


def test_pixels_are_counted_from_the_header_alone():
    file = io.BytesIO()
    Image.new("RGB", (300, 20)).save(file, "PNG")
    assert count_pixels(io.BytesIO(file.getvalue()[:60])) == 6000
    assert count_pixels(io.BytesIO(b"no image")) == count_pixels(io.BytesIO()) == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no image of a readable format"),
        (b"some text", "no image of a readable format"),
        (b"<!DOCTYPE html><p>404", "is an HTML page, not an image; a server"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            "Git LFS, not an image; `git lfs pull`",
        ),
        (b"PK\x03\x04" + bytes(60), "is a zip archive, not an image; unpack it"),
        (b"%PDF-1.7", "is a PDF document, not an image; convert"),
        (b"\x89PNG\r\n\x1a\n", "is a PNG image that is damaged"),
        (b"II*\0" + bytes(40), "is a TIFF image that is damaged or of a kind not read here"),
    ],
)
def test_what_is_no_image_is_named_by_its_content(tmp_path, content, words):
    (tmp_path / "a.png").write_bytes(content)
    for read in (read_image, lambda path: decode_image(io.BytesIO(path.read_bytes()), str(path))):
        with pytest.raises(UserError) as caught:
            read(tmp_path / "a.png")
        assert str(caught.value).startswith(f"{tmp_path / 'a.png'} ")
        assert words in str(caught.value)
