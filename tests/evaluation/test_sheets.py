"""Sheets show the first rows of their table, whatever the images and class names are."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emotion.data.image_sheet import COLORS, GAP, HEAD, RED, text_width
from emotion.evaluation import sheets
from emotion.evaluation.sheets import (
    COLUMNS,
    FONT,
    LINE,
    ROWS,
    SIDE,
    draw_label_noise,
    draw_mistakes,
)

STEP = SIDE + 2 * LINE + GAP  # from one row of images to the next


@pytest.fixture
def images(tmp_path):
    """Paths of one-colored images: the red of image i is 10 * i."""
    paths = [tmp_path / f"{index}.png" for index in range(25)]
    for index, path in enumerate(paths):
        Image.new("RGB", (40, 40), (10 * index, 0, 200)).save(path)
    return [str(path) for path in paths]


def mistakes_of(paths, label="sad", predicted="happy"):
    columns = {"path": paths, "label": label, "predicted": predicted}
    return pd.DataFrame({**columns, "confidence": 0.9, "label_probability": 0.05, "group": "g"})


def candidates_of(paths, splits):
    columns = {"split": splits, "path": paths, "label": "sad", "suggested": "happy"}
    return pd.DataFrame({**columns, "label_quality": 0.05, "confidence": 0.9})


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def cell(sheet, index):
    """The framed image at this position and its two lines of text."""
    left, top = GAP + index % COLUMNS * (SIDE + GAP), HEAD + index // COLUMNS * STEP
    return sheet[top : top + STEP - GAP, left : left + SIDE]


def hex_of(pixel):
    return "#" + "".join(f"{value:02x}" for value in pixel)


def test_the_first_24_mistakes_are_shown_in_order(tmp_path, images):
    draw_mistakes(tmp_path / "sheet.png", mistakes_of(images))
    sheet = pixels(tmp_path / "sheet.png")
    assert sheet.shape[:2] == (HEAD + ROWS * STEP + GAP, GAP + COLUMNS * (SIDE + GAP))
    centers = [tuple(cell(sheet, index)[SIDE // 2, SIDE // 2]) for index in range(24)]
    assert centers == [(10 * index, 0, 200) for index in range(24)]


def test_two_lines_of_text_stand_below_each_image(tmp_path, images):
    draw_mistakes(tmp_path / "sheet.png", mistakes_of(images[:2]))
    text = cell(pixels(tmp_path / "sheet.png"), 1)[SIDE:]
    first, second = text[:LINE], text[LINE:]
    assert (first.max(axis=2) < 60).any()  # black
    assert hex_of(second.reshape(-1, 3)[second.sum(axis=2).argmin()]) == RED


def test_probabilities_are_those_of_the_table():
    assert sheets._line("label", "sad", 0.054) == "label sad 0.05"
    assert sheets._line("predicted", "surprised", 1.0) == "predicted surprised 1.00"


@pytest.mark.parametrize("name", ["contemptuous or disdainful", "самодовольный и недовольный"])
def test_a_long_class_name_is_shortened_and_fits(name):
    line = sheets._line("suggested", name, 0.5)
    assert line.startswith(f"suggested {name[:5]}")
    assert line.endswith("... 0.50")
    assert SIDE - 15 < text_width(line, FONT) <= SIDE


@pytest.mark.parametrize("name", ["怒り", "غاضب", "a\nb", "x" * 500, "😀", " ", ""])
def test_class_names_of_any_script_are_drawn(tmp_path, images, name):
    draw_mistakes(tmp_path / "sheet.png", mistakes_of(images[:1], name, name))
    assert (cell(pixels(tmp_path / "sheet.png"), 0)[SIDE:] < 200).any()


def test_candidates_are_framed_in_the_color_of_their_split(tmp_path, images):
    splits = ["val", "test", "test", "other"]
    draw_label_noise(tmp_path / "sheet.png", candidates_of(images[:4], splits))
    sheet = pixels(tmp_path / "sheet.png")
    frames = [hex_of(cell(sheet, index)[0, 0]) for index in range(4)]
    assert frames == [COLORS["val"], COLORS["test"], COLORS["test"], COLORS[""]]
    legend = {hex_of(pixel) for pixel in sheet[:HEAD].reshape(-1, 3)}
    assert {COLORS["val"], COLORS["test"]} <= legend
    assert COLORS["train"] not in legend


def test_an_image_that_is_gone_is_gray_and_the_others_are_drawn(tmp_path, images):
    (tmp_path / "1.png").unlink()
    (tmp_path / "2.png").write_bytes(b"not an image")
    draw_mistakes(tmp_path / "sheet.png", mistakes_of(images[:4]))
    sheet = pixels(tmp_path / "sheet.png")
    centers = [tuple(cell(sheet, index)[SIDE // 2, SIDE // 2]) for index in range(4)]
    gray = (0xB0, 0xB0, 0xB0)
    assert centers == [(0, 0, 200), gray, gray, (30, 0, 200)]


def test_images_of_any_mode_and_shape_are_drawn(tmp_path):
    shapes = {"L": (1, 1), "I;16": (3, 500), "RGBA": (1500, 900), "P": (500, 3), "1": (64, 48)}
    paths = []
    for mode, size in shapes.items():
        paths.append(str(tmp_path / f"{len(paths)}.png"))
        Image.new(mode, size).save(paths[-1])
    draw_mistakes(tmp_path / "sheet.png", mistakes_of(paths))
    assert pixels(tmp_path / "sheet.png").shape[0] == HEAD + STEP + GAP


@pytest.mark.parametrize("draw", [draw_mistakes, draw_label_noise])
def test_an_empty_table_gives_a_sheet_that_says_so(tmp_path, draw):
    table = mistakes_of([]) if draw is draw_mistakes else candidates_of([], [])
    draw(tmp_path / "sheet.png", table)
    sheet = pixels(tmp_path / "sheet.png")
    assert sheet.shape[0] == HEAD + GAP
    assert (sheet < 100).any()
    assert sheets._title(table, "mistakes", "most confident first") == "no mistakes"


def test_the_title_counts_all_rows(images):
    title = sheets._title(mistakes_of(images * 100), "mistakes", "most confident first")
    assert title == "24 of 2,500 mistakes, most confident first"
    title = sheets._title(mistakes_of(images[:3]), "mistakes", "most confident first")
    assert title == "3 of 3 mistakes, most confident first"


def test_equal_tables_give_equal_bytes(tmp_path, images):
    for name in ("a.png", "b.png"):
        draw_mistakes(tmp_path / name, mistakes_of(images[:3]))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
