"""Sheets hold whole images, readable text in many scripts, and no trace of when they were made."""

import numpy as np
import pytest
from PIL import Image

from emotion.data import image_sheet


def drawn(text):
    sheet, pen = image_sheet.blank_sheet(1, 1, 200, 30)
    image_sheet.write(pen, (10, 10), text, "black", 12)
    return np.asarray(sheet)


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (2, 900), (3000, 2000)])
def test_an_image_of_any_size_becomes_a_framed_square(size):
    tile = np.asarray(image_sheet.framed(Image.new("RGB", size, "blue"), 50, "#ff0000"))
    assert tile.shape == (50, 50, 3)
    assert (tile[[0, -1]] == (255, 0, 0)).all()
    assert (tile[:, [0, -1]] == (255, 0, 0)).all()
    assert (tile[25, 25] != (255, 0, 0)).any()


def test_a_frame_shows_the_whole_image():
    image = Image.new("RGB", (100, 50), "blue")
    image.paste("lime", (0, 0, 20, 50))
    image.paste("black", (80, 0, 100, 50))
    tile = image_sheet.framed(image, 56, "red")
    row = [tile.getpixel((x, 28)) for x in (5, 28, 50)]
    assert row == [(0, 255, 0), (0, 0, 255), (0, 0, 0)]
    assert tile.getpixel((28, 6)) == (255, 255, 255)


@pytest.mark.parametrize("pair", ["ab", "öü", "жщ", "λω", "שם", "怒 "])
def test_letters_of_many_scripts_are_not_all_the_same_box(pair):
    assert not np.array_equal(drawn(pair[0]), drawn(pair[1]))


def test_the_width_is_that_of_the_drawn_text():
    for text in ("surprised 0.99", "сердитый 0.99"):
        ink = np.flatnonzero((drawn(text) < 128).any(axis=(0, 2)))
        assert image_sheet.text_width(text, 12) == pytest.approx(ink[-1] + 1 - 10, abs=2)


def test_the_legend_has_the_colors_of_the_frames():
    sheet, pen = image_sheet.blank_sheet(1, 1, 300, 30)
    image_sheet.write_legend(pen, sheet.width, ("train", "val", ""))
    found = {f"#{r:02x}{g:02x}{b:02x}" for r, g, b in np.asarray(sheet).reshape(-1, 3)}
    assert {image_sheet.COLORS[name] for name in ("train", "val", "")} <= found
    assert image_sheet.COLORS["test"] not in found


def test_a_sheet_is_saved_without_a_date(tmp_path):
    sheet, _ = image_sheet.blank_sheet(2, 3, 40, 50)
    image_sheet.save(tmp_path / "a" / "sheet.png", sheet)
    with Image.open(tmp_path / "a" / "sheet.png") as saved:
        assert saved.info == {}
        assert saved.size == sheet.size
